// Courses of events that chance alone brings too rarely: each is what some rule of the protocol is
// there for.
#include "tests/simulation/world.h"

namespace juxta::data::simulation {

void World::choreography() {
    switch (dice_.below(4)) {
        case 0: return unseen_primary_with_forgetful_backup();
        case 1: return primary_that_commits_alone();
        case 2: return holder_that_sleeps_through_a_failover();
        default: return slow_answers();
    }
}

// With a backup at least, or none.
const GroupRecord* World::some_group(bool durable, bool home) {
    std::vector<const GroupRecord*> all;
    for (const auto& [group, record] : manager_.open()) {
        if (durable && !settings_.at(group.datum).durable) continue;
        if (home && group.block != 0) continue;
        if (record.view.members.size() > 1) all.push_back(&record);
    }
    if (all.empty()) return nullptr;
    return all[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(all.size())))];
}

// Clients still reach it.
void World::isolate(NodeId provider) {
    const auto p = static_cast<std::size_t>(provider);
    for (std::size_t n = 0; n <= kProviders; ++n) {
        if (n != p) cut_[n][p] = cut_[p][n] = true;
    }
}

// The manager loses sight of a primary; its backup, which has promised to it, is killed and comes
// back at once with its disk.
void World::unseen_primary_with_forgetful_backup() {
    const GroupRecord* group = some_group(true, true);
    if (!group) return;
    const auto p = static_cast<std::size_t>(node_of(group->view.members[0].provider));
    const NodeId backup = node_of(group->view.members[1].provider);
    cut_[p][kManager] = cut_[kManager][p] = true;
    cut_[p][static_cast<std::size_t>(backup)] = cut_[static_cast<std::size_t>(backup)][p] = false;
    plan(250 * kMillisecond + dice_.below(300 * kMillisecond),
         [this, backup] { kill_and_restart(backup); });
}

// A coordinator whose entries reach nobody any more dies while its lease lasts; or they reach the
// next coordinator, and not the third.
void World::primary_that_commits_alone() {
    const GroupRecord* group = some_group(false, true);
    if (!group) return;
    const std::vector<Member>& members = group->view.members;
    const NodeId primary = node_of(members[0].provider);
    if (members.size() > 2 && dice_.one_in(2)) {
        const NodeId third = node_of(members[2].provider);
        cut_[static_cast<std::size_t>(primary)][static_cast<std::size_t>(third)] = true;
        plan(20 * kMillisecond + dice_.below(150 * kMillisecond),
             [this, primary] { kill_and_restart(primary); });
        return;
    }
    for (NodeId n = 0; n <= kProviders; ++n) {
        if (n != primary)
            cut_[static_cast<std::size_t>(primary)][static_cast<std::size_t>(n)] = true;
    }
    plan(100 * kMillisecond + dice_.below(200 * kMillisecond),
         [this, primary] { kill_and_restart(primary); });
}

// Its coordinator is cut off and breaks the lock alone; another one takes over and does not. The
// answers of the one and the way to the other are slow.
void World::holder_that_sleeps_through_a_failover() {
    for (int c = 0; c < kClients; ++c) {
        const SimClient& client = *clients_[static_cast<std::size_t>(c)];
        if (!client.is_about_to_release()) continue;
        const auto open = manager_.open().find({client.datum(), 0});
        if (open == manager_.open().end() || open->second.view.members.size() < 2) continue;
        const auto node = static_cast<std::size_t>(1 + kProviders + c);
        const NodeId primary = node_of(open->second.view.members[0].provider);
        isolate(primary);
        hosts_[node].paused_until = now_ + 950 * kMillisecond + dice_.below(300 * kMillisecond);
        for (NodeId n = 1; n <= kProviders; ++n) {
            const auto p = static_cast<std::size_t>(n);
            slow_[p][node] = n == primary ? 260 * kMillisecond : 0;
            slow_[node][p] = n == primary ? 0 : 150 * kMillisecond;
        }
        return;
    }
}

// Seen by all, and soon repaired.
void World::kill_and_restart(NodeId provider) {
    if (!may_kill(provider)) return;
    kill(provider);
    host(provider).mute = false;
    host(provider).restart_at = now_ + 2 * kMillisecond + dice_.below(40 * kMillisecond);
}

// The word that a joiner is full is slow; the joiner is cut off from its primary, and the view
// changes, before it arrives.
void World::joiner_full_before_the_next_view(const GroupId& group, const View& view) {
    if (view.members.size() < 2 || !view.joiner || !view.activated) return;
    const auto primary = static_cast<std::size_t>(node_of(view.members[0].provider));
    const auto joiner = static_cast<std::size_t>(node_of(view.joiner->provider));
    const NodeId backup = node_of(view.members[1].provider);
    slow_[primary][kManager] = 400 * kMillisecond;
    plan(15 * kMillisecond, [=, this] {
        const auto open = manager_.open().find(group);
        if (open == manager_.open().end() || open->second.view.epoch != view.epoch) return;
        slow_[primary][kManager] = 0;
        cut_[primary][joiner] = true;
        if (!may_kill(backup)) return;
        kill(backup);
        host(backup).mute = false;
    });
}

// So slow that requests are repeated before their answers come.
void World::slow_answers() {
    const auto from = static_cast<std::size_t>(some_member());
    const auto to = static_cast<std::size_t>(1 + kProviders + dice_.below(kClients));
    slow_[from][to] = 50 * kMillisecond + dice_.below(250 * kMillisecond);
}

}  // namespace juxta::data::simulation
