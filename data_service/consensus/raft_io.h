// What libraft reads and writes: its disk half is libraft's own backend for libuv, its network half
// parcels of ours.
//
// It also keeps some things from libraft that would hurt it: a send that fails at once, a snapshot
// that arrives while one is taken or installed here, a snapshot made on its thread (that of the
// loop, which must go on beating while the Machine writes), and the objections of a follower to
// heartbeats that overtook the snapshot on its way there: each would begin that snapshot anew.
//
// Threading: all on the loop's thread, but construction and, before the loop runs, close().
#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "data_service/consensus/event_loop.h"
#include "data_service/consensus/libraft.h"
#include "data_service/consensus/raft_messages.h"

namespace juxta::data {

class RaftIo {
public:
    struct Ports {
        // Both return at once.
        std::function<void(raft_id, OutgoingParcel)> send;
        std::function<void(raft_id, OutgoingParcel)> send_bulk;
        // Asks for the Machine's snapshot of all applied so far; provide_snapshot() answers.
        std::function<void()> make_snapshot;
    };

    // Throws Error: the disk refuses.
    RaftIo(EventLoop& loop, const std::filesystem::path& folder, Ports ports);
    ~RaftIo();

    RaftIo(const RaftIo&) = delete;
    RaftIo& operator=(const RaftIo&) = delete;

    raft_io* get() { return &io_; }

    void receive(std::unique_ptr<ReceivedMessage> message);

    // The three of raft_fsm about taking a snapshot.
    void begin_snapshot(raft_buffer*& buffers, unsigned& count);
    void provide_snapshot(std::string snapshot);
    void end_snapshot();

    // For how long the disk has not taken what was given to it.
    std::chrono::milliseconds disk_delay() const;

private:
    using Clock = std::chrono::steady_clock;

    // Libraft's requests on their way through the backend.
    struct Append {
        RaftIo* io;
        raft_io_append request;
        raft_io_append* theirs;
        raft_io_append_cb done;
        Clock::time_point since;
    };
    struct Put {
        RaftIo* io;
        raft_io_snapshot_put request;
        raft_io_snapshot_put* theirs;
        raft_io_snapshot_put_cb done;
        unsigned trailing;
        const raft_snapshot* snapshot;
        bool is_taken;
    };
    struct Get {
        RaftIo* io;
        raft_io_snapshot_get request;
        raft_io_snapshot_get* theirs;
        raft_io_snapshot_get_cb done;
    };
    struct OnItsWay {
        unsigned number = 0;
        Clock::time_point until{};
    };
    struct Taken {
        std::array<raft_buffer, 2> buffers{};
        std::array<char, 16> frame{};
        std::string content;
    };

    static RaftIo* self(raft_io* io) { return static_cast<RaftIo*>(io->impl); }
    static RaftIo* owner(raft_io* base);

    void forward_disk_operations();
    void replace_network_operations();
    int send(raft_io_send* request, const raft_message* message, raft_io_send_cb done);
    int append(raft_io_append* request, const raft_entry entries[], unsigned count,
               raft_io_append_cb done);
    int put(unsigned trailing, raft_io_snapshot_put* request, const raft_snapshot* snapshot,
            raft_io_snapshot_put_cb done);
    int get_snapshot(raft_io_snapshot_get* request, raft_io_snapshot_get_cb done);
    int put_now(std::unique_ptr<Put> put);
    void close(raft_io_close_cb done);
    bool awaits_snapshot(raft_id replica) const;

    EventLoop& loop_;
    const Ports ports_;
    struct Base {
        raft_io io{};  // first: owner() counts on it
        RaftIo* owner = nullptr;
    } base_;
    raft_io io_{};
    raft_uv_transport no_transport_{};
    raft_io_recv_cb recv_ = nullptr;
    raft_io_tick_cb tick_ = nullptr;
    raft_io_close_cb closed_ = nullptr;
    bool closing_ = false;
    bool installing_ = false;
    std::optional<Taken> taken_;            // while a snapshot is taken here
    std::unique_ptr<Put> waits_for_taken_;  // until the Machine has written it
    std::unique_ptr<ReceivedMessage> held_back_;
    std::set<const Append*> appends_;
    unsigned snapshots_read_ = 0;  // from disk just now, to be sent
    unsigned snapshots_begun_ = 0;
    std::map<raft_id, OnItsWay> snapshots_sent_;
};

}  // namespace juxta::data
