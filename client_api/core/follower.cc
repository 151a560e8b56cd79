#include "client_api/core/follower.h"

namespace juxta::client {
namespace {

// How long a thread stays for a SeD that has no call of ours.
constexpr auto kIdle = std::chrono::seconds(2);

// A SeD that answers a poll at once, with nothing, must not be asked in a tight loop.
constexpr auto kBreather = std::chrono::milliseconds(20);

}  // namespace

Follower::Follower(SedLink& seds, unsigned poll_wait_ms, FollowerEvents events)
    : seds_(seds), poll_wait_ms_(poll_wait_ms), events_(std::move(events)) {}

Follower::~Follower() { stop(); }

void Follower::stop() {
    std::vector<std::thread> threads;
    state_.change([&](State& state) {
        state.stopping = true;
        threads.swap(state.retired);
        for (auto& [key, watch] : state.watches) threads.push_back(std::move(watch->thread));
        state.watches.clear();
    });
    for (std::thread& thread : threads) thread.join();
}

void Follower::add(const SedContact& sed, const RequestId& id) {
    std::vector<std::thread> retired;
    state_.change([&](State& state) {
        if (state.stopping) return;
        retired.swap(state.retired);
        auto& watch = state.watches[{sed.address, sed.incarnation}];
        if (!watch) {
            watch = std::make_shared<Watch>();
            watch->sed = sed;
            // Its first step waits for the lock held here.
            watch->thread = std::thread([this, watch] { loop(watch); });
        }
        watch->ids.insert(id);
    });
    for (std::thread& thread : retired) thread.join();
}

void Follower::loop(const std::shared_ptr<Watch>& watch) {
    for (;;) {
        const auto ids = state_.wait_until(
            std::chrono::steady_clock::now() + kIdle,
            [&](const State& state) { return state.stopping || !watch->ids.empty(); },
            [&](const State& state) {
                return state.stopping
                           ? std::vector<RequestId>{}
                           : std::vector<RequestId>(watch->ids.begin(), watch->ids.end());
            });
        if (!ids) {
            if (retire(watch)) return;
            continue;
        }
        if (ids->empty()) return;  // stopping
        poll(watch, *ids);
    }
}

bool Follower::retire(const std::shared_ptr<Watch>& watch) {
    return state_.with([&](State& state) {
        if (state.stopping) return true;  // stop() has taken the thread
        if (!watch->ids.empty()) return false;
        state.retired.push_back(std::move(watch->thread));
        state.watches.erase({watch->sed.address, watch->sed.incarnation});
        return true;
    });
}

void Follower::poll(const std::shared_ptr<Watch>& watch, const std::vector<RequestId>& ids) {
    const auto began = std::chrono::steady_clock::now();
    try {
        const auto results = ask(watch->sed, ids);
        settle(watch, results);
        if (results.empty() && std::chrono::steady_clock::now() - began < kBreather) {
            state_.wait_until(began + kBreather, [](const State& state) { return state.stopping; });
        }
    } catch (const Error& e) {
        if (e.code() == ErrorCode::not_found) {
            sort_out_unknown(watch, ids);
        } else {
            lose(watch, ids, e);
        }
    }
}

// A connection that broke says little (it may have been idle for long): the second attempt decides.
std::vector<CallResult> Follower::ask(const SedContact& sed, const std::vector<RequestId>& ids) {
    try {
        return seds_.wait(sed, ids, poll_wait_ms_);
    } catch (const Error& e) {
        if (e.code() != ErrorCode::peer_unreachable) throw;
    }
    return seds_.wait(sed, ids, 0);
}

void Follower::sort_out_unknown(const std::shared_ptr<Watch>& watch,
                                const std::vector<RequestId>& ids) {
    for (const RequestId& id : ids) {
        try {
            settle(watch, ask(watch->sed, {id}));
        } catch (const Error& e) {
            lose(watch, {id}, e);
        }
    }
}

void Follower::settle(const std::shared_ptr<Watch>& watch, const std::vector<CallResult>& results) {
    for (const CallResult& result : results) {
        if (result.finished() && take(watch, result.id)) events_.ended(result.id, result);
    }
}

void Follower::lose(const std::shared_ptr<Watch>& watch, const std::vector<RequestId>& ids,
                    const Error& why) {
    for (const RequestId& id : ids) {
        if (take(watch, id)) events_.lost(id, why);
    }
}

// True for whoever may tell of the call.
bool Follower::take(const std::shared_ptr<Watch>& watch, const RequestId& id) {
    return state_.with([&](State& state) { return !state.stopping && watch->ids.erase(id) == 1; });
}

}  // namespace juxta::client
