// What clients ask of a primary: docs/protocol.md, section 10.
#include <algorithm>

#include "data_service/protocol/group_member.h"

namespace juxta::data {
namespace {

// Settled by the client's row: repeats are answered from it, older requests dropped.
bool has_row(const ClientBody& body) {
    return std::holds_alternative<Acquire>(body) || std::holds_alternative<CancelAcquire>(body) ||
           std::holds_alternative<Release>(body) || std::holds_alternative<Abort>(body) ||
           std::holds_alternative<Unlock>(body);
}

}  // namespace

void GroupMember::ask(const ClientRequest& request, Time now, Outputs& out) {
    const auto* stage = std::get_if<Stage>(&request.body);
    if (stage && accepts(stage->segment)) shelf_.put(stage->segment, stage->bytes);
    if (!tenure_ || !tenure_->active || (!is_home() && !stage)) {
        if (stage && !shelf_.has(stage->segment)) out.discard.push_back(stage->segment);
        refuse(request, out);
    } else {
        serve_client(request, now, out);
    }
    if (const auto* release = std::get_if<Release>(&request.body)) {
        drop_untaken(release->carried, out);
    }
    save_changes(out);
}

void GroupMember::serve_client(const ClientRequest& request, Time now, Outputs& out) {
    tenure_->awake_until = now + durations_.detection;
    tenure_->resting = false;
    if (const auto row = ledger_.rows.find(request.client); row != ledger_.rows.end()) {
        tenure_->heard[request.client] = now;
        if (has_row(request.body) && row->second.rid > request.rid) return;
    }
    std::visit([&](const auto& body) { answer(request, body, now, out); }, request.body);
    settle(now, out);
}

// At once: it depends on nothing.
void GroupMember::refuse(const ClientRequest& request, Outputs& out) const {
    if (std::holds_alternative<Unpin>(request.body)) return;
    AnswerBody body = NotPrimary{view_};
    if (view_.lost || view_.freed) body = Gone{view_.lost};
    out.answers.push_back({request.ticket, std::move(body)});
}

void GroupMember::hold(const ClientRequest& request, AnswerBody body, Lsn lsn) {
    tenure_->outbox.push_back({lsn, {request.ticket, std::move(body)}});
}

AnswerBody GroupMember::grant_of(Token token) const {
    return Granted{token, ledger_.newest, ledger_.versions.at(ledger_.newest).blocks};
}

bool GroupMember::is_granted(Token token, ClientId client) const {
    if (token != 0 && ledger_.holder == token) return ledger_.holder_client == client;
    const auto shared = ledger_.shared.find(token);
    return shared != ledger_.shared.end() && shared->second.client == client;
}

bool GroupMember::holds_lock(Token token) const {
    return token != 0 && (ledger_.holder == token || ledger_.shared.contains(token));
}

// As asked for with the grant.
Duration GroupMember::lease_of(Token token) const {
    Duration lease = ledger_.holder_lease;
    if (ledger_.holder != token) lease = ledger_.shared.at(token).lease;
    return lease > 0 ? lease : durations_.lock;
}

// -- locks
// -----------------------------------------------------------------------------------------

// C1.
void GroupMember::answer(const ClientRequest& request, const Acquire& acquire, Time now,
                         Outputs& out) {
    const auto row = ledger_.rows.find(request.client);
    if (row != ledger_.rows.end() && row->second.rid == request.rid) {
        const Token token = row->second.token;
        if (!holds_lock(token)) return hold(request, LeaseLost{}, ledger_.lsn);
        tenure_->locks.held_until[token] = now + lease_of(token);
        return hold(request, grant_of(token), ledger_.lsn);
    }
    // Whoever asks anew has given up what the last request was granted, or never heard of it.
    if (row != ledger_.rows.end() && is_granted(row->second.token, request.client)) {
        end_hold(row->second.token, out);
    }
    auto& queue = tenure_->locks.queue;
    const auto known = std::ranges::find(queue, request.client, &Waiter::client);
    if (known != queue.end() && known->rid == request.rid) {
        known->seen = now;
        known->ticket = request.ticket;
    } else {
        if (known != queue.end()) {
            if (known->rid > request.rid) return;  // an old duplicate
            queue.erase(known);
        }
        const Time since = now - std::max<Duration>(acquire.waited, 0);
        const auto place = std::ranges::upper_bound(queue, since, {}, &Waiter::since);
        queue.insert(place, {request.client, request.rid, request.ticket, acquire.shared,
                             std::max<Duration>(acquire.lease, 0), since, now});
    }
    drop_old_versions(now, out);
    serve_queue(now, out);
}

// Never past the head of the queue.
void GroupMember::serve_queue(Time now, Outputs& out) {
    auto& queue = tenure_->locks.queue;
    while (!queue.empty()) {
        const Waiter next = queue.front();
        if (ledger_.holder != 0 || (!next.shared && !ledger_.shared.empty())) return;
        queue.erase(queue.begin());
        Entry grant;
        grant.kind = next.shared ? EntryKind::grant_shared : EntryKind::grant_exclusive;
        grant.client = next.client;
        grant.rid = next.rid;
        grant.lease = next.lease;
        grant.token = std::max(ledger_.last_token + 1, first_token_of(view_.epoch));
        append(grant, out);
        tenure_->heard[next.client] = now;
        tenure_->locks.held_until[grant.token] = now + lease_of(grant.token);
        tenure_->outbox.push_back({ledger_.lsn, {next.ticket, grant_of(grant.token)}});
    }
}

// Its row keeps a late poll of the cancelled request out of the queue.
void GroupMember::answer(const ClientRequest& request, const CancelAcquire&, Time now,
                         Outputs& out) {
    Token granted = 0;
    if (const auto row = ledger_.rows.find(request.client);
        row != ledger_.rows.end() && row->second.rid == request.rid) {
        granted = row->second.token;
        if (!holds_lock(granted)) return hold(request, Done{}, ledger_.lsn);
    }
    std::erase_if(tenure_->locks.queue, [&](const Waiter& waiter) {
        return waiter.client == request.client && waiter.rid <= request.rid;
    });
    end_hold(request, EntryKind::abort, granted, now, out);
    hold(request, Done{}, ledger_.lsn);
    serve_queue(now, out);
}

// C2.
void GroupMember::answer(const ClientRequest& request, const Renew& renew, Time now, Outputs&) {
    if (!holds_lock(renew.token)) return hold(request, LeaseLost{}, ledger_.lsn);
    tenure_->locks.held_until[renew.token] = now + lease_of(renew.token);
    hold(request, Done{}, ledger_.lsn);
}

bool GroupMember::answered_before(const ClientRequest& request) {
    const auto row = ledger_.rows.find(request.client);
    if (row == ledger_.rows.end() || row->second.rid != request.rid) return false;
    if (row->second.kind == EntryKind::commit) {
        hold(request, Committed{row->second.version}, ledger_.lsn);
    } else {
        hold(request, Done{}, ledger_.lsn);
    }
    return true;
}

void GroupMember::end_hold(const ClientRequest& request, EntryKind kind, Token token, Time now,
                           Outputs& out) {
    Entry entry;
    entry.kind = kind;
    entry.client = request.client;
    entry.rid = request.rid;
    entry.token = token;
    if (kind == EntryKind::commit) {
        const Release& release = std::get<Release>(request.body);
        entry.changes = release.changes;
        entry.keeps_lock = release.keep_lock;
        entry.carried = release.carried;
        for (const CarriedSegment& one : release.carried) shelf_.put(one.segment, one.bytes);
    }
    append(std::move(entry), out);
    tenure_->heard[request.client] = now;
    if (holds_lock(token)) {
        tenure_->locks.held_until[token] = now + lease_of(token);
    } else {
        tenure_->locks.held_until.erase(token);
    }
}

// C5: the commit record. A new extent shows a segment of this token or, moved, one of the version
// before: only these are safe from the garbage floor. Those of this block must be here; for other
// blocks the client has their primary's word.
std::optional<SegmentId> GroupMember::unstaged(const Release& release) const {
    const VersionRecord& before = ledger_.versions.at(ledger_.newest);
    std::set<SegmentId> comes;
    for (const CarriedSegment& one : release.carried) {
        if (one.segment.token != release.token || !accepts(one.segment)) return one.segment;
        comes.insert(one.segment);
    }
    for (const BlockChange& change : release.changes) {
        if (change.block >= settings_.block_count)
            return SegmentId{group_.datum, change.block, 0, 0};
        const std::vector<SegmentId> old = segments_of(before.blocks[change.block]);
        for (const SegmentId& segment : segments_of(change.extents)) {
            const bool right_block = segment.datum == group_.datum && segment.block == change.block;
            const bool alive =
                segment.token == release.token || std::ranges::binary_search(old, segment);
            const bool here =
                change.block != group_.block || shelf_.has(segment) || comes.contains(segment);
            if (!right_block || !alive || !here) return segment;
        }
    }
    return std::nullopt;
}

void GroupMember::answer(const ClientRequest& request, const Release& release, Time now,
                         Outputs& out) {
    if (answered_before(request)) return;
    if (release.token == 0 || ledger_.holder != release.token) {
        return hold(request, LeaseLost{}, ledger_.lsn);
    }
    if (settings_.write_once && ledger_.newest > 0) {
        return hold(request, AlreadyWritten{ledger_.newest}, ledger_.lsn);
    }
    if (const auto segment = unstaged(release)) {
        return hold(request, NotStaged{*segment}, ledger_.lsn);
    }
    end_hold(request, EntryKind::commit, release.token, now, out);
    hold(request, Committed{ledger_.newest}, ledger_.lsn);
    serve_queue(now, out);
}

// C6.
void GroupMember::answer(const ClientRequest& request, const Abort& abort, Time now, Outputs& out) {
    if (answered_before(request)) return;
    if (abort.token == 0 || ledger_.holder != abort.token) {
        return hold(request, LeaseLost{}, ledger_.lsn);
    }
    end_hold(request, EntryKind::abort, abort.token, now, out);
    hold(request, Done{}, ledger_.lsn);
    serve_queue(now, out);
}

void GroupMember::answer(const ClientRequest& request, const Unlock& unlock, Time now,
                         Outputs& out) {
    if (answered_before(request)) return;
    if (!ledger_.shared.contains(unlock.token)) return hold(request, LeaseLost{}, ledger_.lsn);
    end_hold(request, EntryKind::drop_shared, unlock.token, now, out);
    hold(request, Done{}, ledger_.lsn);
    serve_queue(now, out);
}

// -- snapshots
// ---------------------------------------------------------------------------------------

// C7. From the committed ledger: it waits for no lock and no commit, only for the lease.
void GroupMember::answer(const ClientRequest& request, const AcquireRead&, Time now, Outputs&) {
    const Ledger& committed = tenure_->replication.committed;
    const Version newest = committed.newest;
    tenure_->pins[{request.client, request.rid, newest}] = now + durations_.pin;
    hold(request, SnapshotTaken{newest, committed.versions.at(newest).blocks}, 0);
}

// C8. Also how a pin comes to a new primary.
void GroupMember::answer(const ClientRequest& request, const RenewPin& renew, Time now, Outputs&) {
    if (!ledger_.versions.contains(renew.version)) {
        return hold(request, VersionGone{}, ledger_.lsn);
    }
    tenure_->pins[{request.client, request.rid, renew.version}] = now + durations_.pin;
    hold(request, Done{}, ledger_.lsn);
}

void GroupMember::answer(const ClientRequest& request, const Look&, Time now, Outputs&) {
    const auto left = [&](Token token) {
        const auto until = tenure_->locks.held_until.find(token);
        if (until == tenure_->locks.held_until.end()) return Duration{0};
        return std::max<Duration>(until->second - now, 0);
    };
    Looked looked;
    looked.holder = ledger_.holder;
    looked.holder_client = ledger_.holder_client;
    looked.lease_left = left(ledger_.holder);
    for (const auto& [token, holder] : ledger_.shared) {
        looked.readers.push_back({token, holder.client, left(token)});
    }
    looked.waiting = tenure_->locks.queue.size();
    looked.newest = ledger_.newest;
    hold(request, std::move(looked), ledger_.lsn);
}

void GroupMember::answer(const ClientRequest& request, const Unpin&, Time, Outputs&) {
    std::erase_if(tenure_->pins, [&](const auto& pin) {
        return std::get<0>(pin.first) == request.client && std::get<1>(pin.first) == request.rid;
    });
}

// -- bytes
// -------------------------------------------------------------------------------------------

// C4. A repeat is offered to all again: that it is present here says nothing about the others. The
// refusal needs no ledger: a floor is from committed state and true for ever.
void GroupMember::answer(const ClientRequest& request, const Stage& stage, Time now, Outputs& out) {
    if (!belongs_here(stage.segment)) {
        out.discard.push_back(stage.segment);
        out.answers.push_back({request.ticket, NotStaged{stage.segment}});
        return;
    }
    if (!shelf_.has(stage.segment)) {
        out.discard.push_back(stage.segment);
        out.answers.push_back({request.ticket, LeaseLost{}});
        return;
    }
    Staging& staging = tenure_->staging[stage.segment];
    staging.tickets.push_back(request.ticket);
    staging.offered_at = now;
    staging.missing.clear();
    for (const Member& member : needed()) {
        staging.missing.insert(member);
        send(member, OfferSegment{stage.segment, stage.bytes}, out);
    }
    finish_staging(out);
}

}  // namespace juxta::data
