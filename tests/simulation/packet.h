// What travels over the simulated network.
#pragma once

#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "data_service/protocol/messages.h"

namespace juxta::data::simulation {

using NodeId = int;  // 0: the manager; then the providers; then the clients
constexpr NodeId kManager = 0;
constexpr int kProviders = 7;
constexpr int kClients = 5;
constexpr int kNodes = 1 + kProviders + kClients;

inline bool is_provider(NodeId node) { return node >= 1 && node <= kProviders; }
inline bool is_client(NodeId node) { return node > kProviders; }
inline ProviderId provider_at(NodeId node) { return {static_cast<std::uint64_t>(node)}; }
inline NodeId node_of(ProviderId provider) { return static_cast<NodeId>(provider.value); }

// The durations of a simulation: short, so that much happens.
inline Durations simulated_durations() {
    Durations d;
    d.heartbeat = 100 * kMillisecond;
    d.detection = 500 * kMillisecond;
    d.primary_lease = 300 * kMillisecond;
    d.lock = 1000 * kMillisecond;
    d.pin = 900 * kMillisecond;
    d.wait = 700 * kMillisecond;
    d.row = 8 * kSecond;
    return d;
}

constexpr std::uint64_t kCellBytes = 8;  // of a segment

struct Timer {
    std::uint64_t life = 0;
};  // incarnation or client id that set it
struct Refused {
    Member who;
};  // the connection to it was refused
struct Beat {
    Member self;
    std::map<GroupId, Epoch> epochs;
    std::map<GroupId, Incarnation> offers;  // all that its disk has of incarnations before
};
struct News {
    GroupId group;
    View view;
};
struct Recorded {
    GroupId group;
    Epoch epoch = 0;
};
struct AskViews {
    DataId datum;
};
struct Views {
    DataId datum;
    std::vector<View> views;
};
struct Suspect {
    Member who;
};
struct Probe {};
struct Alive {
    Member self;
};
struct FromMember {
    Member self;
    ManagerMessage message;
};
struct Call {
    ClientRequest request;
    Time stamp = 0;
    std::map<SegmentId, std::uint64_t> contents = {};  // of what is staged or carried
};
// `operation`: the index of the request's body, `stamp`: its; both as the caller sent them.
struct Reply {
    GroupId group;
    ClientId client;
    std::uint64_t rid = 0;
    std::size_t operation = 0;
    std::optional<SegmentId> segment;
    Time stamp = 0;
    AnswerBody body;
};
struct Pull {
    SegmentId segment;
};
struct Pulled {
    SegmentId segment;
    std::uint64_t content = 0;
};
struct Read {
    ClientId client;
    SegmentId segment;
    std::uint64_t rid = 0;
};
struct ReadReply {
    ClientId client;
    SegmentId segment;
    std::uint64_t rid = 0;
    std::optional<std::uint64_t> content;
    Epoch as_member_of = 0;  // the view in which the answering provider is a member with a copy
};

using Body =
    std::variant<Timer, Refused, Beat, News, Recorded, AskViews, Views, Suspect, Probe, Alive,
                 FromMember, PeerMessage, Call, Reply, Pull, Pulled, Read, ReadReply>;

struct Packet {
    NodeId from = 0;
    NodeId to = 0;
    Incarnation to_incarnation = 0;  // 0: whoever is there
    Body body;
};

using Packets = std::vector<Packet>;

inline Packet to_member(const Member& member, Body body) {
    return {0, node_of(member.provider), member.incarnation, std::move(body)};
}

}  // namespace juxta::data::simulation
