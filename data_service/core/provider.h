// A provider: lends memory, keeps copies of data groups, answers clients about them.
//
//     managers --- reserve, adopt ------------------------> Provider
//     members ---- deliver -------------------------------> Provider
//     clients ---- acquire ... release, stage, fetch -----> Provider
//     Provider --- ManagerLink, PeerLink, PieceReader ----> the others
//
// It decides nothing about versions, locks and views: its GroupMembers do. It gives them their
// events one at a time and carries out what they decide, in order. It never gives up on its
// manager: without one it serves what is active, and registers again when one is back.
//
// Contracts of the operations: idl/provider.idl, with Error for Failure; sizes in bytes, times in
// microseconds. Error texts name the datum.
//
// Threading: any thread. Threads of its own between start() and stop(): a timer, the beat, and a
// few that fetch and that speak to managers. No port is called under its lock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "common/model/element.h"
#include "data_service/core/contact_book.h"
#include "data_service/core/provider_links.h"
#include "data_service/core/provider_state.h"
#include "data_service/core/segment_fetcher.h"
#include "data_service/store/segment_store.h"

namespace juxta::data {

struct ProviderSettings {
    ProviderContact self;
    Duration answer_wait = 2 * kSecond;  // then `unavailable`: the caller asks again
    Duration stage_wait = 20 * kSecond;  // the other members pull the bytes meanwhile
    Duration sweep_interval = 2 * kSecond;
    Duration garbage_age = 10 * kSecond;  // of segments that no group speaks of
};

// Who asks, and under which number.
struct Caller {
    ClientId client;
    std::uint64_t rid = 0;
};

// Counted where bytes cross a socket or a descriptor is handed out.
struct TransferCounters {
    std::atomic<std::uint64_t> bytes_in{0};
    std::atomic<std::uint64_t> bytes_out{0};
    std::atomic<std::uint64_t> bytes_mapped{0};
};

class Provider {
public:
    // All outlive it. It takes the eviction listener of the store.
    Provider(ProviderSettings settings, SegmentStore& store, ManagerLink& manager, PeerLink& peers,
             PieceReader& reader, ContactBook& contacts);
    ~Provider();

    // `ended`: called once, when it was draining and nothing needs it any more.
    void start(std::function<void()> ended);
    // Who waits gets `cancelled`; returns when no thread of its own runs.
    void stop();

    // -- for managers
    void reserve(const GroupId& group, std::uint64_t bytes, std::uint32_t block_count,
                 Duration hold);
    void adopt(const std::vector<GroupView>& views);
    Incarnation incarnation() const { return settings_.self.self.incarnation; }

    // -- for members
    void deliver(const std::vector<PeerMessage>& messages);

    // -- for clients: the ledger
    // nullopt: still queued after `wait` (which is cut to a quarter of the lease).
    std::optional<Granted> acquire(const Caller& who, const DataId& datum, bool shared,
                                   Duration waited, Duration wait);
    void cancel_acquire(const Caller& who, const DataId& datum);
    void renew(const Caller& who, const DataId& datum, Token token);
    Version release(const Caller& who, const DataId& datum, Token token,
                    std::vector<BlockChange> changes);
    void abandon(const Caller& who, const DataId& datum, Token token);
    void unlock(const Caller& who, const DataId& datum, Token token);
    SnapshotTaken acquire_read(const Caller& who, const DataId& datum);
    void renew_pin(const Caller& who, const DataId& datum, Version version);
    void unpin(const Caller& who, const DataId& datum, Version version);
    Duration lock_lease() const;
    Duration pin_lease() const;

    // -- for clients: bytes
    void upload(const SegmentId& segment, std::uint64_t bytes, std::uint64_t offset,
                std::span<const std::byte> content);
    void stage(const Caller& who, const SegmentId& segment, std::uint64_t bytes);
    void read(const SegmentId& segment, std::uint64_t offset, std::span<std::byte> into);
    std::vector<Movement> fetch(const DataId& datum, Version version,
                                const std::vector<SegmentWanted>& segments);
    // Throws unless this is where `segment` may be made: not_primary, lease_expired.
    void admit(const SegmentId& segment) const;

    // -- for operators
    ElementStatus status() const;
    void drain();
    TransferCounters& counters() { return counters_; }

private:
    using State = ProviderState;

    // One event for one group's machine, if the group is here; then what it decided.
    using Event = std::function<void(GroupMember&, Time, Outputs&)>;
    void step(const GroupId& group, const Event& event);
    void carry_out();
    void perform(Carried& work);
    void send_chore(const ManagerMessage& message, const GroupId& group);
    void do_chore(const ManagerMessage& message);
    void fetch_for_group(const FetchOrder& order);

    AnswerBody ask(const Caller& who, const GroupId& group, const ClientBody& body, Duration wait);
    std::optional<AnswerBody> try_to_ask(const Caller& who, const GroupId& group,
                                         const ClientBody& body, Duration wait);
    // Throws what the refusal means.
    AnswerBody accepted(const DataId& datum, AnswerBody body) const;
    [[noreturn]] void refuse_not_primary(const DataId& datum, const View& view) const;

    void run_timer();
    void tick();
    void sweep(Time now);
    void drop_garbage(Time now);
    void tell_of_caches();
    void run_beat();
    bool register_once();
    void beat_once();

    // `fresh`: something came for it just now. The directory then hears of it before whoever asked
    // for it goes on, so that the next call is placed where the data are.
    void note_cached(const DataId& datum, Version version,
                     const std::vector<SegmentWanted>& segments, bool fresh);
    void evicted(const std::vector<SegmentId>& segments);
    void tell_cached(const CachedVersions::Held& version, bool held);
    void tell_cached_now(const CachedVersions::Held& version, bool held);
    void drop_cached(const DataId& datum);

    const ProviderSettings settings_;
    SegmentStore& store_;
    ManagerLink& manager_;
    PeerLink& peers_;
    ContactBook& contacts_;
    TransferCounters counters_;
    SegmentFetcher fetcher_;
    Guarded<State> state_;
    std::function<void()> ended_;
    Crew fetch_crew_;
    Crew manager_crew_;
    std::thread timer_;
    std::thread beat_;
};

}  // namespace juxta::data
