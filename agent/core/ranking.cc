#include "agent/core/ranking.h"

#include "agent/policy/registry.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/log/log.h"

namespace juxta::agent {

Ranking::Ranking(std::unique_ptr<Policy> shipped, Settings settings, Loader loader)
    : settings_(std::move(settings)), loader_(std::move(loader)) {
    state_.with([&](State& state) {
        state.in_use = settings_.name;
        state.shipped[settings_.name] = std::move(shipped);
    });
}

Ranking::Ranked Ranking::rank(const ScheduleRequest& request, std::vector<Candidate>& candidates) {
    std::shared_ptr<UntrustedPolicy> user;
    std::string user_name;
    Ranked ranked = state_.with([&](State& state) {
        if (request.policy.empty()) {
            user = state.user;
            user_name = state.user_name;
            state.ranked += 1;
            state.reservations.add_to(candidates, monotonic_now());
        }
        const std::string& name = request.policy.empty() ? state.in_use : request.policy;
        Ranked ranked{shipped_policy(state, name).rank(request, candidates), name};
        if (request.policy.empty() && !user && !ranked.order.empty()) {
            state.reservations.note(candidates.at(ranked.order.front()), monotonic_now());
        }
        return ranked;
    });
    ensure(ranked.order.size() == candidates.size(), "a policy ranks every candidate once");
    if (!user || candidates.empty()) return ranked;
    try {
        const auto until = UntrustedPolicy::Clock::now() + settings_.patience;
        Ranked theirs{user->rank(request, candidates, ranked.order, until), user_name};
        state_.with([&](State& state) {
            state.reservations.note(candidates.at(theirs.order.front()), monotonic_now());
        });
        return theirs;
    } catch (const std::exception& e) {
        disable(user, e.what());
        return ranked;
    }
}

// A peer above may know policies that this agent does not.
Policy& Ranking::shipped_policy(State& state, const std::string& name) const {
    auto& policy = state.shipped[name];
    if (!policy) {
        try {
            policy = make_policy(name, settings_.seed);
        } catch (const Error&) {
            state.shipped.erase(name);
            return *state.shipped.at(state.in_use);
        }
    }
    return *policy;
}

std::string Ranking::for_children() const {
    return state_.with([](const State& state) { return state.in_use; });
}

bool Ranking::needs_all() const {
    return state_.with([](const State& state) { return state.user != nullptr; });
}

void Ranking::use(const std::string& shipped) {
    auto policy = make_policy(shipped, settings_.seed);
    std::shared_ptr<UntrustedPolicy> before;  // ends after the lock
    state_.with([&](State& state) {
        auto& known = state.shipped[shipped];
        if (!known) known = std::move(policy);
        state.in_use = shipped;
        before.swap(state.user);
        state.user_name.clear();
        state.disabled.clear();
        state.ranked = 0;
    });
    log::info("calls are placed by policy {} from now on", shipped);
}

void Ranking::load(const std::string& name, const std::vector<std::byte>& object) {
    if (!loader_) {
        throw Error(ErrorCode::invalid_argument,
                    "policies are loaded by the master agent, which this is not");
    }
    std::shared_ptr<UntrustedPolicy> user;
    try {
        user = loader_(object);
    } catch (const Error& e) {
        throw Error(e.code(), "policy " + name + ": " + e.what() + "; nothing was changed");
    }
    state_.with([&](State& state) {
        user.swap(state.user);
        state.user_name = name;
        state.disabled.clear();
        state.ranked = 0;
    });
    log::info("calls are placed by the loaded policy {} from now on", name);
}

PolicyStatus Ranking::status() const {
    PolicyStatus status = state_.with([](const State& state) {
        PolicyStatus now;
        now.name = state.user ? state.user_name : state.in_use;
        now.loaded = state.user != nullptr;
        if (!state.disabled.empty()) now.disabled = state.user_name;
        now.why_disabled = state.disabled;
        now.ranked = state.ranked;
        return now;
    });
    for (const PolicyEntry& entry : policies()) status.shipped.emplace_back(entry.name);
    return status;
}

void Ranking::disable(const std::shared_ptr<UntrustedPolicy>& user, const std::string& why) {
    std::shared_ptr<UntrustedPolicy> ended;  // after the lock
    const std::string usual = state_.with([&](State& state) {
        // Replaced meanwhile, or disabled by another request.
        if (state.user != user) return std::string{};
        ended.swap(state.user);
        state.disabled = why;
        return state.in_use;
    });
    if (usual.empty()) return;
    const std::string name = status().disabled;
    log::error("policy {} is disabled: {}; calls are placed by {} until a policy is loaded again",
               name, why, usual);
}

}  // namespace juxta::agent
