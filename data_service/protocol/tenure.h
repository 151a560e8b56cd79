// What a primary owns. All of it dies with its tenure, which begins with one view and goes on in
// those that only add copies or drop dead ones (docs/protocol.md, sections 4 and 7). Plain state;
// the rules are in GroupMember.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "data_service/protocol/ledger.h"
#include "data_service/protocol/messages.h"

namespace juxta::data {

// The tail is the copy's own ledger; decisions are made on it. Snapshots and garbage collection
// read the committed one, which every member of the view has.
struct Replication {
    Ledger committed;
    std::deque<Entry> log;  // of the tail, after `committed`
    std::map<Member, Lsn> acked;
};

struct MemberLeases {
    std::map<Member, Time> trusted_until;
    Time asked_at = 0;
};

// Leaves when the committed ledger has reached `lsn` and the primary is leased.
struct HeldAnswer {
    Lsn lsn = 0;
    Answer answer;
};

struct Waiter {
    ClientId client;
    std::uint64_t rid = 0;
    std::uint64_t ticket = 0;  // of the last poll
    bool shared = false;
    Duration lease = 0;
    Time since = 0;
    Time seen = 0;
};

struct Locks {
    std::vector<Waiter> queue;  // who has waited longest is first
    std::map<Token, Time> held_until;
};

using PinKey = std::tuple<ClientId, std::uint64_t, Version>;  // client, request, version

struct Staging {
    std::set<Member> missing;  // who has not said yet that it has the segment
    std::vector<std::uint64_t> tickets;
    Time offered_at = 0;
};

struct JoinerProgress {
    std::optional<Time> ledger_sent_at;
    std::deque<Entry> log;    // after the ledger that was sent; what it has not acknowledged
    bool has_ledger = false;  // it took that ledger: entries suffice
    Time moved_at = 0;        // when it acknowledged more
    bool counted = false;     // J3: acknowledgements and leases need it from now on
    Lsn counted_at = 0;       // the tail then
    bool full = false;
    std::set<SegmentId> has;
    std::map<SegmentId, Time> offered_at;
};

struct GarbageRound {
    std::optional<Lsn> kept_lsn;  // the committed lsn that the last orders were made from
    Token floor = 0;
    std::vector<std::vector<SegmentId>> kept;  // by block
    int repeats_due = 0;
    Time next_at = 0;
    bool asked_where = false;
};

struct Tenure {
    bool active = false;
    // Who has not taken the ledger yet, and the segments that are offered to it for that.
    std::map<Member, std::set<SegmentId>> barrier;
    // P4: pins of versions up to this may still be on their way to this primary, until then.
    Version inherited = 0;
    Time retire_from = 0;
    Replication replication;
    MemberLeases leases;
    std::vector<HeldAnswer> outbox;
    Locks locks;
    std::map<PinKey, Time> pins;  // until
    std::map<SegmentId, Staging> staging;
    std::map<ClientId, Time> heard;  // clients that have a row
    JoinerProgress joiner;
    // Since when whoever joined in this tenure has followed it: what it said before is void.
    std::map<Member, Epoch> joined_at;
    GarbageRound garbage;
    // Leases lapse when nobody has asked for anything for a while, and are taken again on demand.
    Time awake_until = 0;
    bool resting = false;
};

}  // namespace juxta::data
