// libraft, its loop and what is around them: the inside of RaftLog.
//
// Threading: struct raft and what is named so below belong to the loop's thread; the Machine to
// machine_thread_, in order: entries, then who proposed them is told, then a change of role.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "common/base/unique_fd.h"
#include "data_service/consensus/event_loop.h"
#include "data_service/consensus/peer_sender.h"
#include "data_service/consensus/proposals.h"
#include "data_service/consensus/raft_io.h"
#include "data_service/consensus/raft_log.h"

namespace juxta::data {

class RaftLog::Core {
public:
    Core(RaftLogSettings settings, PeerTransport& transport);
    ~Core();

    void start(Machine& machine);
    void stop();
    void propose(std::string entry, std::chrono::steady_clock::time_point deadline);
    Role role() const;
    void receive(std::string_view message);

private:
    // What this replica is, as far as the loop's thread knows.
    struct Standing {
        bool leads = false;
        raft_id leader = 0;
        raft_term term = 0;
        friend bool operator==(const Standing&, const Standing&) = default;
    };
    struct KnownRole {
        Role role;
        std::uint64_t changes = 0;
    };
    struct Submission {
        struct raft_apply request;
        Core* core;
        Batch batch;
    };
    struct Barrier {
        struct raft_barrier request;
        Core* core;
        raft_term term;
    };

    void open();
    void make_senders();
    void bootstrap();
    void check_group() const;
    void close();
    [[noreturn]] void refuse_to_open(int result) const;
    std::string address_of(raft_id id) const;

    // -- the loop's thread
    static Core* self(raft_fsm* machine) { return static_cast<Core*>(machine->data); }
    void connect_machine();
    void entry_committed(const raft_buffer& buffer);
    int snapshot_arrived(const raft_buffer& buffer);
    void plan_snapshot();
    void observe();
    void find_out_whether_it_leads(raft_term term);
    void publish(const Standing& standing);
    void watch_disk();
    void pump();
    void submit(Batch batch);
    void submitted(Batch batch, int status);
    void take_in(raft_id from, Parcel parcel);

    // -- any thread
    void on_machine_thread(std::function<void()> task);
    void give_up(const std::string& why);
    Error not_leader() const;
    Error unavailable(const std::string& why) const;

    const RaftLogSettings settings_;
    PeerTransport& transport_;
    const std::uint64_t group_;
    const raft_id self_;
    ReplicaNames names_;
    std::map<raft_id, std::string> addresses_;

    Machine* machine_ = nullptr;
    UniqueFd lock_;
    std::atomic<bool> takes_part_{false};
    std::atomic<std::int64_t> disk_delay_ms_{0};
    std::atomic<std::size_t> arriving_bytes_{0};
    Guarded<KnownRole> role_;
    Guarded<std::map<raft_id, Assembler>> assemblers_;
    ProposalQueue queue_;
    std::map<raft_id, std::unique_ptr<PeerSender>> senders_;

    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<RaftIo> io_;
    raft raft_{};
    raft_fsm fsm_{};
    bool closing_ = false;
    Standing standing_;
    raft_term asked_in_ = 0;  // the term in which a barrier was asked for
    raft_term leads_in_ = 0;  // the term whose barrier has passed
    unsigned in_flight_ = 0;  // entries of ours that are not applied here yet
    std::uint64_t bytes_since_snapshot_ = 0;
    std::uint64_t snapshot_bytes_ = 0;
    std::chrono::steady_clock::time_point complained_at_{};

    Crew machine_thread_{1};
};

}  // namespace juxta::data
