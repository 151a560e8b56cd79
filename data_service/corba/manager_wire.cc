#include "data_service/corba/manager_wire.h"

#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {

Wire::DatumInfo to_wire(const DatumInfo& info) {
    Wire::DatumInfo wire;
    wire.id = orb::to_wire(info.id);
    wire.spec = orb::to_wire(info.spec);
    wire.size_bytes = info.bytes;
    wire.owner = info.owner.c_str();
    wire.newest = info.newest;
    wire.lost = info.lost;
    wire.silent = info.silent;
    wire.blocks_in_order.length(static_cast<CORBA::ULong>(info.blocks.size()));
    for (CORBA::ULong i = 0; i < wire.blocks_in_order.length(); ++i) {
        wire.blocks_in_order[i].number = i;
        wire.blocks_in_order[i].installed = to_wire(info.blocks[i]);
    }
    orb::fill(wire.contacts, info.contacts, [](const ProviderContact& c) { return to_wire(c); });
    orb::fill(wire.caches, info.caches, [](const DatumLocation::Copy& copy) {
        Wire::LocatedCopy located;
        located.provider_name = copy.provider.c_str();
        located.where = orb::to_wire(copy.place);
        located.cached = copy.cached;
        return located;
    });
    return wire;
}

DatumInfo from_wire(const Wire::DatumInfo& wire) {
    DatumInfo info;
    info.id = orb::from_wire(wire.id);
    info.spec = orb::from_wire(wire.spec);
    info.bytes = wire.size_bytes;
    info.owner = wire.owner.in();
    info.newest = wire.newest;
    info.lost = wire.lost;
    info.silent = wire.silent;
    info.blocks = orb::collect(wire.blocks_in_order,
                               [](const Wire::Block& block) { return from_wire(block.installed); });
    info.contacts = orb::collect(
        wire.contacts, [](const Wire::ProviderContact& contact) { return from_wire(contact); });
    info.caches = orb::collect(wire.caches, [](const Wire::LocatedCopy& copy) {
        return DatumLocation::Copy{copy.provider_name.in(), orb::from_wire(copy.where),
                                   copy.cached};
    });
    return info;
}

}  // namespace juxta::data
