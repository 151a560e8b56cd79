// One history: virtual time, a faulty network, faults drawn from a seed, and the real machines
// GroupMember, Directory and Overseer in between. The same seed gives the same history.
//
// For ten seconds things go wrong; then all is healed, clients go on for a while, stop, and in the
// end everything must be in order: copies, ledgers, segments, nothing left over.
#pragma once

#include <array>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/judge.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_manager.h"
#include "tests/simulation/sim_provider.h"
#include "tests/simulation/weakening.h"

namespace juxta::data::simulation {

class World {
public:
    World(std::uint64_t seed, Weakening weakening);

    // Plays the history. Returns what broke, or nothing.
    std::string play();

    const Figures& figures() const { return judge_.figures; }

private:
    struct Event {
        Time at = 0;
        std::uint64_t number = 0;
        std::shared_ptr<Packet> packet;
        bool operator<(const Event& o) const { return at != o.at ? at > o.at : number > o.number; }
    };
    struct Host {  // what can happen to any process
        double rate = 1;
        Time offset = 0;
        Time paused_until = 0;
    };
    struct ProviderHost {
        SimProvider process;
        Incarnation incarnation = 0;
        bool up = false;
        bool mute = false;    // dead in the dark: connections are not even refused
        Time restart_at = 0;  // a supervisor restarts it
    };
    struct Slot {  // a place for data, one at a time
        std::uint16_t copies = 1;
        std::uint32_t blocks = 1;
        std::optional<DataId> datum;
    };

    // -- time and network: world.cc
    Time local(NodeId node) const;
    std::uint64_t life_of(NodeId node) const;
    void post(Time at, Packet packet);
    void set_timer(NodeId node, Duration after);
    void send(NodeId from, Packets& packets);
    Duration delay();
    void step(const Event& event);
    void deliver(const Packet& packet);
    void deliver_to_manager(const Packet& packet, Packets& out);
    void deliver_to_provider(const Packet& packet, Packets& out);
    void deliver_to_client(const Packet& packet, Packets& out);
    std::vector<SimClient::Target> targets() const;
    ProviderHost& host_of(const Member& member);
    bool is_running(const Member& member) const;

    // -- what goes wrong: world_faults.cc
    void fault();
    void provider_fault(std::int64_t draw);
    void network_fault(std::int64_t draw);
    void other_fault(std::int64_t draw);
    void kill(NodeId provider);
    void start(NodeId provider);
    bool may_kill(NodeId provider);
    void new_client(int index);
    void allocate(Slot& slot);
    void free(Slot& slot);
    void heal();
    NodeId some_member();
    void lost(const DataId& id);
    // False: the packet goes no further.
    bool tamper(Packet& packet);
    bool tamper_with_member_message(Packet& packet);
    void pretend(const Member& from, const PeerMessage& about, PeerBody body);

    // -- what must hold: world_checks.cc
    void audit();
    void audit_holder(const GroupId& group, const GroupMember& member);
    void check_end();
    void check_datum(const DataId& id, const Slot& slot);
    void check_copy(const GroupId& group, const Member& who, const Ledger& home);
    void check_nothing_left();

    Dice dice_;
    Weakening weakening_;
    Durations durations_ = simulated_durations();
    Time now_ = 0;
    std::uint64_t posted_ = 0;
    std::priority_queue<Event> events_;

    Judge judge_;
    SimManager manager_;
    Time manager_down_until_ = 0;
    std::array<ProviderHost, kProviders + 1> providers_;
    std::array<std::unique_ptr<SimClient>, kClients> clients_;
    std::array<Host, kNodes> hosts_;
    std::array<std::array<bool, kNodes>, kNodes> cut_{};
    std::vector<Slot> slots_;
    std::map<DataId, std::uint32_t> block_counts_;
    std::uint64_t last_client_ = 0;
    std::uint64_t last_datum_ = 0;

    bool massacres_ = false;  // everything may die
    bool fragile_ = false;    // the last copy of single-copy data may die
    bool healed_ = false;
    std::set<DataId> endangered_;  // single copies that were killed
};

}  // namespace juxta::data::simulation
