// What the network and the manager do wrong under a weakening.
#include "tests/simulation/world.h"

namespace juxta::data::simulation {
// `from` says this to the sender of `about`, and does not mean it.
void World::pretend(const Member& from, const PeerMessage& about, PeerBody body) {
    PeerMessage lie{about.group, about.epoch, from, about.from, std::move(body)};
    Packet packet = to_member(about.from, std::move(lie));
    packet.from = node_of(from.provider);
    post(now_ + 200, std::move(packet));
}

bool World::tamper(Packet& packet) {
    if (std::holds_alternative<PeerMessage>(packet.body)) return tamper_with_member_message(packet);
    if (std::holds_alternative<News>(packet.body)) return tamper_with_news(packet);
    const auto* from = std::get_if<FromMember>(&packet.body);
    const auto* activated = from ? std::get_if<Activated>(&from->message) : nullptr;
    if (activated && weakening_ == Weakening::activation_unrecorded) {
        Packet recorded = to_member(from->self, Recorded{activated->group, activated->epoch});
        recorded.from = kManager;
        post(now_ + 100, std::move(recorded));
    }
    return true;
}

bool World::tamper_with_news(Packet& packet) {
    News& news = std::get<News>(packet.body);
    if (!news.view.primary() || news.view.lost || news.view.freed) return true;
    const Member primary = *news.view.primary();
    const auto record = manager_.open().find(news.group);
    if (record == manager_.open().end()) return true;
    if (weakening_ == Weakening::activation_unasked && !news.view.activated) {
        post(now_ + 1, {node_of(primary.provider), kManager, 0,
                        FromMember{primary, Activated{news.group, news.view.epoch}}});
    }
    if (weakening_ == Weakening::closed_untrue) news.view.closed = true;
    if (weakening_ == Weakening::silent_leaves_in_tenure && !news.view.activated) {
        const GroupMember* before = host_of(primary).process.member(news.group);
        const bool stays = before && before->is_primary() && before->view().activated &&
                           before->view().epoch + 1 == news.view.epoch;
        if (stays) {
            news.view.activated = true;
            news.view.began = before->view().tenure();
        }
    }
    if (weakening_ == Weakening::stepped_down_untrue) {
        for (const Member& holder : record->second.holders) {
            if (holder == primary) continue;
            PeerMessage lie{news.group, news.view.epoch, holder, primary, SteppedDown{}};
            post(now_ + 2 * kMillisecond, to_member(primary, std::move(lie)));
        }
    }
    if (weakening_ == Weakening::wiped_too_early) {
        bool named = news.view.joiner && news.view.joiner->provider == provider_at(packet.to);
        for (const Member& member : news.view.members) {
            if (member.provider == provider_at(packet.to)) named = true;
        }
        if (!named) news.view.activated = true;
    }
    return true;
}

bool World::tamper_with_member_message(Packet& packet) {
    PeerMessage& message = std::get<PeerMessage>(packet.body);
    if (auto* offer = std::get_if<OfferSegment>(&message.body)) {
        if (weakening_ == Weakening::acks_before_storing) {
            pretend(message.to, message, SegmentStored{offer->segment});
            return dice_.one_in(2);
        }
        if (weakening_ == Weakening::staged_left_out) {
            const GroupMember* primary = host_of(message.from).process.member(message.group);
            if (!primary || primary->view().joiner != message.to) return true;
            if (offer->segment.token <= judge_.newest_token(message.group.datum)) return true;
            pretend(message.to, message, SegmentStored{offer->segment});
            return false;
        }
    } else if (auto* entry = std::get_if<Replicate>(&message.body)) {
        if (weakening_ == Weakening::acks_before_applying) {
            pretend(message.to, message, Replicated{entry->entry.lsn});
        }
        if (weakening_ == Weakening::lease_left_out) entry->entry.lease = 0;
    } else if (const auto* beacon = std::get_if<Beacon>(&message.body)) {
        if (weakening_ == Weakening::leases_without_promise) {
            pretend(message.to, message, BeaconOk{beacon->stamp});
            return false;
        }
    } else if (auto* answer = std::get_if<BeaconOk>(&message.body)) {
        if (weakening_ == Weakening::lease_from_reply) {
            answer->stamp = local(packet.to) + 200 * kMillisecond;
        }
    } else if (auto* barrier = std::get_if<Barrier>(&message.body)) {
        if (weakening_ == Weakening::no_barrier) {
            pretend(message.to, message, BarrierOk{barrier->ledger->lsn});
            return dice_.one_in(2);
        }
        Ledger poorer = *barrier->ledger;
        if (weakening_ == Weakening::rows_left_out) poorer.rows.clear();
        if (weakening_ == Weakening::readers_left_out) poorer.shared.clear();
        if (poorer != *barrier->ledger) {
            barrier->ledger = std::make_shared<const Ledger>(std::move(poorer));
        }
    } else if (auto* keep = std::get_if<Keep>(&message.body)) {
        if (weakening_ == Weakening::floor_too_high) keep->floor += 1;
    } else if (std::holds_alternative<Fill>(message.body)) {
        if (weakening_ == Weakening::joiner_full_at_once) {
            const Full full{message.group, message.epoch, message.to};
            post(now_ + 200, {packet.from, kManager, 0, FromMember{message.from, full}});
        }
    }
    return true;
}

}  // namespace juxta::data::simulation
