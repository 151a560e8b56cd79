#include "tests/simulation/sim_provider.h"

namespace juxta::data::simulation {

SimProvider::SimProvider(NodeId node, Incarnation incarnation)
    : self_{provider_at(node), incarnation} {}

void SimProvider::reserve(const GroupId& group, std::uint32_t blocks) {
    members_.emplace(group, GroupMember::reserved(group, self_, blocks, durations_));
}

const GroupMember* SimProvider::member(const GroupId& group) const {
    const auto known = members_.find(group);
    return known == members_.end() ? nullptr : &known->second;
}

GroupMember& SimProvider::member_or_absent(const GroupId& group) {
    const auto known = members_.find(group);
    if (known != members_.end()) return known->second;
    const std::uint32_t blocks = block_counts->at(group.datum);
    return members_.emplace(group, GroupMember::absent(group, self_, blocks, durations_))
        .first->second;
}

bool SimProvider::concerns_me(const GroupId& group, const View& view) const {
    return members_.contains(group) || view.joiner == self_;
}

void SimProvider::tick(Time now, Packets& out) {
    if (now - beaten_at_ >= durations_.heartbeat || beaten_at_ == 0) beat(now, out);
    for (auto& [group, member] : members_) {
        if (!member.needs_ticks()) continue;
        Outputs outputs;
        member.tick(now, outputs);
        carry_out(outputs, out);
    }
}

void SimProvider::beat(Time now, Packets& out) {
    beaten_at_ = now;
    Beat beat{self_, {}};
    for (const auto& [group, member] : members_) {
        if (member.epoch() > 0) beat.epochs[group] = member.epoch();
    }
    out.push_back({0, kManager, 0, std::move(beat)});
}

void SimProvider::carry_out(Outputs& outputs, Packets& out) {
    for (PeerMessage& message : outputs.to_members) {
        const Member to = message.to;
        out.push_back(to_member(to, std::move(message)));
    }
    for (ManagerMessage& message : outputs.to_manager) {
        out.push_back({0, kManager, 0, FromMember{self_, std::move(message)}});
    }
    for (Answer& answer : outputs.answers) {
        const auto ticket = tickets_.find(answer.ticket);
        if (ticket == tickets_.end()) continue;
        ticket->second.reply.body = std::move(answer.body);
        out.push_back({0, ticket->second.from, 0, std::move(ticket->second.reply)});
        tickets_.erase(ticket);
    }
    for (const FetchOrder& order : outputs.fetch) {
        out.push_back(to_member(order.source, Pull{order.segment}));
    }
    for (const SegmentId& segment : outputs.discard) store_.erase(segment);
    while (tickets_.size() > 1000) tickets_.erase(tickets_.begin());  // their callers gave up
}

void SimProvider::receive(const Packet& packet, Time now, Packets& out) {
    Outputs outputs;
    if (const auto* message = std::get_if<PeerMessage>(&packet.body)) {
        member_or_absent(message->group).receive(*message, now, outputs);
    } else if (const auto* call = std::get_if<Call>(&packet.body)) {
        return on_call(*call, packet.from, now, out);
    } else if (const auto* news = std::get_if<News>(&packet.body)) {
        if (concerns_me(news->group, news->view)) {
            member_or_absent(news->group).adopt(news->view, now, outputs);
        }
    } else if (const auto* recorded = std::get_if<Recorded>(&packet.body)) {
        member_or_absent(recorded->group).activation_recorded(recorded->epoch, now, outputs);
    } else if (const auto* views = std::get_if<Views>(&packet.body)) {
        member_or_absent({views->datum, 0}).others_are(views->views, now, outputs);
    } else if (const auto* pull = std::get_if<Pull>(&packet.body)) {
        const auto held = store_.find(pull->segment);
        if (held == store_.end()) return;
        out.push_back({0, packet.from, 0, Pulled{pull->segment, held->second}});
    } else if (const auto* pulled = std::get_if<Pulled>(&packet.body)) {
        const GroupId group{pulled->segment.datum, pulled->segment.block};
        store_[pulled->segment] = pulled->content;
        member_or_absent(group).segment_stored(pulled->segment, kCellBytes, now, outputs);
    } else if (const auto* read = std::get_if<Read>(&packet.body)) {
        return on_read(*read, packet.from, out);
    } else if (std::holds_alternative<Probe>(packet.body)) {
        out.push_back({0, kManager, 0, Alive{self_}});
    } else if (const auto* refused = std::get_if<Refused>(&packet.body)) {
        out.push_back({0, kManager, 0, Suspect{refused->who}});
    }
    carry_out(outputs, out);
}

void SimProvider::on_call(const Call& call, NodeId from, Time now, Packets& out) {
    ClientRequest request = call.request;
    request.ticket = ++last_ticket_;
    Ticket& ticket = tickets_[request.ticket];
    ticket.from = from;
    ticket.reply = {
        request.group, request.client, request.rid, request.body.index(), {}, call.stamp, {}};
    if (const auto* stage = std::get_if<Stage>(&request.body)) {
        ticket.reply.segment = stage->segment;
        store_[stage->segment] = call.content;
    }
    Outputs outputs;
    member_or_absent(request.group).ask(request, now, outputs);
    carry_out(outputs, out);
}

void SimProvider::on_read(const Read& read, NodeId from, Packets& out) const {
    ReadReply reply{read.client, read.segment, read.rid, {}, 0};
    if (const auto held = store_.find(read.segment); held != store_.end()) {
        reply.content = held->second;
    }
    const GroupMember* mine = member({read.segment.datum, read.segment.block});
    if (mine && mine->has_copy() && mine->view().has(self_)) reply.as_member_of = mine->epoch();
    out.push_back({0, from, 0, std::move(reply)});
}

}  // namespace juxta::data::simulation
