// What a client does with what it is told.
#include <algorithm>

#include "tests/simulation/sim_client.h"

namespace juxta::data::simulation {

void SimClient::receive(const Packet& packet, Time now, Time real_now, Packets& out) {
    real_now_ = real_now;
    if (const auto* views = std::get_if<Views>(&packet.body)) {
        for (BlockNumber b = 0; b < views->views.size(); ++b) {
            learn({views->datum, b}, views->views[b]);
        }
    } else if (const auto* refused = std::get_if<Refused>(&packet.body)) {
        out.push_back({0, kManager, 0, Suspect{refused->who}});
        if (phase_ != Phase::idle) ask_views(target_.datum, out);
    } else if (const auto* read = std::get_if<ReadReply>(&packet.body)) {
        if (read->client == id_) on_read(*read, packet.from, now, out);
    } else if (const auto* reply = std::get_if<Reply>(&packet.body)) {
        if (reply->client == id_) on_reply(*reply, now, out);
    }
}

void SimClient::on_renewed(const Reply& reply, Time now) {
    if (reply.rid != lock_rid_ || !std::holds_alternative<Done>(reply.body)) return;
    const auto* asked = std::get_if<ClientBody>(&call_);
    const auto* release = asked ? std::get_if<Release>(asked) : nullptr;
    if (phase_ == Phase::finishing && !(release && release->keep_lock)) return;
    trust(reply.stamp, now);
}

void SimClient::on_read(const ReadReply& reply, NodeId from, Time now, Packets& out) {
    const auto* wanted = std::get_if<SegmentId>(&call_);
    if (!waiting_ || phase_ != Phase::reading || !wanted) return;
    if (reply.rid != rid_ || reply.segment != *wanted) return;
    if (!reply.content) {
        const bool sure = now < trusted_until_;
        if (sure && reply.as_member_of == current_epoch(group_) && reply.as_member_of != 0) {
            judge_.fail("I8: a protected segment is missing at provider " + std::to_string(from));
        }
        if (!sure && tries_ > 4) {
            judge_.figures.gone += 1;
            return end();
        }
        sent_ = std::min(sent_, now - 50 * kMillisecond);
        return;
    }
    if (judge_.contents[*wanted] != *reply.content) judge_.fail("N: wrong content of a segment");
    todo_.pop_front();
    next_read(now, out);
}

void SimClient::on_reply(const Reply& reply, Time now, Packets& out) {
    const bool renewal = reply.operation == ClientBody(Renew{}).index() ||
                         reply.operation == ClientBody(RenewPin{}).index();
    if (renewal) return on_renewed(reply, now);
    const auto* asked = std::get_if<ClientBody>(&call_);
    if (!waiting_ || !asked || reply.operation != asked->index()) return;
    if (reply.rid != rid_ || reply.group != group_) return;
    if (const auto* stage = std::get_if<Stage>(asked); stage && reply.segment != stage->segment)
        return;
    if (const auto* other = std::get_if<NotPrimary>(&reply.body)) {
        const bool newer = views_[group_].epoch < other->view.epoch;
        if (!newer || other->view.members.empty()) return;
        learn(group_, other->view);
        if (phase_ != Phase::idle) send(now, out);
        return;
    }
    if (std::holds_alternative<Gone>(reply.body)) {
        judge_.figures.gone += 1;
        return end();
    }
    switch (phase_) {
        case Phase::acquiring:
            if (const auto* g = std::get_if<Granted>(&reply.body)) {
                on_granted(g->token, g->version, g->blocks, reply.stamp, now, out);
            } else if (const auto* s = std::get_if<SnapshotTaken>(&reply.body)) {
                on_granted(0, s->version, s->blocks, reply.stamp, now, out);
            } else {
                end();
            }
            break;
        case Phase::cancelling:
            judge_.figures.cancels += 1;
            if (counted_) judge_.story(target_.datum).writes_after_heal -= 1;  // it gave up
            end();
            break;
        case Phase::looking:
            if (const auto* looked = std::get_if<Looked>(&reply.body)) {
                judge_.looked(target_.datum, *looked, floor_, really_began_, real_now_);
            }
            end();
            break;
        case Phase::staging: on_staged(reply, now, out); break;
        case Phase::provoking:
            if (std::holds_alternative<Committed>(reply.body))
                judge_.fail("N: unstaged, committed");
            if (!std::holds_alternative<NotStaged>(reply.body)) return end();
            finish(now, out);
            break;
        case Phase::finishing: on_finished(reply, now, out); break;
        default: break;
    }
}

void SimClient::on_staged(const Reply& reply, Time now, Packets& out) {
    if (!std::holds_alternative<Done>(reply.body)) {
        judge_.refused(target_.datum, {});
        return end();
    }
    todo_.pop_front();
    next_stage(now, out);
}

void SimClient::on_finished(const Reply& reply, Time now, Packets& out) {
    const bool release = std::holds_alternative<Release>(std::get<ClientBody>(call_));
    if (const auto* committed = std::get_if<Committed>(&reply.body)) {
        return on_committed(committed->version, now, out);
    }
    if (std::holds_alternative<NotStaged>(reply.body)) {
        judge_.fail("N: a staged segment is not there");
    } else if (const auto* written = std::get_if<AlreadyWritten>(&reply.body)) {
        if (!judge_.story(target_.datum).write_once || written->version != 1) {
            judge_.fail("refused as already written, and is not");
        }
        judge_.refused(target_.datum, my_changes());
        judge_.forget_trust(id_);
        rid_ += 1;
        return ask(home(), Abort{token_}, now, out);
    } else if (std::holds_alternative<LeaseLost>(reply.body)) {
        judge_.refused(target_.datum, release ? my_changes() : std::vector<BlockChange>{});
    } else if (kind_ == Kind::write) {
        judge_.figures.aborts += 1;
    }
    end();
}

void SimClient::on_committed(Version version, Time now, Packets& out) {
    if (version != version_ + 1) judge_.fail("I5: released on another base");
    const auto& release = std::get<Release>(std::get<ClientBody>(call_));
    judge_.released(target_.datum, {id_, rid_}, token_, version, real_now_);
    if (!release.carried.empty()) judge_.figures.carried += 1;
    if (!release.keep_lock) return end();
    judge_.figures.kept += 1;
    version_ = version;
    for (const BlockChange& change : changes_) {
        blocks_[change.block] = overlay(blocks_[change.block], change.extents);
    }
    make_changes();
    phase_ = Phase::staging;
    next_stage(now, out);
}

}  // namespace juxta::data::simulation
