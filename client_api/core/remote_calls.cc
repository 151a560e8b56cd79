#include "client_api/core/remote_calls.h"

#include <algorithm>
#include <thread>

#include "common/base/error.h"

namespace juxta::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kPollWaitMs = 500;

SedContact locate(AgentLink& agent, const RequestId& id) {
    if (auto found = agent.find_request(id)) return *found;
    throw Error(ErrorCode::not_found,
                to_string(id) +
                    ": no server of this platform knows this request: it was never "
                    "accepted, its result was already taken, or its server restarted");
}

}  // namespace

std::optional<CallResult> wait_remote(AgentLink& agent, SedLink& seds, const RequestId& id,
                                      std::chrono::steady_clock::time_point until) {
    const SedContact sed = locate(agent, id);
    bool asked = false;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        if (asked && left <= 0) return std::nullopt;
        const auto wait_ms = static_cast<unsigned>(std::clamp<long long>(left, 0, kPollWaitMs));
        const auto began = Clock::now();
        for (CallResult& result : seds.wait(sed, {id}, wait_ms)) {
            if (result.id == id && result.finished()) return std::move(result);
        }
        asked = true;
        // Not in a tight loop, should the SeD answer at once.
        std::this_thread::sleep_until(std::min(until, began + std::chrono::milliseconds(20)));
    }
}

void cancel_remote(AgentLink& agent, SedLink& seds, const RequestId& id) {
    seds.cancel(locate(agent, id), id);
}

}  // namespace juxta::client
