// A provider process of the simulation: the component around the GroupMembers of one incarnation.
// It stores contents, in memory or on its host's disk, pulls segments, beats, answers tickets.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "data_service/protocol/group_member.h"
#include "tests/simulation/packet.h"
#include "tests/simulation/weakening.h"

namespace juxta::data::simulation {

// Outlives the process, and is not always there for the next one.
struct Disk {
    std::map<GroupId, SavedCopy> copies;
    std::map<SegmentId, std::uint64_t> segments;
};

class SimProvider {
public:
    // What a real provider learns with the reservation, or from the primary that fills it.
    using Settings = std::map<DataId, GroupSettings>;

    SimProvider() = default;
    SimProvider(NodeId node, Incarnation incarnation, const Settings& settings, Disk& disk,
                Weakening weakening);

    const Member& self() const { return self_; }
    void reserve(const GroupId& group);
    void unreserve(const GroupId& group);
    void take_back_copies(Time now);  // those on the disk

    void tick(Time now, Packets& out);
    void receive(const Packet& packet, Time now, Packets& out);

    const GroupMember* member(const GroupId& group) const;
    const std::map<GroupId, GroupMember>& members() const { return members_; }
    std::optional<std::uint64_t> content(const SegmentId& segment) const;
    std::vector<SegmentId> stored() const;

private:
    const GroupSettings& settings(const GroupId& group) const;
    std::map<SegmentId, std::uint64_t>& store_of(const SegmentId& segment) const;
    GroupMember& member_or_absent(const GroupId& group);
    bool concerns_me(const GroupId& group, const View& view) const;
    void beat(Time now, Packets& out);
    void save(const GroupId& group, SavedCopy saved);
    void carry_out(const GroupId& group, Outputs& outputs, Packets& out);
    void on_message(const PeerMessage& message, Time now, Packets& out);
    void on_call(const Call& call, NodeId from, Time now, Packets& out);
    void on_read(const Read& read, NodeId from, Packets& out) const;

    // -- weakenings: sim_provider_lies.cc
    bool is(Weakening weakening) const { return weakening_ == weakening; }
    Durations durations() const;
    GroupSettings told(const GroupId& group) const;
    void bend(ClientRequest& request, const GroupMember& member, Time now);
    void also_ask(ClientRequest request, ClientBody body, Time now);
    // An answer the component gives itself.
    std::optional<AnswerBody> make_up(const ClientRequest& request, bool stored_before, Time now);
    void prepare(const PeerMessage& message, Time now, Packets& out);

    struct Ticket {
        NodeId from = 0;
        Reply reply;
    };

    Member self_;
    const Settings* settings_ = nullptr;
    Disk* disk_ = nullptr;
    Weakening weakening_ = Weakening::none;
    std::map<GroupId, GroupMember> members_;
    mutable std::map<SegmentId, std::uint64_t> memory_;
    std::map<std::uint64_t, Ticket> tickets_;
    std::uint64_t last_ticket_ = 0;
    Time beaten_at_ = 0;
    std::map<std::pair<ClientId, std::uint64_t>, std::uint64_t> seen_releases_;
};

}  // namespace juxta::data::simulation
