#include <algorithm>

#include "tests/simulation/world.h"

namespace juxta::data::simulation {

// -- after every step
// ------------------------------------------------------------------------------

// Looks at what the step can have changed: the copies at its receiver, the views the manager has
// decided about, what clients were told.
void World::check_step(const Packet& packet) {
    if (is_provider(packet.to) && host(packet.to).up) {
        const NodeId p = packet.to;
        if (const auto* message = std::get_if<PeerMessage>(&packet.body)) {
            check_copy_of(p, message->group, false);
            check_alone(p, message->group);
        } else if (const auto* call = std::get_if<Call>(&packet.body)) {
            check_copy_of(p, call->request.group, false);
        } else if (const auto* recorded = std::get_if<Recorded>(&packet.body)) {
            check_alone(p, recorded->group);
        } else {
            for (const auto& [group, member] : host(p).process.members()) {
                check_copy_of(p, group, false);
            }
        }
    }
    if (!manager_.changed.empty()) check_changed_groups();
    for (const DataId& datum : judge_.news) {
        for (BlockNumber block = 0; block < settings_.at(datum).block_count; ++block) {
            check_copies_of({datum, block});
        }
    }
    judge_.news.clear();
}

// I2.
void World::check_changed_groups() {
    for (const GroupId& group : std::exchange(manager_.changed, {})) {
        const auto open = manager_.open().find(group);
        if (open == manager_.open().end()) continue;
        const GroupRecord& record = open->second;
        for (const Member& member : record.view.members) {
            if (std::ranges::find(record.holders, member) == record.holders.end()) {
                judge_.fail("I2: a member is no holder");
            }
        }
        check_copies_of(group);
        if (choreographed_ && !healed_ && record.view.joiner && dice_.one_in(8)) {
            joiner_full_before_the_next_view(group, record.view);
        }
    }
}

// I1.
void World::check_copies_of(const GroupId& group) {
    const auto open = manager_.open().find(group);
    if (open == manager_.open().end()) return;
    for (const Member& holder : open->second.holders) {
        if (!is_running(holder)) continue;
        const GroupMember* member = host_of(holder).process.member(group);
        if (!member || !member->has_copy()) return judge_.fail("I1: a holder has no copy");
        check_copy_of(node_of(holder.provider), group, true);
    }
}

void World::check_copy_of(NodeId provider, const GroupId& group, bool again) {
    const auto open = manager_.open().find(group);
    if (open == manager_.open().end()) return;
    const SimProvider& process = host(provider).process;
    const GroupMember* member = process.member(group);
    const auto& holders = open->second.holders;
    if (!member || std::ranges::find(holders, process.self()) == holders.end()) return;
    if (!member->has_copy()) return judge_.fail("I1: a holder has no copy");
    const bool in_view = open->second.view.has(process.self());
    const Checked now{process.self().incarnation, member->synced(), member->ledger().lsn,
                      member->segments().size(), in_view};
    Checked& before = checked_[{provider, group}];
    if (now == before && !again) return;
    before = now;
    judge_.check_holder(group, *member, in_view, now_);
}

// I3.
void World::check_alone(NodeId provider, const GroupId& group) {
    const auto serves = [&](NodeId p) {
        const GroupMember* member = host(p).process.member(group);
        return host(p).up && member && member->is_serving(local(p));
    };
    if (!serves(provider) || !manager_.open().contains(group)) return;
    for (NodeId other = 1; other <= kProviders; ++other) {
        if (other != provider && serves(other)) judge_.fail("I3: two leased primaries");
    }
}

// -- at the end
// ------------------------------------------------------------------------------------

void World::check_end() {
    for (const auto& client : clients_) {
        if (!client->is_idle()) judge_.fail("D: a call never ended: " + client->text());
    }
    for (const Slot& slot : slots_) {
        if (slot.datum) check_datum(*slot.datum, slot);
    }
    Directory again;
    for (const Command& command : manager_.history()) again.apply(command);
    if (again != manager_.directory())
        judge_.fail("the directory is not a function of its commands");
}

// I12, and K.
void World::check_datum(const DataId& id, const Slot& slot) {
    const DatumRecord datum = *manager_.directory().find(id);
    const std::string name = "datum " + std::to_string(id.low);
    const Judge::Story& story = judge_.story(id);
    const bool closed = slot.write_once && story.acknowledged > 0;
    if (story.releases_after_heal == 0 && story.writes_after_heal > 2 && !closed) {
        return judge_.fail("D: no release of " + name + " after the faults stopped");
    }
    const Member coordinator = datum.blocks[0].view.members.front();
    for (BlockNumber block = 0; block < slot.blocks; ++block) {
        const View& view = datum.blocks[block].view;
        if (view.members.size() != datum.spec.copies || view.joiner || !view.activated) {
            return judge_.fail("K: " + name + " block " + std::to_string(block) + " has " +
                               std::to_string(view.members.size()) + " copies of " +
                               std::to_string(datum.spec.copies));
        }
    }
    const GroupMember* home = host_of(coordinator).process.member({id, 0});
    if (!home) return judge_.fail("K: the coordinator has no copy");
    for (BlockNumber block = 0; block < slot.blocks; ++block) {
        for (const Member& who : datum.blocks[block].view.members) {
            check_copy_at_rest({id, block}, who, home->ledger());
        }
    }
    if (home->needs_ticks() && slot.blocks == 1) judge_.fail("Q: " + name + " is idle, but ticks");
}

void World::check_copy_at_rest(const GroupId& group, const Member& who, const Ledger& home) {
    const GroupMember* member = host_of(who).process.member(group);
    if (!is_running(who) || !member || !member->has_copy()) {
        return judge_.fail("K: a member has no copy");
    }
    const std::vector<SegmentId> wanted =
        segments_of(home.versions.at(home.newest).blocks[group.block]);
    std::vector<SegmentId> held;
    for (const auto& [segment, bytes] : member->segments()) held.push_back(segment);
    const std::string where = " of block " + std::to_string(group.block) + " at provider " +
                              std::to_string(node_of(who.provider));
    if (!std::ranges::includes(held, wanted)) judge_.fail("N: segments are missing" + where);
    if (held != wanted) {
        judge_.fail("Q: segments leaked" + where + ": " + std::to_string(held.size()) +
                    " instead of " + std::to_string(wanted.size()));
    }
    for (const SegmentId& segment : wanted) {
        if (host_of(who).process.content(segment) != judge_.contents[segment]) {
            judge_.fail("N: wrong content at rest" + where);
        }
    }
    if (group.block != 0) return;
    if (member->ledger() != home) {
        judge_.fail("K: ledgers differ" + where + ": " + std::to_string(member->ledger().lsn) +
                    " entries of " + std::to_string(home.lsn));
    }
    if (home.holder != 0 || !home.shared.empty() || home.versions.size() != 1) {
        judge_.fail("Q: locks or old versions leaked" + where);
    }
}

// Q: the stores hold what copies answer for; and nothing once everything is freed.
void World::check_nothing_left() {
    auto check_stores = [&](const std::string& when) {
        for (NodeId p = 1; p <= kProviders; ++p) {
            const SimProvider& process = providers_[static_cast<std::size_t>(p)].process;
            for (const SegmentId& segment : process.stored()) {
                const GroupMember* member = process.member({segment.datum, segment.block});
                if (!member || !member->holds(segment))
                    judge_.fail("Q: bytes nobody knows of " + when);
            }
            const bool empty = process.stored().empty() && host(p).disk.copies.empty();
            if (when == "at the end" && !empty) judge_.fail("Q: freed data stay");
        }
    };
    check_stores("before the end");
    for (Slot& slot : slots_) free(slot);
    const Time until = now_ + 2 * kSecond;
    while (!events_.empty() && events_.top().at < until) {
        const Event event = events_.top();
        events_.pop();
        now_ = event.at;
        deliver(*event.packet);
    }
    check_stores("at the end");
}

}  // namespace juxta::data::simulation
