// A provider: lends memory and disk, keeps copies of data groups, answers clients about them.
//
//     managers --- reserve, adopt ------------------------> Provider
//     members ---- deliver -------------------------------> Provider
//     clients ---- acquire ... release, stage, fetch -----> Provider
//     Provider --- ManagerLink, PeerLink, PieceReader ----> the others
//     Provider --- SegmentStore, DiskStore ---------------> memory, disk
//
// It decides nothing about versions, locks and views: its GroupMembers do. It gives them their
// events one at a time and carries out what they decide, in order; of a durable group only when
// the disk has what it has to have. It never gives up on its managers: without one it serves what
// is active, and registers again when one is back.
//
// Its copies are data of its own cluster, and of others for which it was asked: it belongs to, and
// beats to the managers of, each of them.
//
// Contracts of the operations: idl/provider.idl, with Error for Failure; sizes in bytes, times in
// microseconds. Error texts name the datum.
//
// Threading: any thread. Threads of its own between start() and stop(): a timer, a beat for each
// cluster, and a few that fetch and that speak to managers. No port is called under its lock.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "common/model/element.h"
#include "data_service/core/contact_book.h"
#include "data_service/core/provider_links.h"
#include "data_service/core/provider_state.h"
#include "data_service/core/reservation.h"
#include "data_service/core/segment_fetcher.h"
#include "data_service/store/segment_store.h"

namespace juxta::data {

class DiskStore;

struct ProviderSettings {
    ProviderContact self;
    Duration answer_wait = 2 * kSecond;  // then `unavailable`: the caller asks again
    Duration stage_wait = 20 * kSecond;  // the other members pull the bytes meanwhile
    Duration sweep_interval = 2 * kSecond;
    Duration garbage_age = 10 * kSecond;    // of segments that no group speaks of
    Duration scrub_interval = 1 * kSecond;  // from one segment on disk to the next
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
    // All outlive it; without a `disk` it takes no durable data. It takes the eviction listener of
    // the store and the answers of the peers.
    Provider(ProviderSettings settings, SegmentStore& store, ManagerLink& manager, PeerLink& peers,
             PieceReader& reader, ContactBook& contacts, DiskStore* disk = nullptr);
    ~Provider();

    // Reads what the disk has, then begins. `ended`: called once, when it was draining and nothing
    // needs it any more. `failed`: the disk does not keep what it is given; nothing of a durable
    // datum is answered from then on, and the process has to end. Throws Error out_of_space if
    // what is on disk does not fit into memory; stale_version if an incarnation that is not before
    // this one wrote it.
    void start(std::function<void()> ended, std::function<void(const std::string&)> failed = {});
    // Who waits gets `cancelled`; returns when no thread of its own runs.
    void stop();

    // -- for managers
    void reserve(const Reservation& wanted);
    void adopt(const std::vector<GroupView>& views);
    Incarnation incarnation() const { return settings_.self.self.incarnation; }

    // -- for members
    // Returns what was decided at once for who sends the first of them.
    std::vector<PeerMessage> deliver(const std::vector<PeerMessage>& messages);

    // -- for clients: the ledger
    // nullopt: still queued after `wait` (which is cut to a quarter of the lease).
    std::optional<Granted> acquire(const Caller& who, const DataId& datum, const Acquire& wanted,
                                   Duration wait);
    void cancel_acquire(const Caller& who, const DataId& datum);
    void renew(const Caller& who, const DataId& datum, Token token);
    // `carried`: segments of block 0, 64 KiB in all.
    Version release(const Caller& who, const DataId& datum, Token token,
                    std::vector<BlockChange> changes, std::vector<SmallContent> carried = {},
                    bool keep_lock = false);
    void abandon(const Caller& who, const DataId& datum, Token token);
    void unlock(const Caller& who, const DataId& datum, Token token);
    Looked look(const DataId& datum);
    SnapshotTaken acquire_read(const Caller& who, const DataId& datum);
    void renew_pin(const Caller& who, const DataId& datum, Version version);
    void unpin(const Caller& who, const DataId& datum, Version version);
    Duration lock_lease() const;
    Duration pin_lease() const;

    // -- for clients: bytes
    void upload(const SegmentId& segment, std::uint64_t bytes, std::uint64_t offset,
                std::span<const std::byte> content);
    void stage(const Caller& who, const SegmentId& segment, std::uint64_t bytes);
    // Returns their CRC32C, as idl/provider.idl says.
    std::uint32_t read(const SegmentId& segment, std::uint64_t offset, std::span<std::byte> into);
    std::vector<Movement> fetch(const DataId& datum, Version version,
                                const std::vector<SegmentWanted>& segments);
    void doubt(const SegmentId& segment);
    // Throws unless this is where `segment` may be made: not_primary, lease_expired.
    void admit(const SegmentId& segment) const;

    // -- for operators
    ElementStatus status() const;
    void drain();
    TransferCounters& counters() { return counters_; }

private:
    using State = ProviderState;

    // -- groups
    // One event for one group's machine, if the group is here.
    using Event = std::function<void(GroupMember&, Time, Outputs&)>;
    struct Beside {
        std::vector<SmallContent> segments = {};  // whose bytes came with the event
        std::shared_ptr<Replies> replies = {};
        bool waits = false;  // the caller has nothing to do before the answers of others come
    };
    void step(const GroupId& group, const Event& event) { step(group, event, Beside{}); }
    void step(const GroupId& group, const Event& event, Beside beside);
    // The locked part. False: nothing is to be carried out.
    bool decide(State& s, const GroupId& group, const Event& event, Beside& beside);
    void carry_out(std::size_t lane, bool waits);
    void perform(Carried& work, std::vector<Member>& posted);
    void fill_in_contents(std::vector<PeerMessage>& messages) const;
    void receive_all(const std::vector<PeerMessage>& messages,
                     const std::shared_ptr<Replies>& replies);
    std::vector<SmallContent> take_in(const PeerMessage& message);
    void begin_to_join(const PeerMessage& message, const Fill& fill);
    void check_reservation(const Reservation& wanted) const;
    void tell_manager(const ManagerMessage& message);
    void record_all(const std::string& cluster);
    void ask_where(const DataId& datum);
    void fetch_for_group(const FetchOrder& order);
    std::string owner_of(const GroupId& group) const;

    // -- the disk
    void restore();
    void check_incarnation(const std::vector<DiskCopy>& copies) const;
    bool restore_copy(DiskCopy& copy);
    bool load(const SegmentId& segment, std::uint64_t bytes);
    bool is_durable(const GroupId& group) const;
    // What has to go to disk with a step that says that a segment of a durable group is here; a
    // large one is there when this returns. Throws Error out_of_space.
    std::vector<SmallContent> to_disk(const SegmentId& segment);
    bool save(std::deque<Carried>& work);
    void disk_failed(const std::string& why);
    void run_scrub();
    void scrub(const SegmentId& segment);
    void mend(const SegmentId& segment);

    // -- clients
    AnswerBody ask(const Caller& who, const GroupId& group, const ClientBody& body, Duration wait,
                   std::vector<SmallContent> segments = {});
    std::optional<AnswerBody> try_to_ask(const Caller& who, const GroupId& group,
                                         const ClientBody& body, Duration wait,
                                         std::vector<SmallContent> segments = {});
    // Throws what the refusal means.
    AnswerBody accepted(const DataId& datum, AnswerBody body) const;
    [[noreturn]] void refuse_not_primary(const DataId& datum, const View& view) const;
    enum class May { yes, elsewhere, no_more };
    May may_be_made(const SegmentId& segment, View& view) const;
    [[noreturn]] void refuse_elsewhere(const DataId& datum, const View& view) const;

    // -- by itself
    void run_timer();
    void tick();
    void sweep(Time now);
    void drop_garbage(Time now);
    void tell_of_caches();

    // -- managers
    void begin_to_beat(const std::string& cluster);
    void run_beat(const std::string& cluster);
    void register_once(const std::string& cluster);
    void beat_once(const std::string& cluster);
    ProviderRoom room() const;

    // -- the cache
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
    DiskStore* const disk_;
    TransferCounters counters_;
    SegmentFetcher fetcher_;
    Guarded<State> state_;
    std::function<void()> ended_;
    std::function<void(const std::string&)> failed_;
    Crew fetch_crew_;
    Crew manager_crew_;
    std::thread timer_;
    std::thread scrub_;
    Guarded<std::map<std::string, std::thread>> beats_;
};

}  // namespace juxta::data
