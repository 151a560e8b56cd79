#include "data_service/corba/consensus_links.h"

#include "common/orb/error_bridge.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {
namespace {

constexpr unsigned kDeliveryMs = 1000;

}  // namespace

void CorbaPeerTransport::deliver(const Replica& to, std::string_view message) {
    const Wire::Consensus_var peer = references_.at(to.address);
    const auto length = static_cast<CORBA::ULong>(message.size());
    // Read only, in place.
    auto* const start = reinterpret_cast<CORBA::Octet*>(const_cast<char*>(message.data()));
    const Wire::Bytes bytes(length, length, start, 0);
    orb::Deadline deadline(kDeliveryMs);
    ask_repeatable([&] { peer->deliver(bytes); });
}

void ConsensusServant::deliver(const Wire::Bytes& message) {
    orb::answer([&] {
        log_.receive({reinterpret_cast<const char*>(message.get_buffer()), message.length()});
    });
}

}  // namespace juxta::data
