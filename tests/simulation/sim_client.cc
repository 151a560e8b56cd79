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
        call.contents[stage->segment] = judge_.contents.at(stage->segment);
    } else if (const auto* release = std::get_if<Release>(&call.request.body)) {
        for (const CarriedSegment& one : release->carried) {
            call.contents[one.segment] = judge_.contents.at(one.segment);
        }
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
        if (is_releasing()) judge_.figures.unknown += 1;
        return end();
    }
    if (phase_ == Phase::acquiring && kind_ != Kind::snapshot && now - began_ > patience_) {
        phase_ = Phase::cancelling;
        return ask(home(), CancelAcquire{}, now, out);
    }
    if (waiting_ && now - sent_ > 60 * kMillisecond) send(now, out);
    const auto* asked = std::get_if<ClientBody>(&call_);
    const auto* release = asked ? std::get_if<Release>(asked) : nullptr;
    const bool keeps = phase_ == Phase::finishing && release && release->keep_lock;
    const bool holds = phase_ == Phase::reading || phase_ == Phase::holding ||
                       phase_ == Phase::staging || phase_ == Phase::provoking;
    if (holds || keeps) renew(now, out);
    if (phase_ == Phase::holding && now > hold_until_) after_holding(now, out);
}

void SimClient::begin(const std::vector<Target>& data, Time now, Packets& out) {
    target_ = data[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(data.size())))];
    const auto throw_ = dice_.below(20);
    kind_ = throw_ < 12   ? Kind::write
            : throw_ < 14 ? Kind::shared
            : throw_ < 19 ? Kind::snapshot
                          : Kind::look;
    rid_ += 1;
    counted_ = kind_ == Kind::write && judge_.healed;
    if (counted_) judge_.story(target_.datum).writes_after_heal += 1;
    floor_ = judge_.story(target_.datum).acknowledged;
    began_ = phase_began_ = now;
    really_began_ = real_now_;
    const auto lease = dice_.below(6);
    lease_ = lease == 0 ? 400 * kMillisecond : lease == 1 ? 1800 * kMillisecond : 0;
    patience_ = dice_.one_in(6) ? dice_.below(300 * kMillisecond) : 60 * kSecond;
    phase_ = kind_ == Kind::look ? Phase::looking : Phase::acquiring;
    if (kind_ == Kind::look) return ask(home(), Look{}, now, out);
    if (kind_ == Kind::snapshot) return ask(home(), AcquireRead{}, now, out);
    ask(home(), Acquire{kind_ == Kind::shared, 0, lease_}, now, out);
}

void SimClient::end() {
    judge_.forget_trust(id_);
    phase_ = Phase::idle;
    waiting_ = false;
    token_ = 0;
    lock_rid_ = 0;
    version_ = 0;
    trusted_until_ = 0;
    last_segment_ = 0;
    changes_.clear();
    carried_.clear();
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
    trust(stamp, now);
    read_all_blocks();
    phase_ = Phase::reading;
    next_read(now, out);
}

// Section 3, lease rule.
void SimClient::trust(Time stamp, Time now) {
    const Duration lock = lease_ > 0 ? lease_ : durations_.lock;
    const Time until = stamp + trusted(kind_ == Kind::snapshot ? durations_.pin : lock);
    if (until <= trusted_until_) return;
    trusted_until_ = until;
    if (kind_ == Kind::snapshot) {
        judge_.trusts_pin(target_.datum, id_, version_, in_true_time(until, now), real_now_);
    } else {
        judge_.trusts_lock(target_.datum, id_, token_, kind_ == Kind::write,
                           in_true_time(until, now), real_now_);
    }
}

void SimClient::read_all_blocks() {
    todo_.clear();
    for (const Extents& extents : blocks_) {
        for (const SegmentId& segment : segments_of(extents)) todo_.push_back(segment);
    }
}

void SimClient::next_read(Time now, Packets& out) {
    if (!todo_.empty()) return read(todo_.front(), now, out);
    phase_ = Phase::holding;
    waiting_ = false;
    hold_until_ = now + (dice_.one_in(12) ? dice_.below(2500 * kMillisecond)
                                          : dice_.below(20 * kMillisecond));
}

void SimClient::after_holding(Time now, Packets& out) {
    if (kind_ == Kind::snapshot) return end_snapshot(now, out);
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

void SimClient::end_snapshot(Time now, Packets& out) {
    judge_.figures.snapshots += 1;
    if (trusted_until_ > now && dice_.one_in(2)) {  // read again at the end of a long pin
        read_all_blocks();
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
    end();
}

// Some of the segments of block 0 are not staged: they go with the release.
void SimClient::make_changes() {
    const bool carries = dice_.one_in(2);
    changes_.clear();
    carried_.clear();
    todo_.clear();
    for (BlockNumber block = 0; block < target_.blocks; ++block) {
        BlockChange change{block, {}};
        for (std::int64_t pieces = dice_.below(3); pieces > 0; --pieces) {
            const auto from = static_cast<std::uint64_t>(dice_.below(kCells));
            const auto length = 1 + static_cast<std::uint64_t>(
                                        dice_.below(static_cast<std::int64_t>(kCells - from)));
            const SegmentId segment{target_.datum, block, token_, last_segment_++};
            judge_.contents[segment] = dice_.next();
            change.extents.push_back({from, length, segment, 0});
            if (block == 0 && carries) {
                carried_.push_back({segment, kCells});
            } else {
                todo_.push_back(segment);
            }
        }
        const Extents& old = blocks_[block];
        if (!old.empty() && old.front().segment.token != token_ &&
            dice_.one_in(5)) {  // a piece of the version before, moved
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

std::vector<BlockChange> SimClient::my_changes() const {
    std::vector<BlockChange> mine = changes_;
    for (BlockChange& change : mine) {
        std::erase_if(change.extents, [&](const Extent& e) { return e.segment.token != token_; });
    }
    return mine;
}

void SimClient::finish(Time now, Packets& out) {
    rid_ += 1;
    phase_ = Phase::finishing;
    const bool keep_lock = dice_.one_in(6);
    if (!keep_lock) judge_.forget_trust(id_);
    if (!keep_lock && !judge_.healed && dice_.one_in(8)) {
        return ask(home(), Abort{token_}, now, out);
    }
    judge_.attempts(target_.datum, version_ + 1, token_, blocks_, changes_);
    ask(home(), Release{token_, changes_, carried_, keep_lock}, now, out);
}

}  // namespace juxta::data::simulation
