// A provider process of the simulation: the component around the GroupMembers of one incarnation.
// It stores contents, pulls segments, beats, answers tickets.
#pragma once

#include <map>

#include "data_service/protocol/group_member.h"
#include "tests/simulation/packet.h"

namespace juxta::data::simulation {

class SimProvider {
public:
    SimProvider() = default;
    SimProvider(NodeId node, Incarnation incarnation);

    const Member& self() const { return self_; }
    void reserve(const GroupId& group, std::uint32_t blocks);
    void unreserve(const GroupId& group) { members_.erase(group); }

    void tick(Time now, Packets& out);
    void receive(const Packet& packet, Time now, Packets& out);

    const GroupMember* member(const GroupId& group) const;
    const std::map<GroupId, GroupMember>& members() const { return members_; }
    const std::map<SegmentId, std::uint64_t>& store() const { return store_; }

    // Blocks of each datum: a real provider learns it with the reservation or the view.
    const std::map<DataId, std::uint32_t>* block_counts = nullptr;

private:
    GroupMember& member_or_absent(const GroupId& group);
    bool concerns_me(const GroupId& group, const View& view) const;
    void beat(Time now, Packets& out);
    void carry_out(Outputs& outputs, Packets& out);
    void on_call(const Call& call, NodeId from, Time now, Packets& out);
    void on_read(const Read& read, NodeId from, Packets& out) const;

    struct Ticket {
        NodeId from = 0;
        Reply reply;
    };

    Member self_;
    Durations durations_ = simulated_durations();
    std::map<GroupId, GroupMember> members_;
    std::map<SegmentId, std::uint64_t> store_;
    std::map<std::uint64_t, Ticket> tickets_;
    std::uint64_t last_ticket_ = 0;
    Time beaten_at_ = 0;
};

}  // namespace juxta::data::simulation
