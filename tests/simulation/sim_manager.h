// The manager of the simulation: the component around Directory and Overseer. The directory
// outlives an outage; the overseer does not.
#pragma once

#include <functional>
#include <optional>

#include "data_service/core/directory.h"
#include "data_service/core/overseer.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/packet.h"

namespace juxta::data::simulation {

class SimManager {
public:
    explicit SimManager(std::uint64_t seed);

    void tick(Time now, Packets& out);
    void receive(const Packet& packet, Time now, Packets& out);
    void begin_lead();  // after an outage

    Applied apply(const Command& command, Packets& out);
    void review(Time now, Packets& out);
    std::vector<Member> candidates(std::size_t copies, Time now) const;

    const Directory& directory() const { return directory_; }
    const std::vector<Command>& history() const { return history_; }

    // Weakening: takes silence for a confirmed death.
    bool silence_is_death = false;
    std::function<void(const DataId&)> on_lost;
    std::int64_t views = 0;

private:
    void on_beat(const Beat& beat, Time now, Packets& out);
    void on_member(const FromMember& from, Packets& out);

    Durations durations_ = simulated_durations();
    Directory directory_;
    std::vector<Command> history_;
    Dice dice_;
    std::optional<Overseer> overseer_;
};

}  // namespace juxta::data::simulation
