// By which policy an agent ranks: one of the shipped ones, or a user's above it.
//
// Decides what is done with a user's policy that fails: it is disabled, with the reason, and the
// shipped one goes on, for that very request too. A failed one stays disabled until it or another
// one is loaded.
//
// Threading: any thread. A user's policy is asked without a lock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/reservations.h"
#include "agent/policy/loaded_policy.h"
#include "agent/policy/policy.h"
#include "common/base/guarded.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

class Ranking {
public:
    // Makes a policy from a shared object; throws Error invalid_argument.
    using Loader =
        std::function<std::shared_ptr<UntrustedPolicy>(const std::vector<std::byte>& object)>;

    struct Settings {
        std::string name;  // of `shipped`
        std::uint64_t seed = 1;
        std::chrono::milliseconds patience{500};  // with a user's policy, for one request
    };

    // `loader`: empty, if this agent loads none.
    Ranking(std::unique_ptr<Policy> shipped, Settings settings, Loader loader = {});

    struct Ranked {
        std::vector<std::size_t> order;
        std::string policy;  // that made it
    };
    // By the request's policy, if it names one; else by the one in use here, and then the first is
    // reserved: later requests see it in its queue. What was reserved before is added to
    // `candidates`.
    Ranked rank(const ScheduleRequest& request, std::vector<Candidate>& candidates);

    // What agents below rank by for this one, and whether they may cut.
    std::string for_children() const;
    bool needs_all() const;

    // Every agent below follows with the next request. Throws Error invalid_argument, and nothing
    // has changed then.
    void use(const std::string& shipped);
    void load(const std::string& name, const std::vector<std::byte>& object);

    PolicyStatus status() const;

private:
    struct State {
        std::map<std::string, std::unique_ptr<Policy>> shipped;  // as they are asked for
        std::string in_use;                                      // of them
        std::shared_ptr<UntrustedPolicy> user;  // above it; null: none, or disabled
        std::string user_name;
        std::string disabled;  // why `user_name` is
        std::uint64_t ranked = 0;
        Reservations reservations;
    };

    Policy& shipped_policy(State& state, const std::string& name) const;
    void disable(const std::shared_ptr<UntrustedPolicy>& user, const std::string& why);

    const Settings settings_;
    const Loader loader_;
    Guarded<State> state_;
};

}  // namespace juxta::agent
