#include "tests/simulation/world.h"

#include <algorithm>

namespace juxta::data::simulation {
namespace {

constexpr Duration kTick = 40 * kMillisecond;
constexpr Time kHeal = 8 * kSecond, kStop = 13 * kSecond, kFinish = 26 * kSecond;

}  // namespace

World::World(std::uint64_t seed, Weakening weakening)
    : dice_(seed * 7919 + 17), weakening_(weakening), manager_(dice_.next(), weakening) {
    massacres_ = dice_.one_in(5);
    fragile_ = dice_.one_in(3);
    choreographed_ = dice_.one_in(3) || weakening != Weakening::none;
    manager_.on_lost = [this](const DataId& id) { lost(id); };
    const double error = weakening == Weakening::clocks_run_away ? 0.33 : kRho;
    for (Host& host : hosts_) {
        host.rate = 1 - error + 2 * error * static_cast<double>(dice_.below(1001)) / 1000;
        host.offset = dice_.below(1000 * kSecond);
    }
    slots_ = {{3, 1, false, false, {}}, {2, 2, true, false, {}}};
    const Slot others[] = {{1, 1, false, false, {}},
                           {2, 5, dice_.one_in(2), false, {}},
                           {2, 1, dice_.one_in(2), true, {}}};
    slots_.push_back(others[dice_.below(3)]);
    for (NodeId p = 1; p <= kProviders; ++p) start(p);
    for (int c = 0; c < kClients; ++c) new_client(c);
    set_timer(kManager, dice_.below(kTick) + 1);
}

// -- time
// ------------------------------------------------------------------------------------------

Time World::local(NodeId node) const {
    const Host& host = hosts_[static_cast<std::size_t>(node)];
    return host.offset + static_cast<Time>(static_cast<double>(now_) * host.rate);
}

std::uint64_t World::life_of(NodeId node) const {
    if (is_provider(node)) return providers_[static_cast<std::size_t>(node)].incarnation;
    if (is_client(node))
        return clients_[static_cast<std::size_t>(node - kProviders - 1)]->id().value;
    return 0;
}

void World::post(Time at, Packet packet) {
    events_.push({at, ++posted_, std::make_shared<Packet>(std::move(packet))});
}

void World::set_timer(NodeId node, Duration after) {
    const double rate = hosts_[static_cast<std::size_t>(node)].rate;
    post(now_ + 1 + static_cast<Time>(static_cast<double>(after) / rate),
         {node, node, 0, Timer{life_of(node)}});
}

// -- network
// ---------------------------------------------------------------------------------------

Duration World::delay() {
    Duration d = 80 + dice_.below(300);
    if (dice_.one_in(150)) d += dice_.below(60 * kMillisecond);
    if (dice_.one_in(2000)) d += dice_.below(1500 * kMillisecond);
    return d;
}

void World::send(NodeId from, Packets& packets) {
    for (Packet& packet : packets) {
        packet.from = from;
        const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(packet.to);
        if (!healed_ && weakening_ != Weakening::none && !tamper(packet)) continue;
        if (from != packet.to && (cut_[f][t] || (!healed_ && dice_.one_in(100)))) continue;
        if (from != packet.to && dice_.one_in(150)) {
            post(now_ + delay() + dice_.below(400 * kMillisecond), packet);
        }
        post(now_ + (from == packet.to ? 1 : delay() + slow_[f][t]), std::move(packet));
    }
    packets.clear();
}

World::ProviderHost& World::host_of(const Member& member) {
    return providers_[static_cast<std::size_t>(node_of(member.provider))];
}

bool World::is_running(const Member& member) const {
    const ProviderHost& host = providers_[static_cast<std::size_t>(node_of(member.provider))];
    return host.up && host.incarnation == member.incarnation;
}

// -- delivery
// --------------------------------------------------------------------------------------

void World::deliver(const Packet& packet) {
    Packets out;
    if (packet.to == kManager) {
        deliver_to_manager(packet, out);
    } else if (is_provider(packet.to)) {
        deliver_to_provider(packet, out);
    } else {
        deliver_to_client(packet, out);
    }
    send(packet.to, out);
}

void World::deliver_to_manager(const Packet& packet, Packets& out) {
    const bool timer = std::holds_alternative<Timer>(packet.body);
    if (timer) set_timer(kManager, kTick);
    if (now_ < manager_down_until_) return;
    if (manager_down_until_ != 0) {
        manager_down_until_ = 0;
        manager_.begin_lead();
    }
    if (timer) {
        manager_.tick(local(kManager), out);
    } else {
        manager_.receive(packet, local(kManager), out);
    }
}

void World::deliver_to_provider(const Packet& packet, Packets& out) {
    ProviderHost& host = providers_[static_cast<std::size_t>(packet.to)];
    if (const auto* timer = std::get_if<Timer>(&packet.body)) {
        if (!host.up || timer->life != host.incarnation) return;
        set_timer(packet.to, durations_.beacon());
        return host.process.tick(local(packet.to), out);
    }
    const bool there =
        host.up && (packet.to_incarnation == 0 || packet.to_incarnation == host.incarnation);
    if (there) return host.process.receive(packet, local(packet.to), out);
    // Refused, unless the host is dark. Somebody newer at the address is a refusal as well (A5).
    const bool dark = !host.up && host.mute;
    const bool over =
        packet.to_incarnation != 0 && (packet.to_incarnation < host.incarnation || !host.up);
    const auto back =
        cut_[static_cast<std::size_t>(packet.to)][static_cast<std::size_t>(packet.from)];
    if (dark || !over || back) return;
    const Member who{provider_at(packet.to), packet.to_incarnation};
    post(now_ + 200, {packet.to, packet.from, 0, Refused{who}});
}

void World::deliver_to_client(const Packet& packet, Packets& out) {
    SimClient& client = *clients_[static_cast<std::size_t>(packet.to - kProviders - 1)];
    if (const auto* timer = std::get_if<Timer>(&packet.body)) {
        if (timer->life != client.id().value) return;
        set_timer(packet.to, kTick);
        return client.tick(targets(), local(packet.to), now_, out);
    }
    client.receive(packet, local(packet.to), now_, out);
}

std::vector<SimClient::Target> World::targets() const {
    std::vector<SimClient::Target> all;
    for (const Slot& slot : slots_) {
        if (slot.datum) all.push_back({*slot.datum, slot.blocks});
    }
    return all;
}

// -- the history
// -----------------------------------------------------------------------------------

void World::step(const Event& event) {
    now_ = event.at;
    const Host& host = hosts_[static_cast<std::size_t>(event.packet->to)];
    if (host.paused_until > now_) {
        events_.push({host.paused_until + dice_.below(100), ++posted_, event.packet});
        return;
    }
    judge_.figures.events += 1;
    deliver(*event.packet);
    check_step(*event.packet);
}

void World::plan(Duration after, std::function<void()> action) {
    plans_.emplace(now_ + after, std::move(action));
}

void World::follow_plans(Time at) {
    while (!plans_.empty() && plans_.begin()->first <= at) {
        const auto next = plans_.extract(plans_.begin());
        now_ = std::max(now_, next.key());
        next.mapped()();
    }
    for (NodeId p = 1; p <= kProviders; ++p) {
        const Time restart_at = host(p).restart_at;
        if (restart_at != 0 && at >= restart_at) start(p);
    }
}

std::string World::play() {
    Time next_fault = 700 * kMillisecond;
    bool stopped = false;
    while (!events_.empty() && judge_.failure.empty()) {
        const Event event = events_.top();
        if (event.at >= kFinish) break;
        if (!healed_) follow_plans(event.at);
        if (!healed_ && event.at >= next_fault) {
            now_ = std::max(now_, next_fault);
            next_fault += 20 * kMillisecond + dice_.below(500 * kMillisecond);
            fault();
        }
        if (!healed_ && event.at >= kHeal) heal();
        if (!stopped && event.at >= kStop) {
            stopped = true;
            for (auto& client : clients_) client->stop();
        }
        if (events_.top().number != event.number) continue;  // something earlier was posted
        events_.pop();
        step(event);
    }
    if (judge_.failure.empty()) check_end();
    if (judge_.failure.empty() && dice_.one_in(4)) check_nothing_left();
    judge_.figures.seconds += static_cast<double>(now_) / kSecond;
    judge_.figures.views += manager_.views;
    judge_.figures.reinstated += manager_.reinstated;
    return judge_.failure;
}

}  // namespace juxta::data::simulation
