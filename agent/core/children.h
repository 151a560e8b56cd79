// The children of an agent, as leases.
//
// Decides who is a child: by joining, until it leaves, its lease ends without renewal, or a later
// incarnation takes its place. Decides whom to avoid: a child that failed to answer is not asked
// again until it renews, so that a stopped one costs its deadline once. Does not decide which
// services there are (ServiceIndex), and never uses the links that it keeps with the children.
//
// A machine: no clock, no thread. `expire` comes first wherever time matters.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/core/child_link.h"
#include "common/base/time.h"

namespace juxta::agent {

class Children {
public:
    explicit Children(Duration lease) : lease_(lease) {}

    // Replaces what was known under the name. True if the services on offer may be others now.
    // Throws stale_version if a later incarnation is a child already.
    bool join(const Child& newcomer, Time now);

    // Throws lease_expired if the child must join again, stale_version if a later incarnation
    // of it has joined.
    void renew(const std::string& name, Incarnation incarnation, Time now);

    // True if it was a child. Another incarnation than the joined one is ignored.
    bool leave(const std::string& name, Incarnation incarnation);

    // Forgets the children whose leases have ended. True if there was one.
    bool expire(Time now);

    // It did not answer: avoided until it renews or joins. True if it was not before.
    bool failed(const std::string& name, Incarnation incarnation);

    // False for a child that has gone.
    bool avoided(const std::string& name) const;

    // All of them, by name.
    std::vector<Child> all() const;

    bool empty() const { return members_.empty(); }

private:
    struct Member {
        Child child;
        Time lease_end = 0;
        bool avoided = false;
    };

    Duration lease_;
    std::map<std::string, Member> members_;
    Time next_end_ = 0;  // no lease ends before this
};

}  // namespace juxta::agent
