// What a provider's component does wrong under a weakening. The machine inside does not know.
#include "tests/simulation/sim_provider.h"

namespace juxta::data::simulation {

Durations SimProvider::durations() const {
    Durations d = simulated_durations();
    if (is(Weakening::pins_too_short)) d.pin /= 3;
    if (is(Weakening::lock_too_short)) d.lock /= 2;
    return d;
}

GroupSettings SimProvider::told(const GroupId& group) const {
    GroupSettings told = settings(group);
    if (is(Weakening::written_twice)) told.write_once = false;
    return told;
}

void SimProvider::bend(ClientRequest& request, const GroupMember& member, Time now) {
    auto* release = std::get_if<Release>(&request.body);
    if (is(Weakening::fence_forgotten) && release && member.ledger().holder != 0) {
        release->token = member.ledger().holder;
    }
    if (is(Weakening::repeats_unrecognised)) {
        const std::uint64_t rid = request.rid;
        request.rid *= 1000;
        if (release) request.rid += ++seen_releases_[{request.client, rid}];
    }
    if (is(Weakening::pin_moves) && std::holds_alternative<AcquireRead>(request.body)) {
        also_ask(request, Unpin{}, now);
    }
}

// Its answer goes nowhere.
void SimProvider::also_ask(ClientRequest request, ClientBody body, Time now) {
    request.body = std::move(body);
    request.ticket = 0;
    Outputs outputs;
    member_or_absent(request.group).ask(request, now, outputs);
}

std::optional<AnswerBody> SimProvider::make_up(const ClientRequest& request, bool stored_before,
                                               Time now) {
    GroupMember& member = member_or_absent(request.group);
    const bool primary = member.is_primary() && member.view().activated;
    const Ledger& ledger = member.ledger();
    if (is(Weakening::stage_present) && std::holds_alternative<Stage>(request.body)) {
        if (primary && stored_before) return Done{};
    }
    const bool reads = std::holds_alternative<AcquireRead>(request.body);
    const bool unleased = is(Weakening::read_unleased) && primary;
    const bool tail = is(Weakening::read_tail) && member.is_serving(now);
    if (reads && (unleased || tail)) {
        const Version version = tail ? ledger.newest : member.newest();
        also_ask(request, RenewPin{version}, now);
        return SnapshotTaken{version, ledger.versions.at(version).blocks};
    }
    if (is(Weakening::renew_unleased) && primary) {
        const auto* renew = std::get_if<Renew>(&request.body);
        const auto* pin = std::get_if<RenewPin>(&request.body);
        const bool locked =
            renew && (ledger.holder == renew->token || ledger.shared.contains(renew->token));
        const bool pinned = pin && ledger.versions.contains(pin->version);
        if (locked || pinned) also_ask(request, request.body, now);
        if (locked || pinned) return Done{};
    }
    if (const auto* release = std::get_if<Release>(&request.body);
        release && is(Weakening::refuse_at_once) && primary) {
        const auto row = ledger.rows.find(request.client);
        const bool known = row != ledger.rows.end() && row->second.rid >= request.rid;
        if (known || ledger.holder == release->token) return std::nullopt;
        for (const CarriedSegment& one : release->carried) {
            if (!member.holds(one.segment)) store_of(one.segment).erase(one.segment);
        }
        return LeaseLost{};
    }
    return std::nullopt;
}

// What the component tells its machine before a message, or instead of part of it.
void SimProvider::prepare(const PeerMessage& message, Time now, Packets& out) {
    const auto* barrier = std::get_if<Barrier>(&message.body);
    if (!barrier) return;
    GroupMember& member = member_or_absent(message.group);
    Outputs outputs;
    if (is(Weakening::ledger_without_segments)) {
        for (const auto& [version, record] : barrier->ledger->versions) {
            for (const Extent& extent : record.blocks.at(message.group.block)) {
                if (member.holds(extent.segment)) continue;
                member.segment_stored(extent.segment, kCellBytes, now, outputs);
            }
        }
        outputs.to_members.clear();
        carry_out(message.group, outputs, out);
    }
    const bool repeated = message.epoch == member.view().epoch && member.synced() == message.epoch;
    if (is(Weakening::barrier_repeated) && repeated && self_.incarnation > 0) {
        SavedCopy back;
        back.whole = true;
        back.epoch = message.epoch - 1;
        back.ledger = *barrier->ledger;
        const auto segments = member.segments();
        members_.erase(message.group);
        members_.emplace(message.group,
                         GroupMember::returned(message.group, self_, told(message.group),
                                               durations(), std::move(back), segments, now));
    }
}

}  // namespace juxta::data::simulation
