#include <algorithm>

#include "tests/simulation/world.h"

namespace juxta::data::simulation {

// -- processes
// -------------------------------------------------------------------------------------

void World::kill(NodeId provider) {
    ProviderHost& host = providers_[static_cast<std::size_t>(provider)];
    if (!host.up) return;
    host.up = false;
    host.mute = dice_.one_in(3);
    host.restart_at =
        dice_.one_in(4) ? now_ + 5 * kMillisecond + dice_.below(300 * kMillisecond) : 0;
    judge_.figures.kills += 1;
}

void World::start(NodeId provider) {
    ProviderHost& host = providers_[static_cast<std::size_t>(provider)];
    host.restart_at = 0;
    if (host.up) return;
    const bool same = weakening_ == Weakening::same_identity && host.incarnation > 0 && !healed_;
    std::vector<GroupId> copies;
    for (const auto& [group, member] : host.process.members()) {
        if (member.has_copy()) copies.push_back(group);
    }
    prepare_disk(provider);
    if (!same) host.incarnation += 1;
    if (host.incarnation > 1) judge_.figures.restarts += 1;
    host.up = true;
    host.mute = false;
    Host& node = hosts_[static_cast<std::size_t>(provider)];
    node.paused_until = 0;
    node.offset = dice_.below(1000 * kSecond);
    host.process = SimProvider(provider, host.incarnation, settings_, host.disk, weakening_);
    if (same) {
        for (const GroupId& group : copies) host.process.reserve(group);
    } else {
        host.process.take_back_copies(local(provider));
    }
    set_timer(provider, 1);
}

// What a new process finds: the disk, mostly; a new one, if nothing is lost by that.
void World::prepare_disk(NodeId provider) {
    ProviderHost& host = providers_[static_cast<std::size_t>(provider)];
    Disk today = host.disk;
    const bool goes = dice_.one_in(6) && may_lose_disk(provider);
    if (!goes && host.incarnation > 0) judge_.figures.disks += 1;
    if (goes) host.disk = {};
    if (goes && weakening_ == Weakening::disk_lost_untold) {
        for (const auto& [group, saved] : today.copies) {
            SavedCopy empty = saved;
            empty.ledger = Ledger::fresh(settings_.at(group.datum).block_count);
            host.disk.copies[group] = empty;
        }
    }
    if (weakening_ == Weakening::disk_of_yesterday && !healed_ && dice_.one_in(3)) {
        for (const auto& [group, saved] : host.disk_of_before.copies) {
            const auto now = host.disk.copies.find(group);
            if (now == host.disk.copies.end()) continue;
            const Incarnation written_by = now->second.written_by;
            now->second = saved;
            now->second.written_by = written_by;
        }
    }
    host.disk_of_before = std::move(today);
}

void World::new_client(int index) {
    auto& client = clients_[static_cast<std::size_t>(index)];
    if (client) judge_.forget_trust(client->id());
    const NodeId node = 1 + kProviders + index;
    client = std::make_unique<SimClient>(ClientId{++last_client_},
                                         hosts_[static_cast<std::size_t>(node)].rate, dice_.next(),
                                         judge_);
    client->current_epoch = [this](const GroupId& group) -> Epoch {
        const auto record = manager_.directory().find(group);
        return record && !record->view.lost && !record->view.freed ? record->view.epoch : 0;
    };
    set_timer(node, 10 * kMillisecond);
}

// Whether `provider` is of the group, and nobody else of it runs.
bool World::is_last_without(NodeId provider, const GroupRecord& group) const {
    for (const auto* list : {&group.view.members, &group.holders}) {
        bool in = false;
        int running = 0;
        for (const Member& member : *list) {
            if (member.provider == provider_at(provider)) {
                in = true;
            } else if (is_running(member)) {
                running += 1;
            }
        }
        if (in && running == 0) return true;
    }
    return false;
}

bool World::may_lose_disk(NodeId provider) const {
    return std::ranges::none_of(manager_.open(), [&](const auto& open) {
        const auto& [group, record] = open;
        return settings_.at(group.datum).durable && is_last_without(provider, record);
    });
}

// A crash of volatile copies is allowed when every group keeps a running member and holder. Where
// everything may die, the Judge still wants every loss to be real.
bool World::may_kill(NodeId provider) {
    if (massacres_) return true;
    for (const auto& [group, record] : manager_.open()) {
        if (settings_.at(group.datum).durable) continue;
        const auto datum = manager_.directory().find(group.datum);
        const std::size_t copies = datum->spec.copies;
        if (fragile_ && copies == 1) {
            endangered_.insert(group.datum);
            continue;
        }
        const bool of_it = record.names(provider_at(provider));
        const bool leaving = record.view.members.size() > copies;
        if (of_it && (leaving || is_last_without(provider, record))) return false;
    }
    return true;
}

// I11.
void World::lost(const DataId& id) {
    judge_.figures.losses += 1;
    const auto datum = manager_.directory().find(id);
    const bool real = std::ranges::any_of(datum->blocks, [&](const GroupRecord& group) {
        return std::ranges::none_of(group.holders, [&](const Member& m) { return is_running(m); });
    });
    if (!real) judge_.fail("I11, N: declared lost while a holder lives");
    if (datum->spec.durable) judge_.fail("I11, N: durable and lost, with a disk left");
    if (!massacres_ && !endangered_.contains(id)) judge_.fail("N: lost without losing all copies");
    for (Slot& slot : slots_) {
        if (slot.datum == id) slot.datum.reset();
    }
}

// -- data
// ------------------------------------------------------------------------------------------

void World::allocate(Slot& slot) {
    if (now_ < manager_down_until_ || manager_down_until_ != 0) return;
    const DataId id{Id128{1, ++last_datum_}};
    AllocateDatum command;
    command.request = RequestId{Id128{2, last_datum_}};
    command.id = id;
    command.spec.copies = slot.copies;
    command.spec.durable = slot.durable;
    if (slot.blocks > 1) command.spec.block_bytes.assign(slot.blocks, kCellBytes);
    command.bytes = kCellBytes * slot.blocks;
    settings_[id] = {slot.blocks, slot.durable, slot.write_once};
    for (BlockNumber block = 0; block < slot.blocks; ++block) {
        std::vector<Member> members = manager_.candidates(command.spec, local(kManager));
        std::erase_if(members, [&](const Member& m) { return !is_running(m); });
        if (members.empty()) return give_up(command);
        for (const Member& m : members) host_of(m).process.reserve({id, block});
        command.members.push_back(members);
    }
    Packets out;
    if (!manager_.apply(command, out).accepted) return give_up(command);
    judge_.figures.allocations += 1;
    judge_.story(id).truth[0] = Blocks(slot.blocks);
    judge_.story(id).write_once = slot.write_once;
    slot.datum = id;
    send(kManager, out);
}

void World::give_up(const AllocateDatum& command) {
    for (BlockNumber block = 0; block < command.members.size(); ++block) {
        for (const Member& m : command.members[block]) {
            host_of(m).process.unreserve({command.id, block});
        }
    }
}

void World::free(Slot& slot) {
    if (!slot.datum || manager_down_until_ != 0) return;
    Packets out;
    manager_.apply(FreeDatum{*slot.datum}, out);
    slot.datum.reset();
    send(kManager, out);
}

// -- faults
// ----------------------------------------------------------------------------------------

NodeId World::some_member() {
    std::vector<NodeId> all;
    for (const auto& [group, record] : manager_.open()) {
        for (const Member& member : record.view.members) all.push_back(node_of(member.provider));
    }
    if (all.empty()) return 1;
    return all[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(all.size())))];
}

void World::fault() {
    for (Slot& slot : slots_) {
        if (!slot.datum) allocate(slot);
    }
    if (choreographed_ && dice_.one_in(4)) choreography();
    const auto draw = dice_.below(25);
    if (draw < 10) {
        provider_fault(draw);
    } else if (draw < 18) {
        network_fault(draw);
    } else {
        other_fault(draw);
    }
    if (massacres_ && dice_.one_in(25)) kill_everything();
}

void World::kill_everything() {
    for (NodeId p = 1; p <= kProviders; ++p) kill(p);
    manager_down_until_ = std::max(manager_down_until_, now_ + 1 + dice_.below(500 * kMillisecond));
}

void World::provider_fault(std::int64_t draw) {
    if (draw < 6) {
        const NodeId one =
            dice_.one_in(4) ? 1 + static_cast<NodeId>(dice_.below(kProviders)) : some_member();
        if (may_kill(one)) kill(one);
        const NodeId other = some_member();
        if (dice_.one_in(3) && may_kill(other)) kill(other);
        return;
    }
    for (int i = 0; i < 2; ++i) start(1 + static_cast<NodeId>(dice_.below(kProviders)));
}

void World::network_fault(std::int64_t draw) {
    if (draw < 12) {  // one way or both, between any two
        const auto a = static_cast<std::size_t>(dice_.below(kNodes));
        const auto b =
            static_cast<std::size_t>(dice_.one_in(2) ? some_member() : dice_.below(kNodes));
        if (a == b) return;
        cut_[a][b] = true;
        if (dice_.one_in(2)) cut_[b][a] = true;
    } else if (draw < 13) {  // a member sees clients only
        const auto p = static_cast<std::size_t>(some_member());
        for (std::size_t n = 0; n <= kProviders; ++n) {
            if (n != p) cut_[n][p] = cut_[p][n] = true;
        }
    } else if (draw < 14) {  // a member out of the manager's sight
        const auto p = static_cast<std::size_t>(some_member());
        cut_[p][kManager] = true;
        if (dice_.one_in(2)) cut_[kManager][p] = true;
    } else if (draw < 17) {
        for (auto& row : cut_) row.fill(false);
        for (auto& row : slow_) row.fill(0);
    } else {
        hosts_[static_cast<std::size_t>(some_member())].paused_until =
            now_ + dice_.below(1500 * kMillisecond);
    }
}

void World::other_fault(std::int64_t draw) {
    const auto slot =
        static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(slots_.size())));
    if (draw < 19) {
        const int client = static_cast<int>(dice_.below(kClients));
        if (dice_.one_in(2)) return new_client(client);
        hosts_[static_cast<std::size_t>(1 + kProviders + client)].paused_until =
            now_ + dice_.below(2500 * kMillisecond);
    } else if (draw < 20) {
        manager_down_until_ = now_ + 200 * kMillisecond + dice_.below(1300 * kMillisecond);
        judge_.figures.outages += 1;
    } else if (draw < 23) {
        if (manager_down_until_ != 0) return;
        Packets out;
        const NodeId p = 1 + static_cast<NodeId>(dice_.below(kProviders));
        if (draw < 22) {
            manager_.apply(DrainProvider{provider_at(p), dice_.one_in(2)}, out);
        } else if (slots_[slot].datum) {
            ChangeDatum change;
            change.id = *slots_[slot].datum;
            change.copies = static_cast<std::uint16_t>(1 + dice_.below(4));
            manager_.apply(change, out);
        }
        send(kManager, out);
    } else if (draw < 24) {
        if (dice_.one_in(3)) free(slots_[slot]);
    } else {
        slow_answers();
    }
}

void World::heal() {
    healed_ = judge_.healed = true;
    for (auto& row : cut_) row.fill(false);
    for (auto& row : slow_) row.fill(0);
    for (Host& host : hosts_) host.paused_until = 0;
    plans_.clear();
    for (NodeId p = 1; p <= kProviders; ++p) start(p);
    manager_down_until_ = 0;
    manager_.begin_lead();
    Packets out;
    for (NodeId p = 1; p <= kProviders; ++p) {
        manager_.apply(DrainProvider{provider_at(p), false}, out);
    }
    send(kManager, out);
}

}  // namespace juxta::data::simulation
