// What a member does for its primary: ledger, lease, segments.
#include <algorithm>

#include "data_service/protocol/group_member.h"

namespace juxta::data {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

}  // namespace

void GroupMember::receive(const PeerMessage& message, Time now, Outputs& out) {
    if (message.group != group_ || message.to != self_) return;
    std::visit(Overloaded{
                   [&](const Barrier& b) { receive_ledger(message, b.view, *b.ledger, now, out); },
                   [&](const Fill& f) {
                       receive_ledger(message, f.view, *f.ledger, now, out);
                       drop_untaken(f.carried, out);
                   },
                   [&](const Replicate& r) { receive_entry(message, r.entry, out); },
                   [&](const Beacon& b) { receive_beacon(message, b.stamp, now, out); },
                   [&](const OfferSegment& o) { receive_offer(message, o, out); },
                   [&](const Keep& k) { use_keep(k.floor, k.segments, out); },
                   [&](const SteppedDown&) {
                       // It has left every tenure before the view it tells of; an older message may
                       // not speak of the promise given since.
                       if (message.epoch < view_.tenure()) return;
                       promised_until_.erase(message.from);
                       if (tenure_) try_to_activate(now, out);
                   },
                   [&](const auto&) { receive_answer(message, now, out); },
               },
               message.body);
    settle(now, out);
    save_changes(out);
}

// What a ledger from outside names, and this copy would have to fetch first. Whoever takes a
// ledger without its segments would answer for versions that nobody may have, once the sender has
// died.
std::vector<SegmentId> GroupMember::missing_of(const Ledger& ledger) const {
    std::vector<SegmentId> missing;
    for (const auto& [version, record] : ledger.versions) {
        for (const Extent& extent : record.blocks.at(group_.block)) {
            const SegmentId& segment = extent.segment;
            if (!shelf_.has(segment) && shelf_.accepts(segment)) missing.push_back(segment);
        }
    }
    std::ranges::sort(missing);
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    return missing;
}

// P1 and J1. Applied once: a repeat must not roll back what came after it.
void GroupMember::receive_ledger(const PeerMessage& message, const View& view, const Ledger& ledger,
                                 Time now, Outputs& out) {
    if (message.epoch < view_.tenure()) return;
    take_view(view, now, out);
    if (message.tenure() != view_.tenure() || view_.primary() != message.from) return;
    const bool is_barrier = std::holds_alternative<Barrier>(message.body);
    if (is_barrier ? !(whole_ && view_.has(self_)) : !is_joiner()) return;
    if (!is_barrier && message.epoch < view_.joining()) return;
    if (const auto* fill = std::get_if<Fill>(&message.body)) {
        if (group_.block >= fill->settings.block_count) return;
        settings_ = fill->settings;
    }
    if (synced_ != view_.tenure() || ledger.lsn > ledger_.lsn) {
        if (is_barrier) {
            if (auto missing = missing_of(ledger); !missing.empty()) {
                return send(message.from, BarrierOk{ledger_.lsn, std::move(missing)}, out);
            }
        }
        ledger_ = ledger;
        whole_ = true;
        synced_ = view_.tenure();
        written_by_ = self_.incarnation;
    }
    if (is_barrier) {
        send(message.from, BarrierOk{ledger_.lsn}, out);
        return;
    }
    for (const CarriedSegment& one : std::get<Fill>(message.body).carried) {
        if (!accepts(one.segment)) continue;
        shelf_.put(one.segment, one.bytes);
        send(message.from, SegmentStored{one.segment}, out);
    }
    send(message.from, Replicated{ledger_.lsn}, out);
}

// R2, and C10: the segments that an entry carries are held with it.
void GroupMember::receive_entry(const PeerMessage& message, const Entry& entry, Outputs& out) {
    const bool current = message.tenure() == view_.tenure() && synced_ == view_.tenure() &&
                         whole_ && view_.primary() == message.from;
    if (current && entry.lsn == ledger_.lsn + 1) {
        for (const CarriedSegment& one : entry.carried) {
            if (accepts(one.segment)) shelf_.put(one.segment, one.bytes);
        }
        apply(ledger_, entry);
    }
    drop_untaken(entry.carried, out);
    if (current) send(message.from, Replicated{ledger_.lsn}, out);
}

void GroupMember::drop_untaken(const std::vector<CarriedSegment>& carried, Outputs& out) const {
    for (const CarriedSegment& one : carried) {
        if (!shelf_.has(one.segment)) out.discard.push_back(one.segment);
    }
}

// L1.
void GroupMember::receive_beacon(const PeerMessage& message, Time stamp, Time now, Outputs& out) {
    if (message.tenure() != view_.tenure() || synced_ != view_.tenure()) return;
    if (view_.primary() != message.from) return;
    promised_until_[message.from] = now + durations_.primary_lease;
    send(message.from, BeaconOk{stamp}, out);
}

void GroupMember::receive_offer(const PeerMessage& message, const OfferSegment& offer,
                                Outputs& out) {
    if (message.tenure() != view_.tenure() || view_.primary() != message.from) return;
    if (!belongs_here(offer.segment) || !takes_segments()) return;
    if (shelf_.has(offer.segment) || !shelf_.accepts(offer.segment)) {
        send(message.from, SegmentStored{offer.segment}, out);
        return;
    }
    offered_.insert(offer.segment);
    out.fetch.push_back({offer.segment, offer.bytes, message.from});
}

void GroupMember::segment_stored(const SegmentId& segment, std::uint64_t bytes, Time now,
                                 Outputs& out) {
    if (accepts(segment)) {
        shelf_.put(segment, bytes);
    } else if (!shelf_.has(segment)) {
        out.discard.push_back(segment);
    }
    if (offered_.erase(segment) > 0) send(*view_.primary(), SegmentStored{segment}, out);
    settle(now, out);
    save_changes(out);
}

// G3. A keep is true in every epoch.
void GroupMember::use_keep(Token floor, const std::vector<SegmentId>& segments, Outputs& out) {
    const std::vector<SegmentId> dropped = shelf_.keep(floor, segments);
    out.discard.insert(out.discard.end(), dropped.begin(), dropped.end());
    if (tenure_) finish_staging(out);
}

}  // namespace juxta::data
