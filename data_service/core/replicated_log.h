// The log that the replicas of one cluster manager agree on, as the manager sees it (a port).
//
// What it decides: the order of the entries, and which replica leads. Not what an entry means:
// that is the Machine's. An entry that propose() returned for is on the disks of a majority and is
// never lost; entries are applied once each, in one order, at every replica.
//
// Threading: propose() and role() from any thread; start() and stop() from one. The Machine is
// called by one thread of the log, so it must neither wait for propose() nor call stop().
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace juxta::data {

class ReplicatedLog {
public:
    // What the entries mean to this replica. Called by one thread of the log, in order; never
    // throws. What it does must follow from the entries alone: no clock, no chance.
    class Machine {
    public:
        virtual ~Machine() = default;

        virtual void apply(std::string_view entry) = 0;
        virtual std::string snapshot() = 0;  // of all applied so far
        virtual void restore(std::string_view snapshot) = 0;

        // leads: everything that former leaders committed has been applied here before this call.
        virtual void role_changed(bool leads, const std::string& leader_address) = 0;
    };

    struct Role {
        bool leads = false;
        std::string leader;  // address of the replica that leads, empty: not known
        std::uint64_t term = 0;
    };

    virtual ~ReplicatedLog() = default;

    // Replays what is on disk into `machine`, which must outlive stop(), then takes part.
    virtual void start(Machine& machine) = 0;
    virtual void stop() = 0;

    // Returns once the entry is on disk at a majority and applied here. Throws Error: not_leader
    // (redirect: the leader's address if known; the entry is certainly not kept), unavailable (no
    // majority in time, or leadership lost meanwhile: whether it was kept is not known).
    virtual void propose(std::string entry, std::chrono::steady_clock::time_point deadline) = 0;

    virtual Role role() const = 0;
};

}  // namespace juxta::data
