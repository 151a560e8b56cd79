// The manager of the simulation: the component around Directory and Overseer. The directory
// outlives an outage; the overseer does not.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "data_service/core/directory.h"
#include "data_service/core/overseer.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/packet.h"
#include "tests/simulation/weakening.h"

namespace juxta::data::simulation {

class SimManager {
public:
    SimManager(std::uint64_t seed, Weakening weakening);

    void tick(Time now, Packets& out);
    void receive(const Packet& packet, Time now, Packets& out);
    void begin_lead();  // after an outage

    Applied apply(const Command& command, Packets& out);
    std::vector<Member> candidates(const DataSpec& spec, Time now) const;
    void look_at_all();

    const Directory& directory() const { return directory_; }
    const std::vector<Command>& history() const { return history_; }
    // The groups that are neither lost nor freed, as the directory has them.
    const std::map<GroupId, GroupRecord>& open() const { return open_; }

    std::function<void(const DataId&)> on_lost;
    std::set<GroupId> changed;  // views, activations or holders; taken by who checks them
    std::int64_t views = 0;
    std::int64_t reinstated = 0;

private:
    void review(Time now, Packets& out);
    void on_beat(const Beat& beat, Time now, Packets& out);
    void on_offers(const Beat& beat, Packets& out);
    void on_member(const FromMember& from, Packets& out);
    Views views_of(const DataId& datum) const;
    void note(const GroupId& group);

    Durations durations_ = simulated_durations();
    Weakening weakening_;
    Directory directory_;
    std::vector<Command> history_;
    std::map<GroupId, GroupRecord> open_;
    Dice dice_;
    std::optional<Overseer> overseer_;
    std::set<GroupId> unsettled_;
    std::set<Member> offers_taken_;  // by this leader
};

}  // namespace juxta::data::simulation
