// One history: virtual time, a faulty network, faults drawn from a seed, and the real machines
// GroupMember, Directory and Overseer in between. The same seed gives the same history.
//
// For eight seconds things go wrong; then all is healed, clients go on for a while, stop, and in
// the end everything must be in order: copies, ledgers, segments, nothing left over.
#pragma once

#include <array>
#include <functional>
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
        Disk disk;
        Disk disk_of_before;  // as of the start before
        Incarnation incarnation = 0;
        bool up = false;
        bool mute = false;    // dead in the dark: connections are not even refused
        Time restart_at = 0;  // a supervisor restarts it
    };
    struct Slot {  // a place for data, one at a time
        std::uint16_t copies = 1;
        std::uint32_t blocks = 1;
        bool durable = false;
        bool write_once = false;
        std::optional<DataId> datum;
    };
    // What of a copy has been checked already.
    struct Checked {
        Incarnation incarnation = 0;
        Epoch synced = 0;
        Lsn lsn = 0;
        std::size_t segments = 0;
        bool in_view = false;
        friend bool operator==(const Checked&, const Checked&) = default;
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
    void plan(Duration after, std::function<void()> action);
    void follow_plans(Time at);
    std::vector<SimClient::Target> targets() const;
    ProviderHost& host_of(const Member& member);
    ProviderHost& host(NodeId provider) { return providers_[static_cast<std::size_t>(provider)]; }
    bool is_running(const Member& member) const;

    // -- what goes wrong: world_faults.cc
    void fault();
    void provider_fault(std::int64_t draw);
    void network_fault(std::int64_t draw);
    void other_fault(std::int64_t draw);
    void kill(NodeId provider);
    void kill_everything();
    void start(NodeId provider);
    void prepare_disk(NodeId provider);
    bool is_last_without(NodeId provider, const GroupRecord& group) const;
    bool may_kill(NodeId provider);
    bool may_lose_disk(NodeId provider) const;
    void new_client(int index);
    void allocate(Slot& slot);
    void give_up(const AllocateDatum& command);
    void free(Slot& slot);
    void heal();
    NodeId some_member();
    void lost(const DataId& id);

    // -- rare courses of events, put together on purpose: world_choreographies.cc
    void choreography();
    const GroupRecord* some_group(bool durable, bool home);
    void isolate(NodeId provider);
    void unseen_primary_with_forgetful_backup();
    void primary_that_commits_alone();
    void holder_that_sleeps_through_a_failover();
    void slow_answers();
    void joiner_full_before_the_next_view(const GroupId& group, const View& view);
    void kill_and_restart(NodeId provider);

    // -- what goes wrong under a weakening: world_weakenings.cc
    // False: the packet goes no further.
    bool tamper(Packet& packet);
    bool tamper_with_member_message(Packet& packet);
    bool tamper_with_news(Packet& packet);
    void pretend(const Member& from, const PeerMessage& about, PeerBody body);

    // -- what must hold: world_checks.cc
    void check_step(const Packet& packet);
    void check_changed_groups();
    void check_copies_of(const GroupId& group);
    void check_copy_of(NodeId provider, const GroupId& group, bool again);
    void check_alone(NodeId provider, const GroupId& group);
    void check_end();
    void check_datum(const DataId& id, const Slot& slot);
    void check_copy_at_rest(const GroupId& group, const Member& who, const Ledger& home);
    void check_nothing_left();

    Dice dice_;
    Weakening weakening_;
    Durations durations_ = simulated_durations();
    Time now_ = 0;
    std::uint64_t posted_ = 0;
    std::priority_queue<Event> events_;
    std::multimap<Time, std::function<void()>> plans_;  // while things go wrong

    Judge judge_;
    SimManager manager_;
    Time manager_down_until_ = 0;
    std::array<ProviderHost, kProviders + 1> providers_;
    std::array<std::unique_ptr<SimClient>, kClients> clients_;
    std::array<Host, kNodes> hosts_;
    std::array<std::array<bool, kNodes>, kNodes> cut_{};
    std::array<std::array<Duration, kNodes>, kNodes> slow_{};
    std::vector<Slot> slots_;
    SimProvider::Settings settings_;
    std::map<std::pair<NodeId, GroupId>, Checked> checked_;
    std::uint64_t last_client_ = 0;
    std::uint64_t last_datum_ = 0;

    bool massacres_ = false;      // everything may die
    bool fragile_ = false;        // the last copy of single-copy data may die
    bool choreographed_ = false;  // rare courses of events are frequent
    bool healed_ = false;
    std::set<DataId> endangered_;  // single copies that were killed
};

}  // namespace juxta::data::simulation
