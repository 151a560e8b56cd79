// What goes in and out of a group member: to other members, to the manager, from clients.
// Rules of repeats and late arrival: docs/protocol.md, section 14.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "data_service/protocol/ledger.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

// -- between members ------------------------------------------------------------------------------

// A ledger in a message. Shared, never changed: a barrier to n members makes no n copies.
using LedgerSnapshot = std::shared_ptr<const Ledger>;

struct Barrier {
    View view;
    LedgerSnapshot ledger;
};
// `missing`: segments of this block that the ledger names and the member does not hold. It has not
// taken the ledger: offered these, it takes it from the barrier's repeat.
struct BarrierOk {
    Lsn lsn = 0;
    std::vector<SegmentId> missing = {};
};
// `contents`: the bytes of entry.carried, one after the other. Left empty by the machine: the
// component fills them in before sending, and stores them before receive() on arrival.
using Contents = std::vector<std::shared_ptr<const std::vector<std::byte>>>;
struct Replicate {
    Entry entry;
    Contents contents = {};
};
struct Replicated {
    Lsn lsn = 0;
};
struct Beacon {
    Time stamp = 0;
};
struct BeaconOk {
    Time stamp = 0;
};  // that of the beacon answered
struct SteppedDown {};
// Answered by Replicated. Tells a joiner all it has to know of its datum. `carried`: some small
// segments, each answered by SegmentStored; `contents` as of Replicate, but the component may leave
// out what it does not have any more.
struct Fill {
    View view;
    LedgerSnapshot ledger;
    GroupSettings settings = {};
    std::vector<CarriedSegment> carried = {};
    Contents contents = {};
};
// "I have this segment; store it." The bytes are pulled from the sender; answered by
// SegmentStored when they are there (or are garbage already).
struct OfferSegment {
    SegmentId segment;
    std::uint64_t bytes = 0;
};
struct SegmentStored {
    SegmentId segment;
};
struct Keep {
    Token floor = 0;
    std::vector<SegmentId> segments;
};

using PeerBody = std::variant<Barrier, BarrierOk, Replicate, Replicated, Beacon, BeaconOk,
                              SteppedDown, Fill, OfferSegment, SegmentStored, Keep>;

struct PeerMessage {
    GroupId group;
    Epoch epoch = 0;  // Keep carries 0: it is true in every epoch
    Member from;
    Member to;
    PeerBody body;
    Epoch began = 0;  // the sender's View::began

    Epoch tenure() const { return began != 0 ? began : epoch; }
};

// -- to the manager
// ---------------------------------------------------------------------------------

struct Activated {
    GroupId group;
    Epoch epoch = 0;
};
struct Full {
    GroupId group;
    Epoch epoch = 0;
    Member joiner;
};
// Asks for the views of all blocks of the datum, to send Keep to their members.
struct WhereAre {
    DataId datum;
};

using ManagerMessage = std::variant<Activated, Full, WhereAre>;

// -- from clients
// -------------------------------------------------------------------------------------

struct Acquire {
    bool shared = false;
    Duration waited = 0;
    Duration lease = 0;  // of the lock, in all its renewals; 0: Durations::lock
};
struct CancelAcquire {};  // rid: that of the Acquire
struct Renew {
    Token token = 0;
};
// `carried`: segments of block 0 that are stored here already and at no other member yet.
// `keep_lock`: commits, and the token goes on holding the lock.
struct Release {
    Token token = 0;
    std::vector<BlockChange> changes;
    std::vector<CarriedSegment> carried = {};
    bool keep_lock = false;
};
struct Abort {
    Token token = 0;
};
struct Unlock {
    Token token = 0;
};
struct AcquireRead {};
struct RenewPin {
    Version version = 0;
};
struct Unpin {
    Version version = 0;
};  // not answered
struct Stage {
    SegmentId segment;
    std::uint64_t bytes = 0;
};               // its bytes are stored here already
struct Look {};  // who holds the lock, who waits

using ClientBody = std::variant<Acquire, CancelAcquire, Renew, Release, Abort, Unlock, AcquireRead,
                                RenewPin, Unpin, Stage, Look>;

struct ClientRequest {
    GroupId group;
    ClientId client;
    std::uint64_t rid = 0;
    std::uint64_t ticket = 0;  // the component's; comes back with the answer
    ClientBody body;
};

// Positive answers.
struct Granted {
    Token token = 0;
    Version version = 0;
    std::vector<Extents> blocks;
};
struct Committed {
    Version version = 0;
};
struct SnapshotTaken {
    Version version = 0;
    std::vector<Extents> blocks;
};
struct Done {};
struct SharedHold {
    Token token = 0;
    ClientId client;
    Duration left = 0;
};
// `lease_left`, `left`: until the primary may break the lock; nothing to rely on.
struct Looked {
    Token holder = 0;  // 0: nobody
    ClientId holder_client;
    Duration lease_left = 0;
    std::vector<SharedHold> readers;
    std::size_t waiting = 0;
    Version newest = 0;
};
// Refusals.
struct LeaseLost {};  // the token is dead; final
// The release names a segment that is not staged, or not this token's. Nothing was done and the
// token still holds: stage it, then release again.
struct NotStaged {
    SegmentId segment;
};
// GroupSettings::write_once: there is this version already, and there will be no other. The token
// still holds.
struct AlreadyWritten {
    Version version = 0;
};
struct VersionGone {};  // retired: take a new snapshot
struct NotPrimary {
    View view;
};  // as far as known here
struct Gone {
    bool lost = false;
};  // lost, or freed

using AnswerBody = std::variant<Granted, Committed, SnapshotTaken, Done, LeaseLost, VersionGone,
                                NotPrimary, Gone, NotStaged, Looked, AlreadyWritten>;

struct Answer {
    std::uint64_t ticket = 0;
    AnswerBody body;
};

// -- what a step of a member decides
// --------------------------------------------------------------------

// Pull these bytes from that member, store them, then call segment_stored(). Ordered again from
// time to time until then: a repeat for bytes that are already on their way means nothing, one
// after a failure is the retry.
struct FetchOrder {
    SegmentId segment;
    std::uint64_t bytes = 0;
    Member source;
};

// What the disk of a durable copy has to tell after a restart. The segments are beside it.
struct SavedCopy {
    bool whole = false;  // false: no ledger (a joiner to be); good for nothing but its segments
    Epoch epoch = 0;
    Epoch synced = 0;
    Incarnation written_by = 0;
    Ledger ledger;
    Token floor = 0;
    std::vector<SegmentId> kept;
    friend bool operator==(const SavedCopy&, const SavedCopy&) = default;
};

struct Outputs {
    // Of a durable group: to be on disk, in place of what was saved before, ahead of everything
    // else in these outputs.
    std::optional<SavedCopy> save;
    std::vector<PeerMessage> to_members;
    std::vector<ManagerMessage> to_manager;
    std::vector<Answer> answers;
    std::vector<FetchOrder> fetch;
    std::vector<SegmentId> discard;  // garbage: the store may drop the bytes
    // The copy is gone, and its reservation and what was saved with it; `discard` names its
    // segments. The machine is still needed (see GroupMember).
    bool wiped = false;
};

}  // namespace juxta::data
