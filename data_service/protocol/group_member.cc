#include "data_service/protocol/group_member.h"

#include <algorithm>

#include "common/base/error.h"

namespace juxta::data {

GroupMember::GroupMember(GroupId group, Member self, std::uint32_t block_count,
                         const Durations& durations, bool whole)
    : group_(group),
      self_(self),
      block_count_(block_count),
      durations_(durations),
      whole_(whole),
      ledger_(Ledger::fresh(block_count)) {
    ensure(group.block < block_count, "a group keeps one of its datum's blocks");
}

GroupMember GroupMember::reserved(GroupId group, Member self, std::uint32_t block_count,
                                  const Durations& durations) {
    return {group, self, block_count, durations, true};
}

GroupMember GroupMember::absent(GroupId group, Member self, std::uint32_t block_count,
                                const Durations& durations) {
    return {group, self, block_count, durations, false};
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
    out.to_members.push_back({group_, view_.epoch, self_, to, std::move(body)});
}

void GroupMember::wipe(Outputs& out) {
    whole_ = false;
    synced_ = 0;
    ledger_ = Ledger::fresh(block_count_);
    const std::vector<SegmentId> dropped = shelf_.clear();
    out.discard.insert(out.discard.end(), dropped.begin(), dropped.end());
    out.wiped = true;
}

// Freed is final: a manager that has forgotten the datum answers with no higher epoch than told.
void GroupMember::adopt(const View& view, Time now, Outputs& out) {
    if (view.epoch == view_.epoch && view.activated && !view_.activated) {
        view_.activated = true;
        if (whole_ && !view_.has(self_) && !is_joiner()) wipe(out);
    }
    const bool final = view.freed && !view_.freed && view.epoch == view_.epoch;
    if (view.epoch <= view_.epoch && !final) return;

    const bool newborn = view_.epoch == 0 && view.epoch == 1 && view.activated;
    const bool was_primary = tenure_.has_value();
    tenure_.reset();
    offered_.clear();
    std::erase_if(promised_until_, [&](const auto& promise) { return promise.second <= now; });
    view_ = view;

    if (view_.lost || view_.freed) return wipe(out);
    if (is_joiner()) {  // V3: the segments stay, they are reused by id
        whole_ = false;
        synced_ = 0;
        ledger_ = Ledger::fresh(block_count_);
        return;
    }
    if (!view_.has(self_)) {
        return leave_view(was_primary ? std::optional(self_) : std::nullopt, out);
    }
    if (!whole_) return;  // named without a copy: nothing to answer for, ever
    if (newborn) synced_ = view_.epoch;
    if (view_.primary() == self_) begin_tenure(now, out);
}

// V4. A joiner that was dropped before it had the ledger is no holder and goes at once.
void GroupMember::leave_view(const std::optional<Member>& former_primary, Outputs& out) {
    if (former_primary && view_.primary()) send(*view_.primary(), SteppedDown{}, out);
    if (view_.activated || !whole_) wipe(out);
}

void GroupMember::begin_tenure(Time now, Outputs& out) {
    tenure_.emplace();
    const bool newborn = synced_ == view_.epoch;
    synced_ = view_.epoch;
    if (newborn) {
        start_serving(now, out);
        tenure_->retire_from = now;  // nobody has pinned anything before
        return;
    }
    for (const Member& member : view_.members) {
        if (member != self_) tenure_->barrier.insert(member);
    }
    send_barrier(out);
    try_to_activate(now, out);
}

void GroupMember::send_barrier(Outputs& out) const {
    if (tenure_->barrier.empty()) return;
    const auto snapshot = std::make_shared<const Ledger>(ledger_);
    for (const Member& member : tenure_->barrier) send(member, Barrier{view_, snapshot}, out);
}

// P2.
bool GroupMember::may_activate(Time now) const {
    return tenure_->barrier.empty() &&
           std::ranges::all_of(promised_until_, [&](const auto& promise) {
               const auto& [to, until] = promise;
               return to == self_ || until <= now || view_.is_dead(to);
           });
}

void GroupMember::try_to_activate(Time now, Outputs& out) {
    if (tenure_->active || !may_activate(now)) return;
    out.to_manager.push_back(Activated{group_, view_.epoch});
    send_beacons(now, out);  // so that the leases are there by the time of the answer
}

void GroupMember::activation_recorded(Epoch epoch, Time now, Outputs& out) {
    if (epoch != view_.epoch || !tenure_ || tenure_->active || !may_activate(now)) return;
    start_serving(now, out);
}

// P4: all of the view holds the tail.
void GroupMember::start_serving(Time now, Outputs& out) {
    Tenure& mine = *tenure_;
    view_.activated = true;
    mine.active = true;
    mine.retire_from = now + durations_.pin;
    mine.replication.committed = ledger_;
    for (const Member& member : needed()) mine.replication.acked[member] = ledger_.lsn;
    if (ledger_.holder != 0) mine.locks.held_until[ledger_.holder] = now + durations_.lock;
    for (const auto& [token, client] : ledger_.shared) {
        mine.locks.held_until[token] = now + durations_.lock;
    }
    for (const auto& [client, row] : ledger_.rows) mine.heard[client] = now;
    mine.awake_until = now + durations_.detection;
    if (!is_leased(now)) send_beacons(now, out);
}

void GroupMember::tick(Time now, Outputs& out) {
    if (!tenure_) return;
    if (tenure_->active) {
        serve(now, out);
    } else {
        send_barrier(out);
        try_to_activate(now, out);
    }
}

bool GroupMember::needs_ticks() const {
    if (!tenure_) return false;
    if (!tenure_->active || view_.joiner || !waits_for_nothing()) return true;
    return view_.members.size() > 1 && !tenure_->resting;
}

}  // namespace juxta::data
