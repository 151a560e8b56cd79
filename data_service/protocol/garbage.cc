// Time and garbage at the coordinator: leases that end, versions that go, what every copy of every
// block may drop (docs/protocol.md, sections 10 and 12).
#include <algorithm>

#include "data_service/protocol/group_member.h"

namespace juxta::data {
namespace {

constexpr int kKeepRepeats = 4;  // a keep is not acknowledged

}  // namespace

// Of a busy writer: with the messages of its next grant, so that what is written again and again
// takes the room of a few versions. Data of several blocks wait for the tick, which asks where
// their copies are.
void GroupMember::drop_old_versions(Time now, Outputs& out) {
    if (ledger_.versions.size() < 2 || settings_.block_count > 1) return;
    retire(now, out);
    decide_garbage(now, out);
}

// C3: a token is dead when the entry is in the ledger, not before.
void GroupMember::expire(Time now, Outputs& out) {
    Locks& locks = tenure_->locks;
    std::erase_if(locks.queue, [&](const Waiter& w) { return now - w.seen > durations_.wait; });
    std::vector<Token> ended;
    for (const auto& [token, until] : locks.held_until) {
        if (until < now) ended.push_back(token);
    }
    for (Token token : ended) end_hold(token, out);
    serve_queue(now, out);
}

void GroupMember::end_hold(Token token, Outputs& out) {
    Entry entry;
    entry.kind = EntryKind::expire;
    entry.token = token;
    append(std::move(entry), out);
    tenure_->locks.held_until.erase(token);
}

// G1. What goes side by side goes with one entry.
void GroupMember::retire(Time now, Outputs& out) {
    auto& pins = tenure_->pins;
    std::erase_if(pins, [&](const auto& pin) { return pin.second < now; });
    const auto may_be_pinned = [&](Version version) {
        return now < tenure_->retire_from && version <= tenure_->inherited;
    };
    std::set<Version> pinned;
    for (const auto& [key, until] : pins) pinned.insert(std::get<2>(key));
    std::vector<std::pair<Version, Version>> old;  // first and last
    bool goes_on = false;
    for (const auto& [version, record] : ledger_.versions) {
        const bool is_old = version < tenure_->replication.committed.newest;
        const bool goes = is_old && !pinned.contains(version) && !may_be_pinned(version);
        if (goes && !goes_on) old.emplace_back(version, version);
        if (goes) old.back().second = version;
        goes_on = goes;
    }
    for (const auto& [first, last] : old) {
        Entry entry;
        entry.kind = EntryKind::retire;
        entry.first = first;
        entry.version = last;
        append(std::move(entry), out);
    }
}

void GroupMember::forget_rows(Time now, Outputs& out) {
    std::vector<ClientId> silent;
    for (const auto& [client, heard] : tenure_->heard) {
        if (now - heard > durations_.row) silent.push_back(client);
    }
    for (ClientId client : silent) {
        tenure_->heard.erase(client);
        if (!ledger_.rows.contains(client)) continue;
        Entry entry;
        entry.kind = EntryKind::forget;
        entry.client = client;
        append(std::move(entry), out);
    }
}

// G2: from the committed ledger only, so that an order is true for ever. Given when it changes,
// repeated a few times, and now and then where other groups depend on it.
void GroupMember::decide_garbage(Time now, Outputs& out) {
    GarbageRound& round = tenure_->garbage;
    const Ledger& committed = tenure_->replication.committed;
    if (round.kept_lsn != committed.lsn) {
        round.kept_lsn = committed.lsn;
        const Token floor = committed.holder != 0 ? committed.holder : committed.last_token + 1;
        std::vector<std::vector<SegmentId>> kept(settings_.block_count);
        for (BlockNumber block = 0; block < settings_.block_count; ++block) {
            Extents all;
            for (const auto& [version, record] : committed.versions) {
                const Extents& extents = record.blocks[block];
                all.insert(all.end(), extents.begin(), extents.end());
            }
            kept[block] = segments_of(all);
        }
        if (floor != round.floor || kept != round.kept) {
            round.floor = floor;
            round.kept = std::move(kept);
            use_keep(floor, round.kept[group_.block], out);
            round.repeats_due = kKeepRepeats;
            round.next_at = now;
        }
    }
    const bool others = settings_.block_count > 1 || view_.members.size() > 1 || view_.joiner;
    if (!others) round.repeats_due = 0;
    if (round.repeats_due == 0 || now < round.next_at) return;
    round.next_at = now + durations_.heartbeat;
    if (settings_.block_count == 1) return tell_garbage({view_}, now, out);
    round.asked_where = true;
    out.to_manager.push_back(WhereAre{group_.datum});
}

// To who has come since.
void GroupMember::repeat_garbage(Time now) {
    GarbageRound& round = tenure_->garbage;
    if (!is_home() || !round.kept_lsn) return;
    round.repeats_due = kKeepRepeats;
    round.next_at = now;
}

void GroupMember::others_are(const std::vector<View>& views, Time now, Outputs& out) {
    if (!tenure_ || !tenure_->active || !is_home() || views.size() != settings_.block_count) {
        return;
    }
    if (!tenure_->garbage.asked_where) return;
    tenure_->garbage.asked_where = false;
    tell_garbage(views, now, out);
    save_changes(out);
}

void GroupMember::tell_garbage(const std::vector<View>& views, Time now, Outputs& out) {
    GarbageRound& round = tenure_->garbage;
    for (BlockNumber block = 0; block < settings_.block_count; ++block) {
        const GroupId group{group_.datum, block};
        std::vector<Member> copies = views[block].members;
        if (views[block].joiner) copies.push_back(*views[block].joiner);
        for (const Member& copy : copies) {
            if (group == group_ && copy == self_) continue;
            out.to_members.push_back({group, 0, self_, copy, Keep{round.floor, round.kept[block]}});
        }
    }
    if (round.repeats_due > 1 || settings_.block_count == 1) {
        round.repeats_due -= 1;
    } else {
        round.next_at = now + durations_.pin;  // the groups of other blocks change without a word
    }
}

}  // namespace juxta::data
