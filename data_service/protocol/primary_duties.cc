// What a primary does for its view: leases, replication, staging, the joiner.
#include <algorithm>

#include "data_service/protocol/group_member.h"

namespace juxta::data {
namespace {

constexpr std::size_t kFillWindow = 32;         // segments on their way to a joiner at a time
constexpr std::size_t kMostBehind = 4096;       // entries; a ledger is less than more of them
constexpr std::size_t kNearly = 16;             // entries that a joiner may lack when it is counted
constexpr std::uint64_t kCarriedBytes = 65536;  // with a ledger

}  // namespace

// L4: whose acknowledgement and lease an answer needs.
std::vector<Member> GroupMember::needed() const {
    std::vector<Member> others;
    for (const Member& member : view_.members) {
        if (member != self_) others.push_back(member);
    }
    if (tenure_->joiner.counted) others.push_back(*view_.joiner);
    return others;
}

// L2.
bool GroupMember::is_leased(Time now) const {
    const auto& until = tenure_->leases.trusted_until;
    return std::ranges::all_of(needed(), [&](const Member& member) {
        const auto lease = until.find(member);
        return lease != until.end() && lease->second > now;
    });
}

// To a joiner that has the ledger as well, so that counting it stalls nothing.
void GroupMember::send_beacons(Time now, Outputs& out) {
    tenure_->leases.asked_at = now;
    for (const Member& member : view_.members) {
        if (member != self_) send(member, Beacon{now}, out);
    }
    if (tenure_->joiner.has_ledger) send(*view_.joiner, Beacon{now}, out);
}

void GroupMember::receive_answer(const PeerMessage& message, Time now, Outputs& out) {
    if (!tenure_ || message.tenure() != view_.tenure()) return;  // R4
    const Member& from = message.from;
    const auto joined = tenure_->joined_at.find(from);
    if (joined != tenure_->joined_at.end() && message.epoch < joined->second) return;
    if (const auto* barrier = std::get_if<BarrierOk>(&message.body)) {
        barrier_answered(from, *barrier, now, out);
    } else if (const auto* replicated = std::get_if<Replicated>(&message.body)) {
        acknowledged(from, replicated->lsn, now, out);
    } else if (const auto* beacon = std::get_if<BeaconOk>(&message.body)) {
        Time& until = tenure_->leases.trusted_until[from];
        until = std::max(until, beacon->stamp + trusted(durations_.primary_lease));
    } else if (const auto* stored = std::get_if<SegmentStored>(&message.body)) {
        stored_at(from, stored->segment, now, out);
    }
}

// Done with `from` once it has taken the ledger; until then it is given what it lacks for that.
void GroupMember::barrier_answered(const Member& from, const BarrierOk& answer, Time now,
                                   Outputs& out) {
    const auto waiting = tenure_->barrier.find(from);
    if (waiting == tenure_->barrier.end()) return;
    if (answer.missing.empty()) {
        tenure_->barrier.erase(waiting);
        return try_to_activate(now, out);
    }
    waiting->second = {answer.missing.begin(), answer.missing.end()};
    for (const SegmentId& segment : answer.missing) {
        const auto held = shelf_.held().find(segment);
        if (held == shelf_.held().end()) continue;
        send(from, OfferSegment{segment, held->second}, out);
    }
}

// R1.
void GroupMember::append(Entry entry, Outputs& out) {
    entry.lsn = ledger_.lsn + 1;
    apply(ledger_, entry);
    for (const Member& member : view_.members) {
        if (member != self_) send(member, Replicate{entry}, out);
    }
    if (tenure_->joiner.ledger_sent_at) {
        if (tenure_->joiner.has_ledger) send_to_joiner(entry, out);
        tenure_->joiner.log.push_back(entry);
    }
    tenure_->replication.log.push_back(std::move(entry));
    advance();
}

void GroupMember::repeat_entries(Outputs& out) const {
    const Replication& replication = tenure_->replication;
    for (const Member& member : view_.members) {
        if (member == self_) continue;
        const auto acked = replication.acked.find(member);
        const Lsn has = acked == replication.acked.end() ? 0 : acked->second;
        for (const Entry& entry : replication.log) {
            if (entry.lsn > has) send(member, Replicate{entry}, out);
        }
    }
    if (!tenure_->joiner.has_ledger) return;
    for (const Entry& entry : tenure_->joiner.log) send_to_joiner(entry, out);
}

// What its entries carried may be gone already: then nobody needs it.
void GroupMember::send_to_joiner(Entry entry, Outputs& out) const {
    std::erase_if(entry.carried, [&](const auto& one) { return !shelf_.has(one.segment); });
    send(*view_.joiner, Replicate{std::move(entry)}, out);
}

void GroupMember::acknowledged(const Member& from, Lsn lsn, Time now, Outputs& out) {
    Replication& replication = tenure_->replication;
    replication.acked[from] = std::max(replication.acked[from], lsn);
    if (tenure_->active && view_.joiner == from) joiner_acknowledged(lsn, now, out);
}

// Entries suffice once what it lacks is all in its log. Segments that came with them it has.
void GroupMember::joiner_acknowledged(Lsn lsn, Time now, Outputs& out) {
    JoinerProgress& joiner = tenure_->joiner;
    while (!joiner.log.empty() && joiner.log.front().lsn <= lsn) {
        for (const CarriedSegment& one : joiner.log.front().carried) joiner.has.insert(one.segment);
        joiner.log.pop_front();
        joiner.moved_at = now;
    }
    const bool follows = joiner.ledger_sent_at && lsn + joiner.log.size() >= ledger_.lsn;
    if (follows && !joiner.has_ledger) {
        joiner.has_ledger = true;
        joiner.moved_at = now;
        for (const Entry& entry : joiner.log) send_to_joiner(entry, out);
        send(*view_.joiner, Beacon{now}, out);  // so that counting it stalls nothing
    }
    fill_joiner(now, out);
}

// R3.
void GroupMember::advance() {
    Replication& replication = tenure_->replication;
    Lsn everywhere = ledger_.lsn;
    for (const Member& member : needed()) {
        everywhere = std::min(everywhere, replication.acked[member]);
    }
    while (replication.committed.lsn < everywhere) {
        apply(replication.committed, replication.log.front());
        replication.log.pop_front();
    }
}

// L3: answers leave when what they depend on cannot be forgotten, and under the lease.
void GroupMember::settle(Time now, Outputs& out) {
    if (!tenure_ || !tenure_->active) return;
    advance();
    if (tenure_->outbox.empty()) return;
    if (!is_leased(now)) {
        if (now - tenure_->leases.asked_at >= durations_.beacon() / 4) send_beacons(now, out);
        return;
    }
    const Lsn committed = tenure_->replication.committed.lsn;
    std::vector<HeldAnswer> waiting;
    for (HeldAnswer& held : tenure_->outbox) {
        if (held.lsn <= committed) {
            out.answers.push_back(std::move(held.answer));
        } else {
            waiting.push_back(std::move(held));
        }
    }
    tenure_->outbox = std::move(waiting);
}

// -- segments on their way to the others ----------------------------------------------------------

void GroupMember::stored_at(const Member& from, const SegmentId& segment, Time now, Outputs& out) {
    if (const auto waiting = tenure_->barrier.find(from); waiting != tenure_->barrier.end()) {
        if (waiting->second.erase(segment) > 0 && waiting->second.empty()) {
            send(from, Barrier{view_, std::make_shared<const Ledger>(ledger_)}, out);
        }
    }
    if (const auto staged = tenure_->staging.find(segment); staged != tenure_->staging.end()) {
        staged->second.missing.erase(from);
        finish_staging(out);
    }
    if (tenure_->active && view_.joiner == from) {
        tenure_->joiner.has.insert(segment);
        fill_joiner(now, out);
    }
}

void GroupMember::offer_staged(Time now, Outputs& out) {
    for (auto& [segment, staging] : tenure_->staging) {
        if (now - staging.offered_at < durations_.heartbeat) continue;
        staging.offered_at = now;
        for (const Member& member : staging.missing) {
            send(member, OfferSegment{segment, shelf_.held().at(segment)}, out);
        }
    }
}

// Answers what everybody has, and refuses what became garbage: its token is dead.
void GroupMember::finish_staging(Outputs& out) {
    std::erase_if(tenure_->staging, [&](const auto& entry) {
        const auto& [segment, staging] = entry;
        const bool kept = shelf_.has(segment);
        if (kept && !staging.missing.empty()) return false;
        for (std::uint64_t ticket : staging.tickets) {
            if (kept) {
                out.answers.push_back({ticket, Done{}});
            } else {
                out.answers.push_back({ticket, LeaseLost{}});
            }
        }
        return true;
    });
}

// What it lacks, apart from what comes with entries, the newest first: the oldest may be garbage
// before they are there.
GroupMember::Lacking GroupMember::offer_to_joiner(Time now, Outputs& out) {
    JoinerProgress& joiner = tenure_->joiner;
    std::set<SegmentId> comes;
    for (const Entry& entry : joiner.log) {
        for (const CarriedSegment& one : entry.carried) comes.insert(one.segment);
    }
    std::size_t on_the_way = 0;
    Lacking lacking = Lacking::nothing;
    for (auto held = shelf_.held().rbegin(); held != shelf_.held().rend(); ++held) {
        const auto& [segment, bytes] = *held;
        if (joiner.has.contains(segment) || comes.contains(segment)) continue;
        if (!tenure_->staging.contains(segment)) {
            lacking = Lacking::much;
        } else if (lacking == Lacking::nothing) {
            lacking = Lacking::what_is_staged;
        }
        if (++on_the_way > kFillWindow) break;
        const auto [offered, first] = joiner.offered_at.try_emplace(segment, now);
        if (!first && now - offered->second < durations_.heartbeat) continue;
        offered->second = now;
        send(*view_.joiner, OfferSegment{segment, bytes}, out);
    }
    return lacking;
}

void GroupMember::send_ledger_to_joiner(Time now, Outputs& out) {
    JoinerProgress& joiner = tenure_->joiner;
    if (joiner.ledger_sent_at && now - *joiner.ledger_sent_at < durations_.beacon()) return;
    joiner.ledger_sent_at = now;
    joiner.log.clear();
    Fill fill{view_, std::make_shared<const Ledger>(ledger_), settings_};
    std::uint64_t carried_bytes = 0;
    for (auto held = shelf_.held().rbegin(); held != shelf_.held().rend(); ++held) {
        const auto& [segment, bytes] = *held;
        if (joiner.has.contains(segment) || joiner.offered_at.contains(segment)) continue;
        carried_bytes += bytes;
        if (carried_bytes > kCarriedBytes) break;
        fill.carried.push_back({segment, bytes});
        joiner.offered_at[segment] = now;
    }
    send(*view_.joiner, std::move(fill), out);
}

// J1 to J3: segments, staged ones included, and the ledger. When little is missing it counts for
// every answer, so that what is written meanwhile cannot run away from it; and only when it has
// all that was there then it is reported.
void GroupMember::fill_joiner(Time now, Outputs& out) {
    JoinerProgress& joiner = tenure_->joiner;
    const Lsn acked = tenure_->replication.acked[*view_.joiner];
    if (joiner.log.empty()) joiner.moved_at = now;
    const bool is_stuck = now - joiner.moved_at >= durations_.heartbeat;
    // Not of one that counts: what it acknowledges it has to have from entries, with their segments.
    const bool begins_anew = is_stuck || joiner.log.size() > kMostBehind;
    if (begins_anew && !joiner.counted) joiner.has_ledger = false;
    if (!joiner.has_ledger) send_ledger_to_joiner(now, out);
    const Lacking lacking = offer_to_joiner(now, out);
    const bool follows = joiner.has_ledger && joiner.log.size() <= kNearly;
    if (follows && lacking != Lacking::much && !joiner.counted) {
        joiner.counted = true;
        joiner.counted_at = ledger_.lsn;
        for (auto& [segment, staging] : tenure_->staging) {
            if (!joiner.has.contains(segment)) staging.missing.insert(*view_.joiner);
        }
        send_beacons(now, out);
    }
    if (!joiner.counted || joiner.full) return;
    // Staged may also be what was acknowledged before: a request that is repeated.
    if (lacking != Lacking::nothing || !joiner.has_ledger || acked < joiner.counted_at) return;
    joiner.full = true;
    out.to_manager.push_back(Full{group_, view_.epoch, *view_.joiner});
}

// -- timers
// ------------------------------------------------------------------------------------------

bool GroupMember::waits_for_nothing() const {
    const Tenure& mine = *tenure_;
    return mine.outbox.empty() && mine.replication.log.empty() && mine.staging.empty() &&
           mine.locks.queue.empty() && mine.locks.held_until.empty() && mine.pins.empty() &&
           ledger_.versions.size() == 1 &&
           (!is_home() || (mine.garbage.kept_lsn == mine.replication.committed.lsn &&
                           mine.garbage.repeats_due == 0));
}

void GroupMember::serve(Time now, Outputs& out) {
    if (is_home()) {
        expire(now, out);
        retire(now, out);
        forget_rows(now, out);
        decide_garbage(now, out);
    }
    const bool at_rest = waits_for_nothing() && !view_.joiner && now >= tenure_->awake_until;
    tenure_->resting = at_rest;
    if (!at_rest) send_beacons(now, out);
    repeat_entries(out);
    offer_staged(now, out);
    if (!view_.activated) out.to_manager.push_back(Activated{group_, view_.epoch});
    if (view_.joiner) {
        if (tenure_->joiner.full) {
            out.to_manager.push_back(Full{group_, view_.epoch, *view_.joiner});
        }
        fill_joiner(now, out);
    }
    settle(now, out);
}

}  // namespace juxta::data
