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
                   [&](const Fill& f) { receive_ledger(message, f.view, *f.ledger, now, out); },
                   [&](const Replicate& r) { receive_entry(message, r.entry, out); },
                   [&](const Beacon& b) { receive_beacon(message, b.stamp, now, out); },
                   [&](const OfferSegment& o) { receive_offer(message, o, out); },
                   [&](const Keep& k) { use_keep(k.floor, k.segments, out); },
                   [&](const SteppedDown&) {
                       // It has left every tenure before the view it tells of; an older message may
                       // not speak of the promise given since.
                       if (message.epoch < view_.epoch) return;
                       promised_until_.erase(message.from);
                       if (tenure_) try_to_activate(now, out);
                   },
                   [&](const auto&) { receive_answer(message, now, out); },
               },
               message.body);
    settle(now, out);
}

// P1 and J1. Applied once: a repeat must not roll back what came after it.
void GroupMember::receive_ledger(const PeerMessage& message, const View& view, const Ledger& ledger,
                                 Time now, Outputs& out) {
    if (message.epoch < view_.epoch) return;
    adopt(view, now, out);
    if (message.epoch != view_.epoch || view_.primary() != message.from) return;
    const bool is_barrier = std::holds_alternative<Barrier>(message.body);
    if (is_barrier ? !(whole_ && view_.has(self_)) : !is_joiner()) return;
    if (synced_ != view_.epoch || ledger.lsn > ledger_.lsn) {
        ledger_ = ledger;
        whole_ = true;
        synced_ = view_.epoch;
    }
    if (is_barrier) {
        send(message.from, BarrierOk{ledger_.lsn}, out);
    } else {
        send(message.from, Replicated{ledger_.lsn}, out);
    }
}

// R2.
void GroupMember::receive_entry(const PeerMessage& message, const Entry& entry, Outputs& out) {
    if (message.epoch != view_.epoch || synced_ != view_.epoch || !whole_) return;
    if (view_.primary() != message.from) return;
    if (entry.lsn == ledger_.lsn + 1) apply(ledger_, entry);
    send(message.from, Replicated{ledger_.lsn}, out);
}

// L1.
void GroupMember::receive_beacon(const PeerMessage& message, Time stamp, Time now, Outputs& out) {
    if (message.epoch != view_.epoch || synced_ != view_.epoch) return;
    if (view_.primary() != message.from) return;
    promised_until_[message.from] = now + durations_.primary_lease;
    send(message.from, BeaconOk{stamp}, out);
}

void GroupMember::receive_offer(const PeerMessage& message, const OfferSegment& offer,
                                Outputs& out) {
    if (message.epoch != view_.epoch || view_.primary() != message.from) return;
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
}

// G3. A keep is true in every epoch.
void GroupMember::use_keep(Token floor, const std::vector<SegmentId>& segments, Outputs& out) {
    const std::vector<SegmentId> dropped = shelf_.keep(floor, segments);
    out.discard.insert(out.discard.end(), dropped.begin(), dropped.end());
    if (tenure_) finish_staging(out);
}

}  // namespace juxta::data
