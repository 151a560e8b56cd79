#include <algorithm>

#include "tests/simulation/world.h"

namespace juxta::data::simulation {

// At any time. I1: every holder has every acknowledged version, row and segment. I2: members are
// holders. I3: one primary is active and leased.
void World::audit() {
    for (const auto& [id, datum] : manager_.directory().data()) {
        if (datum.lost || datum.freed) continue;
        for (BlockNumber block = 0; block < datum.blocks.size(); ++block) {
            const GroupId group{id, block};
            const GroupRecord& record = datum.blocks[block];
            for (const Member& member : record.view.members) {
                if (std::ranges::find(record.holders, member) == record.holders.end()) {
                    judge_.fail("I2: a member is no holder");
                }
            }
            int leased = 0;
            for (NodeId p = 1; p <= kProviders; ++p) {
                const ProviderHost& host = providers_[static_cast<std::size_t>(p)];
                const GroupMember* member = host.process.member(group);
                const bool frozen = hosts_[static_cast<std::size_t>(p)].paused_until > now_;
                if (host.up && !frozen && member && member->is_serving(local(p))) leased += 1;
            }
            if (leased > 1) judge_.fail("I3: two leased primaries");
            for (const Member& holder : record.holders) {
                if (!is_running(holder)) continue;
                const GroupMember* member = host_of(holder).process.member(group);
                if (!member || !member->has_copy()) {
                    judge_.fail("I1: a holder has no copy");
                } else {
                    audit_holder(group, *member);
                }
            }
        }
    }
}

void World::audit_holder(const GroupId& group, const GroupMember& member) {
    const Judge::Story& story = judge_.story(group.datum);
    if (group.block == 0) judge_.check_ledger(group.datum, member.ledger(), now_);
    const auto newest = story.truth.find(story.acknowledged);
    if (newest == story.truth.end()) return;
    for (const SegmentId& segment : segments_of(newest->second[group.block])) {
        if (!member.holds(segment) && member.accepts(segment)) {
            judge_.fail("I1, N: a holder lacks an acknowledged segment");
        }
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
    const DatumRecord& datum = *manager_.directory().find(id);
    const std::string name = "datum " + std::to_string(id.low);
    const Judge::Story& story = judge_.story(id);
    if (story.releases_after_heal == 0 && story.writes_after_heal > 2) {
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
            check_copy({id, block}, who, home->ledger());
        }
    }
    if (home->needs_ticks() && slot.blocks == 1) judge_.fail("Q: " + name + " is idle, but ticks");
}

void World::check_copy(const GroupId& group, const Member& who, const Ledger& home) {
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
    const auto& store = host_of(who).process.store();
    for (const SegmentId& segment : wanted) {
        const auto content = store.find(segment);
        if (content == store.end() || content->second != judge_.contents[segment]) {
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
            for (const auto& [segment, content] : process.store()) {
                const GroupMember* member = process.member({segment.datum, segment.block});
                if (!member || !member->holds(segment))
                    judge_.fail("Q: bytes nobody knows of " + when);
            }
            if (when == "at the end" && !process.store().empty()) {
                judge_.fail("Q: bytes of freed data stay");
            }
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
