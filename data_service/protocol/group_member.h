// One provider's copy of one block, as a machine: docs/protocol.md, sections 6 to 12.
//
// It decides who may be answered what, and which segments to keep; it never sees a byte. The
// component around it stores the bytes, carries the messages and owns the clock. Order of the
// calls is the order of the events; every call appends what is to be done to `out`.
//
//     provider core --- adopt, receive, ask, segment_stored, tick ---> GroupMember ---> Outputs
//
// The rules stand in files by idea: views and activation in group_member.cc, what a member does
// for its primary in member_duties.cc, leases, replication and joiners in primary_duties.cc,
// clients in client_operations.cc, garbage in garbage.cc.
//
// A durable copy is on disk before anybody is told of it: Outputs::save goes first, and the
// component calls segment_stored(), and ask() of a Stage or of a Release that carries segments,
// only when their bytes are there too. What is saved names the epoch, so that nothing of an older
// one is acknowledged after a restart, the epoch synced at, the whole ledger, and the garbage
// floor as it was at the time: a floor alone is no reason to write, the next view brings it again.
//
// Keep the object as long as the process lives, also after Outputs::wiped, until a view is freed
// or lost: it remembers the epoch, without which a late message of an old view could make this
// incarnation serve an old primary again.
//
// Threading: none of its own; the component guards it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "data_service/protocol/messages.h"
#include "data_service/protocol/segment_shelf.h"
#include "data_service/protocol/tenure.h"

namespace juxta::data {

class GroupMember {
public:
    // An empty copy, reserved: it becomes a member when a view names it. A durable one is to be
    // saved at once (saved()), or its loss is the loss of the datum.
    static GroupMember reserved(GroupId group, Member self, const GroupSettings& settings,
                                const Durations& durations);

    // No copy at all: adopts a view only as its joiner.
    static GroupMember absent(GroupId group, Member self, const GroupSettings& settings,
                              const Durations& durations);

    // A copy read from disk by a later incarnation than wrote it, with the segments found beside
    // it (sizes in bytes), all of them checked. It has forgotten what it promised.
    static GroupMember returned(GroupId group, Member self, const GroupSettings& settings,
                                const Durations& durations, SavedCopy saved,
                                std::map<SegmentId, std::uint64_t> segments, Time now);

    // View 1 comes activated from its allocation: nobody can have promised or acknowledged
    // anything before it, and all its members hold the same fresh ledger, so they are synced by
    // adopting it, and its primary serves at once.
    void adopt(const View& view, Time now, Outputs& out);

    // Messages for another incarnation or group are ignored.
    void receive(const PeerMessage& message, Time now, Outputs& out);

    // An answer carries the ticket of its request; an old duplicate gets none. An Acquire is
    // answered once granted; a poll of the same rid replaces the ticket of the one before. A group
    // other than the home group takes Stage only.
    void ask(const ClientRequest& request, Time now, Outputs& out);

    // Of the segments that a Release carries, and of those that came with a Replicate,
    // `out.discard` names what was not taken: the component has stored them before the call.

    // The bytes of `segment` are in the store: staged by a client here, or fetched. If nobody can
    // need them any more, they are in `out.discard`.
    void segment_stored(const SegmentId& segment, std::uint64_t bytes, Time now, Outputs& out);

    // The manager has recorded this activation (answer to Activated).
    void activation_recorded(Epoch epoch, Time now, Outputs& out);

    // The views of all blocks (answer to WhereAre), by block number.
    void others_are(const std::vector<View>& views, Time now, Outputs& out);

    // Timers: call each Durations::beacon() while needs_ticks().
    void tick(Time now, Outputs& out);

    // False for a copy that waits for nothing: a backup, or a primary without locks, pins,
    // waiters, old versions or a joiner. A primary with backups goes on for Durations::detection
    // after its last request, so that its leases are fresh when the next one comes. Any other call
    // may make it true.
    bool needs_ticks() const;

    const View& view() const { return view_; }

    // What the beat tells (M2). That of view(); one less while this copy is left out of a view
    // that is not activated, so that the manager sends it again once it is (V4).
    Epoch epoch() const;
    bool has_copy() const { return whole_; }                 // counts in the beat (M2)
    bool is_primary() const { return tenure_.has_value(); }  // may not serve yet
    // What its disk has to tell: in the component's offer to the manager, while it is older than
    // this incarnation (M10).
    Incarnation written_by() const { return written_by_; }
    SavedCopy saved() const;
    bool is_serving(Time now) const;  // active and leased; not so while it rests
    Version newest() const;           // of the committed ledger; a backup's guess may be higher
    const Ledger& ledger() const { return ledger_; }
    Epoch synced() const { return synced_; }  // whose primary's ledger this copy follows
    // Segments that this copy answers for.
    bool holds(const SegmentId& segment) const { return shelf_.has(segment); }
    const std::map<SegmentId, std::uint64_t>& segments() const { return shelf_.held(); }
    // Whether bytes of this segment may still come to matter; false: refuse the upload.
    bool accepts(const SegmentId& segment) const;

private:
    GroupMember(GroupId group, Member self, const GroupSettings& settings,
                const Durations& durations, bool whole);

    bool is_home() const { return group_.block == 0; }
    bool is_joiner() const { return view_.joiner == self_ && !view_.lost && !view_.freed; }
    bool takes_segments() const { return whole_ || is_joiner(); }
    bool belongs_here(const SegmentId& segment) const;
    void send(const Member& to, PeerBody body, Outputs& out) const;
    void wipe(Outputs& out);
    void take_view(const View& view, Time now, Outputs& out);
    void begin_joining();
    void go_on_in(const View& view, Time now, Outputs& out);
    void go_on_serving(const View& before, Time now, Outputs& out);
    void await_joiner();
    bool names_me_of_before(const View& view) const;
    void save_changes(Outputs& out);

    // -- becoming primary
    void leave_view(const std::optional<Member>& former_primary, Outputs& out);
    void begin_tenure(Time now, Outputs& out);
    void send_barrier(Outputs& out) const;
    bool may_activate(Time now) const;
    void try_to_activate(Time now, Outputs& out);
    void start_serving(Time now, Outputs& out);

    // -- as a member
    void receive_ledger(const PeerMessage& message, const View& view, const Ledger& ledger,
                        Time now, Outputs& out);
    std::vector<SegmentId> missing_of(const Ledger& ledger) const;
    void receive_entry(const PeerMessage& message, const Entry& entry, Outputs& out);
    void receive_beacon(const PeerMessage& message, Time stamp, Time now, Outputs& out);
    void receive_offer(const PeerMessage& message, const OfferSegment& offer, Outputs& out);
    void receive_answer(const PeerMessage& message, Time now, Outputs& out);
    void drop_untaken(const std::vector<CarriedSegment>& carried, Outputs& out) const;
    void use_keep(Token floor, const std::vector<SegmentId>& segments, Outputs& out);

    // -- as the primary
    std::vector<Member> needed() const;
    bool is_leased(Time now) const;
    void send_beacons(Time now, Outputs& out);
    void append(Entry entry, Outputs& out);
    void repeat_entries(Outputs& out) const;
    void acknowledged(const Member& from, Lsn lsn, Time now, Outputs& out);
    void barrier_answered(const Member& from, const BarrierOk& answer, Time now, Outputs& out);
    void stored_at(const Member& from, const SegmentId& segment, Time now, Outputs& out);
    void offer_staged(Time now, Outputs& out);
    void finish_staging(Outputs& out);
    void fill_joiner(Time now, Outputs& out);
    enum class Lacking { nothing, what_is_staged, much };
    Lacking offer_to_joiner(Time now, Outputs& out);
    void joiner_acknowledged(Lsn lsn, Time now, Outputs& out);
    void send_to_joiner(Entry entry, Outputs& out) const;
    void send_ledger_to_joiner(Time now, Outputs& out);
    void advance();
    void settle(Time now, Outputs& out);
    bool waits_for_nothing() const;
    void serve(Time now, Outputs& out);

    // -- for clients
    void serve_client(const ClientRequest& request, Time now, Outputs& out);
    void refuse(const ClientRequest& request, Outputs& out) const;
    void hold(const ClientRequest& request, AnswerBody body, Lsn lsn);
    AnswerBody grant_of(Token token) const;
    bool holds_lock(Token token) const;
    bool is_granted(Token token, ClientId client) const;
    Duration lease_of(Token token) const;
    void answer(const ClientRequest& request, const Acquire& acquire, Time now, Outputs& out);
    void answer(const ClientRequest& request, const CancelAcquire& cancel, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Renew& renew, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Release& release, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Abort& abort, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Unlock& unlock, Time now, Outputs& out);
    void answer(const ClientRequest& request, const AcquireRead& read, Time now, Outputs& out);
    void answer(const ClientRequest& request, const RenewPin& renew, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Unpin& unpin, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Stage& stage, Time now, Outputs& out);
    void answer(const ClientRequest& request, const Look& look, Time now, Outputs& out);
    bool answered_before(const ClientRequest& request);
    void end_hold(const ClientRequest& request, EntryKind kind, Token token, Time now,
                  Outputs& out);
    std::optional<SegmentId> unstaged(const Release& release) const;
    void serve_queue(Time now, Outputs& out);

    // -- time and garbage, at the coordinator
    void expire(Time now, Outputs& out);
    void end_hold(Token token, Outputs& out);  // nobody has asked for it to end
    void drop_old_versions(Time now, Outputs& out);
    void retire(Time now, Outputs& out);
    void forget_rows(Time now, Outputs& out);
    void decide_garbage(Time now, Outputs& out);
    void repeat_garbage(Time now);
    void tell_garbage(const std::vector<View>& views, Time now, Outputs& out);

    GroupId group_;
    Member self_;
    GroupSettings settings_;
    Durations durations_;

    // The copy.
    bool whole_;  // has a ledger: once named by a view, it may hold what was acknowledged
    Epoch synced_ = 0;
    Incarnation written_by_;  // the oldest that may have answered for what this copy is now (V6)
    Ledger ledger_;
    SegmentShelf shelf_;
    Time promises_unknown_until_ = 0;  // P2, from disk

    // As of the last save. The epoch synced at and the lsn tell the ledger (I4).
    struct Stamp {
        bool whole = false;
        Epoch epoch = 0;
        Epoch synced = 0;
        Incarnation written_by = 0;
        Lsn lsn = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    Stamp stamp() const { return {whole_, view_.epoch, synced_, written_by_, ledger_.lsn}; }
    Stamp saved_;

    // Membership.
    View view_;
    std::map<Member, Time> promised_until_;  // P2: nobody else acts as primary here before
    std::set<SegmentId> offered_;            // by this view's primary; their bytes are on the way

    std::optional<Tenure> tenure_;  // exactly while this copy is the first of its view
};

}  // namespace juxta::data
