// One provider's copy of one block, as a machine: docs/protocol.md, sections 6 to 12.
//
// It decides who may be answered what, and which segments to keep; it never sees a byte. The
// component around it stores the bytes, carries the messages and owns the clock. Order of the
// calls is the order of the events; every call appends what is to be done to `out`.
//
//     provider core --- adopt, receive, ask, segment_stored, tick ---> GroupMember ---> Outputs
//
// Threading: none of its own; the component guards it.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "data_service/protocol/messages.h"

namespace juxta::data {

class GroupMember {
public:
    // An empty copy, reserved: it becomes a member when a view names it. `block_count`: blocks of
    // the whole datum (the home group's ledger speaks of all).
    static GroupMember reserved(GroupId group, Member self, std::uint32_t block_count,
                                const Durations& durations);

    // No copy at all: adopts a view only as its joiner.
    static GroupMember absent(GroupId group, Member self, std::uint32_t block_count,
                              const Durations& durations);

    void adopt(const View& view, Time now, Outputs& out);
    void receive(const PeerMessage& message, Time now, Outputs& out);
    void ask(const ClientRequest& request, Time now, Outputs& out);

    // The bytes of `segment` are in the store: staged by a client here, or fetched.
    void segment_stored(const SegmentId& segment, std::uint64_t bytes, Time now, Outputs& out);

    // The manager has recorded this activation (answer to Activated).
    void activation_recorded(Epoch epoch, Time now, Outputs& out);

    // The views of all blocks (answer to WhereAre), by block number.
    void others_are(const std::vector<View>& views, Time now, Outputs& out);

    // Timers: call each Durations::beacon() while needs_ticks().
    void tick(Time now, Outputs& out);

    // False for a copy that waits for nothing: a sole member without locks, pins, waiters or
    // old versions, or a backup.
    bool needs_ticks() const;

    const View& view() const;
    Epoch epoch() const;
    bool has_copy() const;       // counts in the beat (M2)
    bool is_primary() const;     // first of its view; may not serve yet
    bool is_serving(Time now) const;  // active and leased
    Version newest() const;      // of the committed ledger
    const Ledger& ledger() const;
    // Segments that this copy answers for.
    bool holds(const SegmentId& segment) const;
    // Whether bytes of this segment may still come to matter; false: refuse the upload.
    bool accepts(const SegmentId& segment) const;
};

}  // namespace juxta::data
