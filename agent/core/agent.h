// An agent: keeps its children, asks them about a request, ranks what they answer.
//
//     children --- join, renew, leave ---> Agent --- collect, find_request ---> children
//
// Decides whom to ask (who offers the service, is not excluded, has the wanted server name and
// answers at present), for how long, and in which order to hand on what came. What a candidate is
// worth is the policy's decision; who is a child, that of Children. The same at every level of the
// tree: an agent below is one child more.
//
// Children are asked at the same time, under one deadline. One that does not answer costs that
// deadline once: it is not asked again until it renews. Agents below get an eighth less time, so
// that their answer comes before the deadline of those above.
//
// Threading: any thread may call anything at any time; calls to children are made without a lock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/child_link.h"
#include "agent/core/children.h"
#include "agent/core/ranking.h"
#include "agent/core/service_index.h"
#include "common/base/crew.h"
#include "common/base/error.h"
#include "common/base/guarded.h"

namespace juxta::agent {

struct AgentSettings {
    std::string name;
    unsigned lease_ms = 3000;
    unsigned threads = 32;  // at most, for asking children
    Ranking::Settings ranking = {.name = "data_locality"};
    Ranking::Loader loader = {};  // of users' policies
};

// What came of asking.
struct Collection {
    std::vector<Candidate> candidates;  // best first
    std::vector<std::string> refusals;  // "s1: the queue is full": why others are not among them
    std::string policy;                 // that ranked them
};

class Agent {
public:
    // `connector` must outlive it; `policy` is the one that settings.ranking names.
    Agent(AgentSettings settings, Connector& connector, std::unique_ptr<Policy> policy);

    // Called, without a lock, after what the children offer has changed. With `wait`, because a
    // child has joined, it may wait a little for whoever must know: the child waits with it. Set
    // once, before the first child joins.
    void when_services_change(std::function<void(bool wait)> told) {
        services_changed_ = std::move(told);
    }

    // -- for children -----------------------------------------------------------------------------

    // Returns the lease in milliseconds. Throws stale_version, invalid_argument.
    unsigned join(const ChildInfo& newcomer);
    void renew(const std::string& name, Incarnation incarnation);  // lease_expired, stale_version
    void leave(const std::string& name, Incarnation incarnation);

    // -- for the agent above, or the master's own scheduling
    // -----------------------------------------

    // At most `limit` candidates, within `wait_ms`. Throws invalid_argument if the service's name
    // has several meanings here.
    Collection collect(const ScheduleRequest& request, std::uint32_t limit, unsigned wait_ms);

    // The same for the agent above: no_server, with the refusals, if that is all there is.
    std::vector<Candidate> offer(const ScheduleRequest& request, std::uint32_t limit,
                                 unsigned wait_ms);

    std::optional<SedContact> find_request(const RequestId& id, unsigned wait_ms);

    Ranking& ranking() { return ranking_; }

    // -- what is on offer -------------------------------------------------------------------------

    // Ordered by full name.
    std::vector<Profile> services();

    // Throws not_found (naming services with similar names), no_server (offered until recently),
    // invalid_argument (several meanings). A service that nobody offers is waited for until
    // `unknown_until`; one whose last server has just gone, for a second at least.
    Profile profile_of(const std::string& service, Crew::Deadline unknown_until);

private:
    struct State {
        explicit State(Duration lease) : children(lease) {}

        Children children;
        ServiceIndex index;
    };
    struct Round;

    bool expire(State& state);
    void tell_change(bool wait);
    std::vector<Child> to_be_asked(const ScheduleRequest& request, Collection& collection);
    Collection ask_all(std::vector<Child> children, const ScheduleRequest& request,
                       std::uint32_t limit, unsigned wait_ms);
    Collection ask_one(const Child& child, const ScheduleRequest& request, std::uint32_t limit,
                       unsigned wait_ms);
    void note_failure(const Child& child, const Error& error);

    const AgentSettings settings_;
    Connector& connector_;
    std::function<void(bool)> services_changed_;
    Ranking ranking_;
    Guarded<State> state_;
    Crew crew_;
};

}  // namespace juxta::agent
