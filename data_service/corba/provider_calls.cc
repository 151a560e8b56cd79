#include "data_service/corba/provider_calls.h"

#include <chrono>
#include <thread>

#include "common/base/error.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/provider_wire.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {
namespace {

// While a process ends, its port goes on taking connections for some milliseconds.
constexpr std::chrono::milliseconds kFirstPause{1};
constexpr std::chrono::milliseconds kLongestPause{128};

}  // namespace

void CorbaProviderCalls::reserve(const ProviderContact& provider,
                                 const std::vector<Reservation>& wanted, unsigned deadline_ms) {
    const Wire::Provider_var remote = references_.at(provider.address);
    Wire::Reservations wire;
    orb::fill(wire, wanted, [](const Reservation& one) { return to_wire(one); });
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
    for (auto pause = kFirstPause;; pause *= 2) {
        switch (orb::look_at(provider.address, deadline_ms)) {
            case orb::Liveness::refused: return {Look::refused, 0};
            case orb::Liveness::silent: return {Look::silent, 0};
            case orb::Liveness::alive: break;
        }
        try {
            orb::Deadline deadline(deadline_ms);
            return {Look::alive, ask_repeatable([&] { return remote->incarnation(); })};
        } catch (const Error& e) {
            // It broke off: it ends, and its port will tell as soon as it has. Else somebody
            // listens and does not answer, which is no proof of anything.
            const bool may_end = e.code() == ErrorCode::peer_unreachable;
            if (!may_end || pause > kLongestPause) return {Look::silent, 0};
        }
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace juxta::data
