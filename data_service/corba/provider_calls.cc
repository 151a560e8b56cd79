#include "data_service/corba/provider_calls.h"

#include "common/base/error.h"
#include "common/orb/error_bridge.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/provider_wire.h"

namespace juxta::data {

void CorbaProviderCalls::reserve(const ProviderContact& provider, const Reservation& wanted,
                                 unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    const Wire::Reservation wire = to_wire(wanted);
    orb::Deadline deadline(deadline_ms);
    orb::ask([&] { remote->reserve(wire); });
}

void CorbaProviderCalls::adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
                               unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    orb::Deadline deadline(deadline_ms);
    orb::ask([&] { remote->adopt(to_wire(views)); });
}

ProviderCalls::Seen CorbaProviderCalls::look_at(const ProviderContact& provider,
                                                unsigned deadline_ms) {
    switch (orb::look_at(provider.address, deadline_ms)) {
        case orb::Liveness::refused: return {Look::refused, 0};
        case orb::Liveness::silent: return {Look::silent, 0};
        case orb::Liveness::alive: break;
    }
    const Wire::Provider_var remote = references_.at(provider.address);
    try {
        orb::Deadline deadline(deadline_ms);
        return {Look::alive, orb::ask([&] { return remote->incarnation(); })};
    } catch (const Error&) {
        return {Look::silent, 0};  // somebody listens and does not answer: no proof of anything
    }
}

}  // namespace juxta::data
