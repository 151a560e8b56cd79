// The replicated log, on libraft: elections, replication and snapshots are the library's; this
// makes entries of proposals (many at once share an entry and a write), keeps the Machine out of
// the library's thread, and carries the library's messages over a port.
//
//     ClusterManager --- propose ---> RaftLog --- apply, snapshot, restore ---> Machine
//     RaftLog --- deliver ---> PeerTransport ... the peer's RaftLog::receive()
//
// What it decides: nothing but how; which entries count is the majority's decision. Every replica
// of `replicas` votes, from the first start on; the group's members never change.
//
// On disk, in `folder`: the log and snapshots in libraft's format (written with RWF_DSYNC: an entry
// counts when it is on disk), and `lock`, held while in use. A damaged log refuses to start.
//
// Threading: propose(), receive() and role() from any thread. One thread runs the library, one the
// Machine, and one per peer sends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data_service/core/replicated_log.h"

namespace juxta::data {

struct Replica {
    std::string name;
    std::string address;  // "host:port"
};

// How messages reach the other replicas.
class PeerTransport {
public:
    virtual ~PeerTransport() = default;

    // Returns once `message` (at most kLargestMessage bytes) has been handed to receive() there.
    // Throws Error otherwise; ends within about a second in any case. One thread a peer calls it.
    virtual void deliver(const Replica& to, std::string_view message) = 0;
};

constexpr std::size_t kLargestMessage = 320 << 10;  // far below the largest message of the ORB

struct RaftLogSettings {
    std::string group;               // whose log it is; messages of another group are refused
    std::filesystem::path folder{};  // of its own; made if missing
    std::string self{};              // a name of `replicas`
    std::vector<Replica> replicas{};
    unsigned election_ms = 300;
    unsigned heartbeat_ms = 60;
    // A snapshot is taken when the entries since the last one outgrow this and half of it. All
    // entries since the one before it are in memory.
    std::uint64_t snapshot_after_bytes = 512 << 10;
    // The most that is kept for followers that are a little behind; fewer beside a small snapshot,
    // which is as quickly sent.
    unsigned trailing_entries = 8192;
    // This replica cannot go on (its text says why) and takes part no longer; from a thread of the
    // log.
    std::function<void(const std::string&)> on_failure{};
};

class RaftLog final : public ReplicatedLog {
public:
    // `peers` must outlive it. Throws Error invalid_argument if the settings make no sense.
    RaftLog(RaftLogSettings settings, PeerTransport& peers);
    ~RaftLog() override;

    // Throws Error: unavailable if another process uses the folder or the disk refuses, internal if
    // what is in it is damaged, invalid_argument if it is the log of another group.
    void start(Machine& machine) override;
    void stop() override;

    // An entry has at most kLargestEntry bytes (Error invalid_argument).
    void propose(std::string entry, std::chrono::steady_clock::time_point deadline) override;
    Role role() const override;

    // From a peer's deliver(). Throws Error invalid_argument if it is not for this replica or from
    // none of the group, unavailable if it is not taken now.
    void receive(std::string_view message);

    static constexpr std::size_t kLargestEntry = 1 << 20;

private:
    class Core;

    std::unique_ptr<Core> core_;
};

}  // namespace juxta::data
