#include "tests/simulation/sim_provider.h"

#include <algorithm>
#include <cstring>

namespace juxta::data::simulation {
namespace {

using Bytes = std::vector<std::byte>;

std::shared_ptr<const Bytes> as_bytes(std::uint64_t content) {
    Bytes bytes(sizeof content);
    std::memcpy(bytes.data(), &content, sizeof content);
    return std::make_shared<const Bytes>(std::move(bytes));
}

std::uint64_t from_bytes(const Bytes& bytes) {
    std::uint64_t content = 0;
    std::memcpy(&content, bytes.data(), sizeof content);
    return content;
}

}  // namespace

SimProvider::SimProvider(NodeId node, Incarnation incarnation, const Settings& settings, Disk& disk,
                         Weakening weakening)
    : self_{provider_at(node), incarnation},
      settings_(&settings),
      disk_(&disk),
      weakening_(weakening) {}

// -- copies and bytes
// ------------------------------------------------------------------------------

const GroupSettings& SimProvider::settings(const GroupId& group) const {
    return settings_->at(group.datum);
}

std::map<SegmentId, std::uint64_t>& SimProvider::store_of(const SegmentId& segment) const {
    return settings_->at(segment.datum).durable ? disk_->segments : memory_;
}

std::optional<std::uint64_t> SimProvider::content(const SegmentId& segment) const {
    const auto& store = store_of(segment);
    const auto held = store.find(segment);
    if (held == store.end()) return std::nullopt;
    return held->second;
}

std::vector<SegmentId> SimProvider::stored() const {
    std::vector<SegmentId> all;
    for (const auto* store : {&memory_, &disk_->segments}) {
        for (const auto& [segment, content] : *store) all.push_back(segment);
    }
    return all;
}

// Before the manager hears of it.
void SimProvider::reserve(const GroupId& group) {
    const auto& [place, copy] =
        *members_
             .insert_or_assign(group, GroupMember::reserved(group, self_, told(group), durations()))
             .first;
    if (settings(group).durable) disk_->copies[group] = copy.saved();
}

void SimProvider::unreserve(const GroupId& group) {
    members_.erase(group);
    disk_->copies.erase(group);
}

void SimProvider::take_back_copies(Time now) {
    for (const auto& [group, saved] : disk_->copies) {
        std::map<SegmentId, std::uint64_t> segments;
        for (const auto& [segment, content] : disk_->segments) {
            if (GroupId{segment.datum, segment.block} == group) segments[segment] = kCellBytes;
        }
        const Time started = is(Weakening::promise_forgotten) ? now - 10 * kSecond : now;
        members_.emplace(group, GroupMember::returned(group, self_, told(group), durations(), saved,
                                                      std::move(segments), started));
    }
    std::erase_if(disk_->segments, [&](const auto& held) {
        return !disk_->copies.contains({held.first.datum, held.first.block});
    });
}

void SimProvider::save(const GroupId& group, SavedCopy saved) {
    SavedCopy& there = disk_->copies[group];
    const bool only_entries = there.synced == saved.synced && there.epoch == saved.epoch;
    if (is(Weakening::acks_before_saving) && only_entries && saved.ledger.lsn % 4 != 0) return;
    there = std::move(saved);
}

const GroupMember* SimProvider::member(const GroupId& group) const {
    const auto known = members_.find(group);
    return known == members_.end() ? nullptr : &known->second;
}

GroupMember& SimProvider::member_or_absent(const GroupId& group) {
    const auto known = members_.find(group);
    if (known != members_.end()) return known->second;
    return members_.emplace(group, GroupMember::absent(group, self_, told(group), durations()))
        .first->second;
}

bool SimProvider::concerns_me(const GroupId& group, const View& view) const {
    return members_.contains(group) || view.joiner == self_;
}

// -- by itself
// -------------------------------------------------------------------------------------

void SimProvider::tick(Time now, Packets& out) {
    if (now - beaten_at_ >= simulated_durations().heartbeat || beaten_at_ == 0) beat(now, out);
    for (auto& [group, member] : members_) {
        if (!member.needs_ticks()) continue;
        Outputs outputs;
        member.tick(now, outputs);
        carry_out(group, outputs, out);
    }
}

void SimProvider::beat(Time now, Packets& out) {
    beaten_at_ = now;
    Beat beat{self_, {}, {}};
    for (const auto& [group, member] : members_) {
        beat.epochs[group] = member.epoch();
        const bool older = member.written_by() < self_.incarnation && member.has_copy();
        if (older && settings(group).durable) beat.offers[group] = member.written_by();
    }
    out.push_back({0, kManager, 0, std::move(beat)});
}

// -- what a machine decides
// ------------------------------------------------------------------------

void SimProvider::carry_out(const GroupId& group, Outputs& outputs, Packets& out) {
    if (outputs.wiped) disk_->copies.erase(group);
    if (outputs.save) save(group, std::move(*outputs.save));
    for (PeerMessage& message : outputs.to_members) {
        bool all_there = true;
        if (auto* entry = std::get_if<Replicate>(&message.body)) {
            for (const CarriedSegment& one : entry->entry.carried) {
                const auto bytes = content(one.segment);
                all_there = all_there && bytes;
                entry->contents.push_back(as_bytes(bytes.value_or(0)));
            }
        }
        if (!all_there) continue;  // it has been retired meanwhile
        if (auto* fill = std::get_if<Fill>(&message.body)) {
            std::erase_if(fill->carried, [&](const auto& one) { return !content(one.segment); });
            for (const CarriedSegment& one : fill->carried) {
                fill->contents.push_back(as_bytes(*content(one.segment)));
            }
        }
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
    for (const SegmentId& segment : outputs.discard) store_of(segment).erase(segment);
    while (tickets_.size() > 1000) tickets_.erase(tickets_.begin());  // their callers gave up
}

// -- packets
// ---------------------------------------------------------------------------------------

void SimProvider::receive(const Packet& packet, Time now, Packets& out) {
    Outputs outputs;
    GroupId group;
    if (const auto* message = std::get_if<PeerMessage>(&packet.body)) {
        return on_message(*message, now, out);
    } else if (const auto* call = std::get_if<Call>(&packet.body)) {
        return on_call(*call, packet.from, now, out);
    } else if (const auto* news = std::get_if<News>(&packet.body)) {
        group = news->group;
        if (concerns_me(group, news->view)) {
            member_or_absent(group).adopt(news->view, now, outputs);
        }
    } else if (const auto* recorded = std::get_if<Recorded>(&packet.body)) {
        group = recorded->group;
        member_or_absent(group).activation_recorded(recorded->epoch, now, outputs);
    } else if (const auto* views = std::get_if<Views>(&packet.body)) {
        group = {views->datum, 0};
        member_or_absent(group).others_are(views->views, now, outputs);
    } else if (const auto* pull = std::get_if<Pull>(&packet.body)) {
        const auto held = content(pull->segment);
        if (!held) return;
        out.push_back({0, packet.from, 0, Pulled{pull->segment, *held}});
    } else if (const auto* pulled = std::get_if<Pulled>(&packet.body)) {
        group = {pulled->segment.datum, pulled->segment.block};
        store_of(pulled->segment)[pulled->segment] = pulled->content;
        member_or_absent(group).segment_stored(pulled->segment, kCellBytes, now, outputs);
    } else if (const auto* read = std::get_if<Read>(&packet.body)) {
        return on_read(*read, packet.from, out);
    } else if (std::holds_alternative<Probe>(packet.body)) {
        out.push_back({0, kManager, 0, Alive{self_}});
    } else if (const auto* refused = std::get_if<Refused>(&packet.body)) {
        out.push_back({0, kManager, 0, Suspect{refused->who}});
    }
    carry_out(group, outputs, out);
}

void SimProvider::on_message(const PeerMessage& message, Time now, Packets& out) {
    if (const auto* entry = std::get_if<Replicate>(&message.body)) {
        for (std::size_t i = 0; i < entry->contents.size(); ++i) {
            const SegmentId& segment = entry->entry.carried[i].segment;
            if (is(Weakening::carried_not_stored)) continue;
            store_of(segment)[segment] = from_bytes(*entry->contents[i]);
        }
    }
    if (const auto* fill = std::get_if<Fill>(&message.body)) {
        for (std::size_t i = 0; i < fill->contents.size(); ++i) {
            if (is(Weakening::carried_not_stored)) continue;
            const SegmentId& segment = fill->carried[i].segment;
            store_of(segment)[segment] = from_bytes(*fill->contents[i]);
        }
    }
    if (weakening_ != Weakening::none) prepare(message, now, out);
    Outputs outputs;
    member_or_absent(message.group).receive(message, now, outputs);
    carry_out(message.group, outputs, out);
}

void SimProvider::on_call(const Call& call, NodeId from, Time now, Packets& out) {
    ClientRequest request = call.request;
    Reply reply{
        request.group, request.client, request.rid, request.body.index(), {}, call.stamp, {}};
    bool stored_before = false;
    if (const auto* stage = std::get_if<Stage>(&request.body)) reply.segment = stage->segment;
    for (const auto& [segment, content] : call.contents) {
        stored_before = !store_of(segment).insert_or_assign(segment, content).second;
    }
    GroupMember& member = member_or_absent(request.group);
    if (weakening_ != Weakening::none) {
        bend(request, member, now);
        if (auto answer = make_up(request, stored_before, now)) {
            reply.body = std::move(*answer);
            out.push_back({0, from, 0, std::move(reply)});
            return;
        }
    }
    request.ticket = ++last_ticket_;
    tickets_[request.ticket] = {from, std::move(reply)};
    Outputs outputs;
    member.ask(request, now, outputs);
    carry_out(request.group, outputs, out);
}

void SimProvider::on_read(const Read& read, NodeId from, Packets& out) const {
    ReadReply reply{read.client, read.segment, read.rid, content(read.segment), 0};
    const GroupMember* mine = member({read.segment.datum, read.segment.block});
    if (mine && mine->has_copy() && mine->view().has(self_)) reply.as_member_of = mine->epoch();
    out.push_back({0, from, 0, std::move(reply)});
}

}  // namespace juxta::data::simulation
