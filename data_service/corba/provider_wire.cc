#include "data_service/corba/provider_wire.h"

#include "common/base/error.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {

Wire::Reservation to_wire(const Reservation& wanted) {
    Wire::Reservation wire;
    wire.group = to_wire(wanted.group);
    wire.request = orb::to_wire(wanted.request);
    wire.spec = orb::to_wire(wanted.spec);
    wire.size_bytes = wanted.bytes;
    wire.hold_ms = static_cast<CORBA::ULong>(wanted.hold / kMillisecond);
    wire.owner = wanted.owner.c_str();
    return wire;
}

Reservation from_wire(const Wire::Reservation& wire) {
    Reservation wanted{from_wire(wire.group),       orb::from_wire(wire.request),
                       orb::from_wire(wire.spec),   wire.size_bytes,
                       wire.hold_ms * kMillisecond, wire.owner.in()};
    if (wanted.spec.block_count() > kMaxBlocks) {
        throw Error(ErrorCode::invalid_argument, "too many blocks");
    }
    return wanted;
}

}  // namespace juxta::data
