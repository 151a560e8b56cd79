// Keeps a child, a SeD or a local agent, joined to its parent agent for as long as it lives.
//
//     agent::CorbaParentLink parent(node, "127.0.0.1:2809");
//     agent::Membership membership(parent, [&] { return describe_myself(); });
//     ...
//     membership.changed();   // the services are others now: the parent learns it soon
//
// It decides when to join, to renew and to join again: at once when the parent has forgotten the
// child (LEASE_EXPIRED, a restarted parent), when the description has changed, and in short
// intervals while the parent is out of reach. It does not decide what the description says.
//
// Threading: one thread of its own calls the link and `describe`, never two calls at once. All
// methods may be called from any thread; none but `settle` and the destructor waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "agent/core/child_info.h"
#include "common/base/guarded.h"

namespace juxta::agent {

// The parent, as a child sees it. Every method ends within a short deadline of its own and throws
// Error: peer_unreachable or deadline_exceeded, and what its comment names.
class ParentLink {
public:
    virtual ~ParentLink() = default;

    // Returns the lease in milliseconds. Repeats are harmless. stale_version: a later incarnation
    // of this name has joined.
    virtual unsigned join(const ChildInfo& self) = 0;

    // lease_expired: the parent does not know the child (any more); join again.
    virtual void renew(const std::string& name, Incarnation incarnation) = 0;

    virtual void leave(const std::string& name, Incarnation incarnation) = 0;
};

struct MembershipIntervals {
    unsigned renew_ms = 500;  // between renewals
    unsigned retry_ms = 100;  // between attempts while the parent cannot be reached
};

class Membership {
public:
    // `parent` must outlive it, and so must what `describe` uses. Starts joining at once.
    Membership(ParentLink& parent, std::function<ChildInfo()> describe,
               MembershipIntervals intervals = {});

    ~Membership();  // leaves, if leave() was not called

    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

    // The description may be another now: compares it soon and joins again if it is.
    void changed();

    // Leaves the parent, if joined, and ends the thread. Takes at most the deadlines of two calls
    // of the link. Afterwards every method returns at once and does nothing. Once, by the owner.
    void leave();

    // Waits until the parent knows the description as it was when this was called, or for
    // `milliseconds`. True if the parent knows it.
    bool settle(unsigned milliseconds);

    // Whether the parent answered the last join or renewal.
    bool joined() const;

private:
    struct State {
        bool stopping = false;
        bool joined = false;
        std::uint64_t asked = 1;  // counts calls of changed() and settle(), and the first join
        std::uint64_t told = 0;   // the value of `asked` that the parent's knowledge covers
    };

    void keep_joined();
    bool tell(const ChildInfo& self);
    void join(const ChildInfo& self);
    void note(bool joined, const std::string& why);

    ParentLink& parent_;
    std::function<ChildInfo()> describe_;
    MembershipIntervals intervals_;
    Guarded<State> state_;
    // What the parent was last told; of the thread alone. An empty name: nothing.
    ChildInfo told_;
    std::thread thread_;
};

}  // namespace juxta::agent
