#include "data_service/protocol/group_member.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace juxta::data {

GroupMember::GroupMember(GroupId group, Member self, const GroupSettings& settings,
                         const Durations& durations, bool whole)
    : group_(group),
      self_(self),
      settings_(settings),
      durations_(durations),
      whole_(whole),
      written_by_(self.incarnation),
      ledger_(Ledger::fresh(settings.block_count)) {
    ensure(group.block < settings.block_count, "a group keeps one of its datum's blocks");
}

GroupMember GroupMember::reserved(GroupId group, Member self, const GroupSettings& settings,
                                  const Durations& durations) {
    GroupMember member{group, self, settings, durations, true};
    member.saved_ = member.stamp();
    return member;
}

GroupMember GroupMember::absent(GroupId group, Member self, const GroupSettings& settings,
                                const Durations& durations) {
    GroupMember member{group, self, settings, durations, false};
    member.saved_ = member.stamp();
    return member;
}

GroupMember GroupMember::returned(GroupId group, Member self, const GroupSettings& settings,
                                  const Durations& durations, SavedCopy saved,
                                  std::map<SegmentId, std::uint64_t> segments, Time now) {
    ensure(saved.written_by < self.incarnation, "a copy returns in a later incarnation");
    GroupMember member{group, self, settings, durations, saved.whole};
    member.view_.epoch = saved.epoch;
    member.synced_ = saved.synced;
    member.written_by_ = saved.written_by;
    member.ledger_ = std::move(saved.ledger);
    member.shelf_ = SegmentShelf(saved.floor, saved.kept, std::move(segments));
    member.promises_unknown_until_ = now + durations.primary_lease;
    member.saved_ = member.stamp();
    return member;
}

SavedCopy GroupMember::saved() const {
    return {whole_, view_.epoch, synced_, written_by_, ledger_, shelf_.floor(), shelf_.kept()};
}

// Before anybody hears of the change: all of it is in this one step's outputs.
void GroupMember::save_changes(Outputs& out) {
    if (!settings_.durable || stamp() == saved_) return;
    saved_ = stamp();
    if (!out.wiped || whole_) out.save = saved();
}

Epoch GroupMember::epoch() const {
    const bool left_out = whole_ && view_.epoch > 0 && !view_.has(self_) && !is_joiner();
    return left_out ? view_.epoch - 1 : view_.epoch;
}

bool GroupMember::is_serving(Time now) const {
    return tenure_ && tenure_->active && is_leased(now);
}

Version GroupMember::newest() const {
    return tenure_ && tenure_->active ? tenure_->replication.committed.newest : ledger_.newest;
}

bool GroupMember::belongs_here(const SegmentId& segment) const {
    return segment.datum == group_.datum && segment.block == group_.block;
}

bool GroupMember::accepts(const SegmentId& segment) const {
    return belongs_here(segment) && takes_segments() && shelf_.accepts(segment);
}

void GroupMember::send(const Member& to, PeerBody body, Outputs& out) const {
    out.to_members.push_back({group_, view_.epoch, self_, to, std::move(body), view_.began});
}

void GroupMember::wipe(Outputs& out) {
    whole_ = false;
    synced_ = 0;
    ledger_ = Ledger::fresh(settings_.block_count);
    const std::vector<SegmentId> dropped = shelf_.clear();
    out.discard.insert(out.discard.end(), dropped.begin(), dropped.end());
    out.wiped = true;
}

void GroupMember::adopt(const View& view, Time now, Outputs& out) {
    take_view(view, now, out);
    save_changes(out);
}

// V5: the manager has not put this incarnation back yet. It will, or the view goes on without.
bool GroupMember::names_me_of_before(const View& view) const {
    if (!whole_ || view.lost || view.freed) return false;
    return std::ranges::any_of(view.members, [&](const Member& member) {
        return member.provider == self_.provider && member.incarnation < self_.incarnation &&
               member.incarnation >= written_by_;
    });
}

// Freed is final: a manager that has forgotten the datum answers with no higher epoch than told.
void GroupMember::take_view(const View& view, Time now, Outputs& out) {
    if (names_me_of_before(view)) return;
    if (view.epoch == view_.epoch && view.activated && !view_.activated) {
        view_.activated = true;
        if (whole_ && !view_.has(self_) && !is_joiner()) wipe(out);
    }
    const bool final = view.freed && !view_.freed && view.epoch == view_.epoch;
    if (view.epoch <= view_.epoch && !final) return;
    const bool goes_on = view_.epoch > 0 && view.tenure() == view_.tenure() &&
                         view.primary() == view_.primary() && !view.lost && !view.freed;
    if (goes_on) return go_on_in(view, now, out);

    const bool newborn = view_.epoch == 0 && view.tenure() == 1 && view.activated;
    const bool was_primary = tenure_.has_value();
    tenure_.reset();
    offered_.clear();
    // The dead of this view are told of once: the views after it need not name them any more.
    std::erase_if(promised_until_, [&](const auto& promise) {
        return promise.second <= now || view.is_dead(promise.first);
    });
    view_ = view;

    if (view_.lost || view_.freed) return wipe(out);
    if (is_joiner()) return begin_joining();
    if (!view_.has(self_)) {
        return leave_view(was_primary ? std::optional(self_) : std::nullopt, out);
    }
    if (!whole_) return;  // named without a copy: nothing to answer for, ever
    written_by_ = self_.incarnation;
    if (newborn) synced_ = view_.tenure();
    if (view_.primary() == self_) begin_tenure(now, out);
}

// V3: the segments stay, they are reused by id.
void GroupMember::begin_joining() {
    whole_ = false;
    synced_ = 0;
    ledger_ = Ledger::fresh(settings_.block_count);
    offered_.clear();
}

// P5. All of the view follow the same primary as before, and all that it has been told stays true.
void GroupMember::go_on_in(const View& view, Time now, Outputs& out) {
    const View before = std::exchange(view_, view);
    std::erase_if(promised_until_, [&](const auto& promise) {
        return promise.second <= now || view.is_dead(promise.first);
    });
    if (is_joiner()) {
        const bool anew = before.joiner != self_ || before.joining() != view_.joining();
        if (anew) begin_joining();
        return;
    }
    if (!view_.has(self_)) {
        tenure_.reset();
        offered_.clear();
        return leave_view(std::nullopt, out);
    }
    if (whole_) written_by_ = self_.incarnation;
    if (tenure_) go_on_serving(before, now, out);
}

void GroupMember::go_on_serving(const View& before, Time now, Outputs& out) {
    Tenure& mine = *tenure_;
    std::erase_if(mine.barrier, [&](const auto& waiting) { return !view_.has(waiting.first); });
    if (view_.joiner != before.joiner || view_.joining() != before.joining()) mine.joiner = {};
    await_joiner();
    if (!mine.active) return try_to_activate(now, out);
    const std::vector<Member> others = needed();
    for (auto& [segment, staging] : mine.staging) {
        std::erase_if(staging.missing, [&](const Member& member) {
            return std::ranges::find(others, member) == others.end();
        });
    }
    finish_staging(out);
    repeat_garbage(now);
    if (mine.joiner.full) out.to_manager.push_back(Full{group_, view_.epoch, *view_.joiner});
    if (view_.joiner) fill_joiner(now, out);
    settle(now, out);
}

// What it said of an earlier time as a joiner of this tenure, after which it dropped everything,
// must not count.
void GroupMember::await_joiner() {
    if (!view_.joiner) return;
    Epoch& since = tenure_->joined_at[*view_.joiner];
    if (since == view_.joining()) return;
    since = view_.joining();
    tenure_->replication.acked.erase(*view_.joiner);
}

// V4. A joiner that was dropped before it had the ledger is no holder and goes at once.
void GroupMember::leave_view(const std::optional<Member>& former_primary, Outputs& out) {
    if (former_primary && view_.primary()) send(*view_.primary(), SteppedDown{}, out);
    if (view_.activated || !whole_) wipe(out);
}

void GroupMember::begin_tenure(Time now, Outputs& out) {
    tenure_.emplace();
    const bool newborn = synced_ == view_.tenure();
    synced_ = view_.tenure();
    await_joiner();
    if (newborn) {
        start_serving(now, out);
        tenure_->retire_from = now;  // nobody has pinned anything before
        return;
    }
    for (const Member& member : view_.members) {
        if (member != self_) tenure_->barrier.try_emplace(member);
    }
    send_barrier(out);
    try_to_activate(now, out);
}

void GroupMember::send_barrier(Outputs& out) const {
    if (tenure_->barrier.empty()) return;
    const auto snapshot = std::make_shared<const Ledger>(ledger_);
    for (const auto& [member, lacks] : tenure_->barrier) {
        send(member, Barrier{view_, snapshot}, out);
    }
}

// P2.
bool GroupMember::may_activate(Time now) const {
    return tenure_->barrier.empty() && promises_unknown_until_ <= now &&
           std::ranges::all_of(promised_until_, [&](const auto& promise) {
               const auto& [to, until] = promise;
               return to == self_ || until <= now || view_.is_dead(to);
           });
}

// P3. Where nobody outside holds anything, the record decides nothing: it may come later.
void GroupMember::try_to_activate(Time now, Outputs& out) {
    if (tenure_->active || !may_activate(now)) return;
    if (!view_.activated) out.to_manager.push_back(Activated{group_, view_.epoch});
    if (view_.closed || view_.activated) return start_serving(now, out);
    send_beacons(now, out);  // so that the leases are there by the time of the answer
}

void GroupMember::activation_recorded(Epoch epoch, Time now, Outputs& out) {
    if (!tenure_ || epoch < view_.tenure() || epoch > view_.epoch) return;
    const bool may_begin = !tenure_->active && may_activate(now);
    if (tenure_->active || may_begin) view_.activated = true;
    if (may_begin) start_serving(now, out);
    save_changes(out);
}

// P4: all of the view holds the tail.
void GroupMember::start_serving(Time now, Outputs& out) {
    Tenure& mine = *tenure_;
    mine.active = true;
    mine.inherited = ledger_.newest;
    mine.retire_from = now + durations_.pin;
    mine.replication.committed = ledger_;
    for (const Member& member : needed()) mine.replication.acked[member] = ledger_.lsn;
    if (const Token token = ledger_.holder; token != 0) {
        mine.locks.held_until[token] = now + lease_of(token);
    }
    for (const auto& [token, holder] : ledger_.shared) {
        mine.locks.held_until[token] = now + lease_of(token);
    }
    for (const auto& [client, row] : ledger_.rows) mine.heard[client] = now;
    mine.awake_until = now + durations_.detection;
    if (!is_leased(now)) send_beacons(now, out);
    if (view_.joiner) fill_joiner(now, out);
}

void GroupMember::tick(Time now, Outputs& out) {
    if (!tenure_) return;
    if (tenure_->active) {
        serve(now, out);
    } else {
        send_barrier(out);
        try_to_activate(now, out);
    }
    save_changes(out);
}

bool GroupMember::needs_ticks() const {
    if (!tenure_) return false;
    if (!tenure_->active || !view_.activated || view_.joiner || !waits_for_nothing()) return true;
    return view_.members.size() > 1 && !tenure_->resting;
}

}  // namespace juxta::data
