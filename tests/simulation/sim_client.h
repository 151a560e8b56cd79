// A client of the simulation: takes locks and snapshots, reads, stages, releases (some segments
// with the release itself, some releases keeping the lock), looks, gives up. It tells the Judge
// what it was told, and what it trusts until when.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/packet.h"

namespace juxta::data::simulation {

class SimClient {
public:
    struct Target {
        DataId datum;
        std::uint32_t blocks = 1;
    };

    // `rate`: of its clock, against true time.
    SimClient(ClientId id, double rate, std::uint64_t seed, Judge& judge);

    void tick(const std::vector<Target>& data, Time now, Time real_now, Packets& out);
    void receive(const Packet& packet, Time now, Time real_now, Packets& out);
    void stop() { stopped_ = true; }

    ClientId id() const { return id_; }
    bool is_idle() const { return phase_ == Phase::idle; }
    // Between its release and the answer.
    bool is_releasing() const { return phase_ == Phase::finishing && kind_ == Kind::write; }
    bool is_about_to_release() const { return phase_ == Phase::holding && kind_ == Kind::write; }
    const DataId& datum() const { return target_.datum; }
    std::string text() const;

    // The epoch of the view that is really current; for the check of pinned segments.
    std::function<Epoch(const GroupId&)> current_epoch;

private:
    enum class Phase {
        idle,
        acquiring,
        cancelling,
        looking,
        reading,
        holding,
        staging,
        provoking,
        finishing
    };
    enum class Kind { write, shared, snapshot, look };

    GroupId home() const { return {target_.datum, 0}; }
    Time in_true_time(Time local, Time now) const;
    void begin(const std::vector<Target>& data, Time now, Packets& out);
    void end();
    void ask(GroupId group, ClientBody body, Time now, Packets& out);
    void read(const SegmentId& segment, Time now, Packets& out);
    void send(Time now, Packets& out);
    void ask_views(const DataId& datum, Packets& out) const;
    void renew(Time now, Packets& out);
    void learn(const GroupId& group, const View& view);
    void trust(Time until, Time now);
    void on_reply(const Reply& reply, Time now, Packets& out);
    void on_renewed(const Reply& reply, Time now);
    void on_read(const ReadReply& reply, NodeId from, Time now, Packets& out);
    void on_granted(Token token, Version version, const Blocks& blocks, Time stamp, Time now,
                    Packets& out);
    void on_staged(const Reply& reply, Time now, Packets& out);
    void on_finished(const Reply& reply, Time now, Packets& out);
    void on_committed(Version version, Time now, Packets& out);
    void next_read(Time now, Packets& out);
    void read_all_blocks();
    void after_holding(Time now, Packets& out);
    void end_snapshot(Time now, Packets& out);
    void make_changes();
    void next_stage(Time now, Packets& out);
    void finish(Time now, Packets& out);
    std::vector<BlockChange> my_changes() const;

    ClientId id_;
    double rate_;
    Dice dice_;
    Judge& judge_;
    Durations durations_ = simulated_durations();
    bool stopped_ = false;
    Time real_now_ = 0;
    std::map<GroupId, View> views_;

    // The operation under way.
    Phase phase_ = Phase::idle;
    Kind kind_ = Kind::write;
    bool counted_ = false;  // among the writes that must end in a release
    Target target_;
    std::uint64_t rid_ = 0, lock_rid_ = 0;
    Version floor_ = 0, version_ = 0;
    Token token_ = 0;
    Duration lease_ = 0;  // 0: the default
    std::uint32_t last_segment_ = 0;
    Blocks blocks_;
    std::vector<BlockChange> changes_;
    std::vector<CarriedSegment> carried_;
    std::deque<SegmentId> todo_;
    Time trusted_until_ = 0, began_ = 0, really_began_ = 0, phase_began_ = 0, renewed_ = 0;
    Time hold_until_ = 0;
    Duration patience_ = 0;

    // The call under way.
    bool waiting_ = false;
    GroupId group_;
    std::variant<ClientBody, SegmentId> call_;  // a request to the group, or a read
    Time sent_ = 0;
    int tries_ = 0;
};

}  // namespace juxta::data::simulation
