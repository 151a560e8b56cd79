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
    const std::vector<GroupId> copies = [&] {
        std::vector<GroupId> groups;
        for (const auto& [group, member] : host.process.members()) {
            if (member.has_copy()) groups.push_back(group);
        }
        return groups;
    }();
    if (!same) host.incarnation += 1;
    if (host.incarnation > 1) judge_.figures.restarts += 1;
    host.up = true;
    host.mute = false;
    Host& node = hosts_[static_cast<std::size_t>(provider)];
    node.paused_until = 0;
    node.offset = dice_.below(1000 * kSecond);
    host.process = SimProvider(provider, host.incarnation);
    host.process.block_counts = &block_counts_;
    if (same) {
        for (const GroupId& group : copies) host.process.reserve(group, block_counts_[group.datum]);
    }
    set_timer(provider, 1);
}

void World::new_client(int index) {
    auto& client = clients_[static_cast<std::size_t>(index)];
    if (client) judge_.forget_trust(client->id());
    const NodeId node = 1 + kProviders + index;
    client = std::make_unique<SimClient>(ClientId{++last_client_},
                                         hosts_[static_cast<std::size_t>(node)].rate, dice_.next(),
                                         judge_);
    client->current_epoch = [this](const GroupId& group) -> Epoch {
        const GroupRecord* record = manager_.directory().find(group);
        return record && !record->view.lost && !record->view.freed ? record->view.epoch : 0;
    };
    set_timer(node, 10 * kMillisecond);
}

// A crash is allowed when every group keeps a running member and holder. Where everything may die,
// the Judge still wants every loss to be real.
bool World::may_kill(NodeId provider) {
    if (massacres_) return true;
    for (const auto& [id, datum] : manager_.directory().data()) {
        if (datum.lost || datum.freed) continue;
        if (fragile_ && datum.spec.copies == 1) {
            endangered_.insert(id);
            continue;
        }
        for (const GroupRecord& group : datum.blocks) {
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
                const bool leaving = group.view.members.size() > datum.spec.copies;
                if (in && (running == 0 || leaving)) return false;
            }
        }
    }
    return true;
}

// I11.
void World::lost(const DataId& id) {
    judge_.figures.losses += 1;
    const DatumRecord& datum = *manager_.directory().find(id);
    const bool real = std::ranges::any_of(datum.blocks, [&](const GroupRecord& group) {
        return std::ranges::none_of(group.holders, [&](const Member& m) { return is_running(m); });
    });
    if (!real) judge_.fail("I11, N: declared lost while a holder lives");
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
    command.bytes = kCellBytes * slot.blocks;
    block_counts_[id] = slot.blocks;
    for (BlockNumber block = 0; block < slot.blocks; ++block) {
        std::vector<Member> members = manager_.candidates(slot.copies, local(kManager));
        std::erase_if(members, [&](const Member& m) { return !is_running(m); });
        if (members.empty()) return;
        for (const Member& m : members) host_of(m).process.reserve({id, block}, slot.blocks);
        command.members.push_back(members);
    }
    Packets out;
    if (!manager_.apply(command, out).accepted) {
        for (BlockNumber block = 0; block < slot.blocks; ++block) {
            for (const Member& m : command.members[block]) {
                host_of(m).process.unreserve({id, block});
            }
        }
        return;
    }
    judge_.figures.allocations += 1;
    judge_.story(id).truth[0] = Blocks(slot.blocks);
    slot.datum = id;
    send(kManager, out);
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
    for (const auto& [id, datum] : manager_.directory().data()) {
        if (datum.lost || datum.freed) continue;
        for (const GroupRecord& group : datum.blocks) {
            for (const Member& member : group.view.members) all.push_back(node_of(member.provider));
        }
    }
    if (all.empty()) return 1;
    return all[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(all.size())))];
}

void World::fault() {
    for (Slot& slot : slots_) {
        if (!slot.datum) allocate(slot);
    }
    const auto draw = dice_.below(24);
    if (draw < 10) {
        provider_fault(draw);
    } else if (draw < 18) {
        network_fault(draw);
    } else {
        other_fault(draw);
    }
    if (massacres_ && dice_.one_in(25)) {
        for (NodeId p = 1; p <= kProviders; ++p) kill(p);
        manager_down_until_ =
            std::max(manager_down_until_, now_ + 1 + dice_.below(500 * kMillisecond));
    }
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
    } else if (dice_.one_in(3)) {
        free(slots_[slot]);
    }
}

void World::heal() {
    healed_ = judge_.healed = true;
    for (auto& row : cut_) row.fill(false);
    for (Host& host : hosts_) host.paused_until = 0;
    for (NodeId p = 1; p <= kProviders; ++p) start(p);
    manager_down_until_ = 0;
    manager_.begin_lead();
    Packets out;
    for (NodeId p = 1; p <= kProviders; ++p) {
        manager_.apply(DrainProvider{provider_at(p), false}, out);
    }
    send(kManager, out);
}

// -- weakenings
// ------------------------------------------------------------------------------------

// `from` says this to the sender of `about`, and does not mean it.
void World::pretend(const Member& from, const PeerMessage& about, PeerBody body) {
    PeerMessage lie{about.group, about.epoch, from, about.from, std::move(body)};
    Packet packet = to_member(about.from, std::move(lie));
    packet.from = node_of(from.provider);
    post(now_ + 200, std::move(packet));
}

bool World::tamper_with_member_message(Packet& packet) {
    PeerMessage& message = std::get<PeerMessage>(packet.body);
    if (weakening_ == Weakening::acks_before_storing) {
        if (const auto* offer = std::get_if<OfferSegment>(&message.body)) {
            pretend(message.to, message, SegmentStored{offer->segment});
            return dice_.one_in(2);
        }
    } else if (weakening_ == Weakening::acks_before_applying) {
        if (const auto* entry = std::get_if<Replicate>(&message.body)) {
            pretend(message.to, message, Replicated{entry->entry.lsn});
        }
    } else if (weakening_ == Weakening::leases_without_promise) {
        if (const auto* beacon = std::get_if<Beacon>(&message.body)) {
            pretend(message.to, message, BeaconOk{beacon->stamp});
            return false;
        }
    } else if (weakening_ == Weakening::lease_from_reply) {
        if (auto* answer = std::get_if<BeaconOk>(&message.body)) {
            answer->stamp = local(packet.to) + 200 * kMillisecond;
        }
    } else if (weakening_ == Weakening::rows_left_out) {
        if (auto* barrier = std::get_if<Barrier>(&message.body)) {
            Ledger poorer = *barrier->ledger;
            poorer.rows.clear();
            barrier->ledger = std::make_shared<const Ledger>(std::move(poorer));
        }
    } else if (weakening_ == Weakening::floor_too_high) {
        if (auto* keep = std::get_if<Keep>(&message.body)) keep->floor += 1;
    } else if (weakening_ == Weakening::joiner_full_at_once) {
        if (std::holds_alternative<Fill>(message.body)) {
            const Full full{message.group, message.epoch, message.to};
            post(now_ + 200, {packet.from, kManager, 0, FromMember{message.from, full}});
        }
    }
    return true;
}

bool World::tamper(Packet& packet) {
    if (std::holds_alternative<PeerMessage>(packet.body)) return tamper_with_member_message(packet);
    const auto* news = std::get_if<News>(&packet.body);
    if (!news || !news->view.primary()) return true;
    const Member primary = *news->view.primary();
    if (weakening_ == Weakening::activation_unasked && !news->view.activated) {
        post(now_ + 1, {node_of(primary.provider), kManager, 0,
                        FromMember{primary, Activated{news->group, news->view.epoch}}});
    }
    if (weakening_ == Weakening::promise_forgotten) {
        for (const Member& holder : manager_.directory().find(news->group)->holders) {
            if (holder == primary) continue;
            PeerMessage lie{news->group, news->view.epoch, holder, primary, SteppedDown{}};
            post(now_ + 2 * kMillisecond, to_member(primary, std::move(lie)));
        }
    }
    return true;
}

}  // namespace juxta::data::simulation
