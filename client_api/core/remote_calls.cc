#include "client_api/core/remote_calls.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/base/error.h"

namespace juxta::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kPollWaitMs = 500;

constexpr auto kAgentPatience = std::chrono::seconds(10);
constexpr auto kRejoining = std::chrono::seconds(4);  // of SeDs, after their agent has restarted
constexpr auto kPause = std::chrono::milliseconds(100);

bool is_away(const Error& error) {
    return error.code() == ErrorCode::peer_unreachable ||
           error.code() == ErrorCode::deadline_exceeded || error.code() == ErrorCode::cancelled;
}

// The master agent, through its restarts.
class Asking {
public:
    explicit Asking(AgentLink& agent) : agent_(agent) {}

    // What `ask` returns; nullopt if the agent answers that it does not know.
    template <class Ask>
    auto operator()(Ask&& ask) -> std::optional<decltype(ask(std::declval<AgentLink&>()))> {
        std::optional<Clock::time_point> since;
        for (;;) {
            try {
                return ask(agent_);
            } catch (const Error& e) {
                if (e.code() == ErrorCode::not_found) return std::nullopt;
                if (!is_away(e)) throw;
                was_away_ = true;
                if (!since) since = Clock::now();
                if (Clock::now() - *since > kAgentPatience) throw;
            }
            std::this_thread::sleep_for(kPause);
        }
    }

    bool was_away() const { return was_away_; }

private:
    AgentLink& agent_;
    bool was_away_ = false;
};

SedContact locate(Asking& agent, const RequestId& id) {
    const auto began = Clock::now();
    for (;;) {
        const auto found =
            agent([&](AgentLink& link) { return link.find_request(id); }).value_or(std::nullopt);
        if (found) return *found;
        if (!agent.was_away() || Clock::now() - began > kRejoining) break;
        std::this_thread::sleep_for(kPause);
    }
    throw Error(ErrorCode::not_found,
                to_string(id) +
                    ": no server of this platform knows this request: it was never "
                    "accepted, its result was already taken, or its server restarted");
}

std::optional<CallResult> wait_at_sed(SedLink& seds, const SedContact& sed, const RequestId& id,
                                      Clock::time_point until) {
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

}  // namespace

std::optional<CallResult> wait_remote(AgentLink& agent, SedLink& seds, const RequestId& id,
                                      std::chrono::steady_clock::time_point until) {
    Asking asking(agent);
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        const auto wait_ms = static_cast<unsigned>(std::clamp<long long>(left, 0, kPollWaitMs));
        const auto began = Clock::now();
        auto answer = asking([&](AgentLink& link) { return link.wait_detached(id, wait_ms); });
        if (!answer) return wait_at_sed(seds, locate(asking, id), id, until);
        if (*answer) return std::move(*answer);
        if (left <= 0) return std::nullopt;
        std::this_thread::sleep_until(std::min(until, began + std::chrono::milliseconds(20)));
    }
}

void cancel_remote(AgentLink& agent, SedLink& seds, const RequestId& id) {
    Asking asking(agent);
    const auto told = asking([&](AgentLink& link) {
        link.cancel_detached(id);
        return true;
    });
    if (!told) seds.cancel(locate(asking, id), id);
}

}  // namespace juxta::client
