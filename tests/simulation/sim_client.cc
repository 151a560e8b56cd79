#include "tests/simulation/sim_client.h"

#include <algorithm>

namespace juxta::data::simulation {

SimClient::SimClient(ClientId id, double rate, std::uint64_t seed, Judge& judge)
    : id_(id), rate_(rate), dice_(seed), judge_(judge) {}

std::string SimClient::text() const {
    return "client " + std::to_string(id_.value) + " phase " +
           std::to_string(static_cast<int>(phase_)) + " kind " +
           std::to_string(static_cast<int>(kind_)) + " block " + std::to_string(group_.block);
}

Time SimClient::in_true_time(Time local, Time now) const {
    return real_now_ + static_cast<Time>(static_cast<double>(local - now) / rate_);
}

// -- calls
// -----------------------------------------------------------------------------------------

void SimClient::ask_views(const DataId& datum, Packets& out) const {
    out.push_back({0, kManager, 0, AskViews{datum}});
}

void SimClient::ask(GroupId group, ClientBody body, Time now, Packets& out) {
    group_ = group;
    call_ = std::move(body);
    waiting_ = true;
    tries_ = 0;
    send(now, out);
}

void SimClient::read(const SegmentId& segment, Time now, Packets& out) {
    group_ = {segment.datum, segment.block};
    call_ = segment;
    waiting_ = true;
    tries_ = 0;
    send(now, out);
}

void SimClient::send(Time now, Packets& out) {
    sent_ = now;
    const View& view = views_[group_];
    if (tries_++ % 3 == 2 || view.members.empty()) ask_views(group_.datum, out);
    if (view.members.empty()) return;
    if (const auto* segment = std::get_if<SegmentId>(&call_)) {
        const auto any =
            static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(view.members.size())));
        out.push_back(to_member(view.members[any], Read{id_, *segment, rid_}));
        return;
    }
    Call call;
    call.stamp = now;
    call.request = {group_, id_, rid_, 0, std::get<ClientBody>(call_)};
    if (auto* acquire = std::get_if<Acquire>(&call.request.body))
        acquire->waited = now - phase_began_;
    if (const auto* stage = std::get_if<Stage>(&call.request.body)) {
        call.content = judge_.contents.at(stage->segment);
    }
    out.push_back(to_member(view.members.front(), std::move(call)));
}

void SimClient::renew(Time now, Packets& out) {
    const View& view = views_[home()];
    if (now - renewed_ < 200 * kMillisecond || view.members.empty()) return;
    renewed_ = now;
    Call call;
    call.stamp = now;
    call.request = {home(), id_, lock_rid_, 0, Renew{token_}};
    if (kind_ == Kind::snapshot) call.request.body = RenewPin{version_};
    out.push_back(to_member(view.members.front(), std::move(call)));
}

void SimClient::learn(const GroupId& group, const View& view) {
    View& known = views_[group];
    if (known.epoch < view.epoch) known = view;
    if ((view.lost || view.freed) && phase_ != Phase::idle && target_.datum == group.datum) {
        judge_.figures.gone += 1;
        end();
    }
}

// -- the life of an operation
// ----------------------------------------------------------------------

void SimClient::tick(const std::vector<Target>& data, Time now, Time real_now, Packets& out) {
    real_now_ = real_now;
    if (phase_ == Phase::idle) {
        if (!stopped_ && !data.empty() && !dice_.one_in(3)) begin(data, now, out);
        return;
    }
    if (now - began_ > 6 * kSecond) {
        if (phase_ == Phase::finishing) judge_.figures.unknown += 1;
        return end();
    }
    if (phase_ == Phase::acquiring && kind_ != Kind::snapshot && now - began_ > patience_) {
        phase_ = Phase::cancelling;
        return ask(home(), CancelAcquire{}, now, out);
    }
    if (waiting_ && now - sent_ > 60 * kMillisecond) send(now, out);
    const bool holds = phase_ == Phase::reading || phase_ == Phase::holding ||
                       phase_ == Phase::staging || phase_ == Phase::provoking;
    if (holds) renew(now, out);
    if (phase_ == Phase::holding && now > hold_until_) after_holding(now, out);
}

void SimClient::begin(const std::vector<Target>& data, Time now, Packets& out) {
    target_ = data[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(data.size())))];
    const auto throw_ = dice_.below(10);
    kind_ = throw_ < 6 ? Kind::write : throw_ < 7 ? Kind::shared : Kind::snapshot;
    rid_ += 1;
    if (kind_ == Kind::write && judge_.healed) judge_.story(target_.datum).writes_after_heal += 1;
    floor_ = judge_.story(target_.datum).acknowledged;
    began_ = phase_began_ = now;
    patience_ = dice_.one_in(6) ? dice_.below(300 * kMillisecond) : 60 * kSecond;
    phase_ = Phase::acquiring;
    if (kind_ == Kind::snapshot) return ask(home(), AcquireRead{}, now, out);
    ask(home(), Acquire{kind_ == Kind::shared, 0}, now, out);
}

void SimClient::end() {
    if (kind_ != Kind::snapshot) judge_.forget_trust(id_);
    phase_ = Phase::idle;
    waiting_ = false;
    token_ = 0;
    version_ = 0;
    trusted_until_ = 0;
    changes_.clear();
    todo_.clear();
}

void SimClient::on_granted(Token token, Version version, const Blocks& blocks, Time stamp, Time now,
                           Packets& out) {
    token_ = token;
    version_ = version;
    blocks_ = blocks;
    lock_rid_ = rid_;
    renewed_ = now;
    judge_.observed(target_.datum, version, blocks, floor_, "an acquire");
    const Duration lease = kind_ == Kind::snapshot ? durations_.pin : durations_.lock;
    trusted_until_ = stamp + trusted(lease);
    if (kind_ != Kind::snapshot) {
        judge_.trusts_lock(target_.datum, id_, kind_ == Kind::write,
                           in_true_time(trusted_until_, now), real_now_);
    }
    todo_.clear();
    for (const Extents& extents : blocks) {
        for (const SegmentId& segment : segments_of(extents)) todo_.push_back(segment);
    }
    phase_ = Phase::reading;
    next_read(now, out);
}

void SimClient::next_read(Time now, Packets& out) {
    if (!todo_.empty()) return read(todo_.front(), now, out);
    phase_ = Phase::holding;
    waiting_ = false;
    hold_until_ = now + (dice_.one_in(12) ? dice_.below(2500 * kMillisecond)
                                          : dice_.below(20 * kMillisecond));
}

void SimClient::after_holding(Time now, Packets& out) {
    if (kind_ == Kind::snapshot) {
        judge_.figures.snapshots += 1;
        if (trusted_until_ > now && dice_.one_in(2)) {  // read again at the end of a long pin
            for (const Extents& extents : blocks_) {
                for (const SegmentId& segment : segments_of(extents)) todo_.push_back(segment);
            }
            if (!todo_.empty()) {
                phase_ = Phase::reading;
                return next_read(now, out);
            }
        }
        const View& view = views_[home()];
        if (!view.members.empty()) {
            Call call;
            call.request = {home(), id_, lock_rid_, 0, Unpin{version_}};
            out.push_back(to_member(view.members.front(), std::move(call)));
        }
        return end();
    }
    if (kind_ == Kind::shared) {
        judge_.figures.shared += 1;
        judge_.forget_trust(id_);
        rid_ += 1;
        phase_ = Phase::finishing;
        return ask(home(), Unlock{token_}, now, out);
    }
    make_changes();
    phase_ = Phase::staging;
    next_stage(now, out);
}

void SimClient::make_changes() {
    std::uint32_t number = 0;
    for (BlockNumber block = 0; block < target_.blocks; ++block) {
        BlockChange change{block, {}};
        for (std::int64_t pieces = dice_.below(3); pieces > 0; --pieces) {
            const auto from = static_cast<std::uint64_t>(dice_.below(kCells));
            const auto length = 1 + static_cast<std::uint64_t>(
                                        dice_.below(static_cast<std::int64_t>(kCells - from)));
            const SegmentId segment{target_.datum, block, token_, number++};
            judge_.contents[segment] = dice_.next();
            change.extents.push_back({from, length, segment, 0});
            todo_.push_back(segment);
        }
        const Extents& old = blocks_[block];
        if (!old.empty() && dice_.one_in(5)) {  // a piece of the version before, moved
            Extent moved = old.front();
            moved.offset = 0;
            change.extents.push_back(moved);
        }
        if (!change.extents.empty()) changes_.push_back(std::move(change));
    }
}

void SimClient::next_stage(Time now, Packets& out) {
    if (!todo_.empty()) {
        const SegmentId segment = todo_.front();
        return ask({segment.datum, segment.block}, Stage{segment, kCells}, now, out);
    }
    if (dice_.one_in(20)) {  // a release that must be refused, and change nothing
        rid_ += 1;
        phase_ = Phase::provoking;
        const SegmentId missing{target_.datum, 0, token_, 999};
        return ask(home(), Release{token_, {{0, {{0, 1, missing, 0}}}}}, now, out);
    }
    finish(now, out);
}

void SimClient::finish(Time now, Packets& out) {
    rid_ += 1;
    phase_ = Phase::finishing;
    judge_.forget_trust(id_);
    if (!judge_.healed && dice_.one_in(8)) return ask(home(), Abort{token_}, now, out);
    ask(home(), Release{token_, changes_}, now, out);
}

// -- answers
// ---------------------------------------------------------------------------------------

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
    if (phase_ == Phase::idle || phase_ == Phase::acquiring || phase_ == Phase::cancelling) return;
    if (kind_ == Kind::snapshot) {
        trusted_until_ = std::max(trusted_until_, reply.stamp + trusted(durations_.pin));
        return;
    }
    const Time until = reply.stamp + trusted(durations_.lock);
    if (phase_ == Phase::finishing || until <= trusted_until_) return;
    trusted_until_ = until;
    judge_.trusts_lock(target_.datum, id_, kind_ == Kind::write, in_true_time(until, now),
                       real_now_);
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
            end();
            break;
        case Phase::staging:
            if (!std::holds_alternative<Done>(reply.body)) {
                judge_.refused(target_.datum, {});
                return end();
            }
            todo_.pop_front();
            next_stage(now, out);
            break;
        case Phase::provoking:
            if (std::holds_alternative<Committed>(reply.body))
                judge_.fail("N: unstaged, committed");
            if (!std::holds_alternative<NotStaged>(reply.body)) return end();
            finish(now, out);
            break;
        case Phase::finishing: on_finished(reply); break;
        default: break;
    }
}

void SimClient::on_finished(const Reply& reply) {
    const bool release = std::holds_alternative<Release>(std::get<ClientBody>(call_));
    if (const auto* committed = std::get_if<Committed>(&reply.body)) {
        if (committed->version != version_ + 1) judge_.fail("I5: released on another base");
        judge_.released(target_.datum, {id_, rid_}, token_, committed->version, blocks_, changes_,
                        real_now_);
    } else if (std::holds_alternative<NotStaged>(reply.body)) {
        judge_.fail("N: a staged segment is not there");
    } else if (std::holds_alternative<LeaseLost>(reply.body)) {
        std::vector<BlockChange> mine = changes_;
        for (BlockChange& change : mine) {
            std::erase_if(change.extents,
                          [&](const Extent& e) { return e.segment.token != token_; });
        }
        judge_.refused(target_.datum, release ? mine : std::vector<BlockChange>{});
    } else if (kind_ == Kind::write) {
        judge_.figures.aborts += 1;
    }
    end();
}

}  // namespace juxta::data::simulation
