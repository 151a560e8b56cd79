#include "data_service/corba/provider_calls.h"

#include "common/base/error.h"
#include "common/orb/error_bridge.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/provider_wire.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {

void CorbaProviderCalls::reserve(const ProviderContact& provider, const Reservation& wanted,
                                 unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    const Wire::Reservation wire = to_wire(wanted);
    orb::Deadline deadline(deadline_ms);
    ask_repeatable([&] { remote->reserve(wire); });
}

void CorbaProviderCalls::adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
                               unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    orb::Deadline deadline(deadline_ms);
    ask_repeatable([&] { remote->adopt(to_wire(views)); });
}

ProviderCalls::Seen CorbaProviderCalls::look_at(const ProviderContact& provider,
                                                unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    for (const bool again : {false, true}) {
        switch (orb::look_at(provider.address, deadline_ms)) {
            case orb::Liveness::refused: return {Look::refused, 0};
            case orb::Liveness::silent: return {Look::silent, 0};
            case orb::Liveness::alive: break;
        }
        try {
            orb::Deadline deadline(deadline_ms);
            return {Look::alive, ask_repeatable([&] { return remote->incarnation(); })};
        } catch (const Error& e) {
            // It ended amid the question: its port tells now. Else somebody listens and does not
            // answer, which is no proof of anything.
            if (again || e.code() != ErrorCode::peer_unreachable) break;
        }
    }
    return {Look::silent, 0};
}

}  // namespace juxta::data
