// What clients ask of a provider.
#include <algorithm>
#include <chrono>

#include "data_service/core/provider.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

// Between two tries of a question that this provider cannot answer yet.
constexpr std::chrono::milliseconds kPause{5};
// An answer that takes longer than this is helped on.
constexpr std::chrono::milliseconds kNudge{10};

GroupId home_of(const DataId& datum) { return {datum, 0}; }
GroupId group_of(const SegmentId& segment) { return {segment.datum, segment.block}; }

}  // namespace

void Provider::refuse_not_primary(const DataId& datum, const View& view) const {
    const auto primary = view.primary();
    std::string redirect;
    if (primary) {
        const auto contact = contacts_.known(primary->provider);
        if (contact && contact->self == *primary && *primary != settings_.self.self) {
            redirect = contact->address;
        }
    }
    throw Error(ErrorCode::not_primary,
                to_string(datum) + ": provider " + settings_.self.name +
                    " is not the one that answers for it; ask its manager who does",
                redirect);
}

AnswerBody Provider::accepted(const DataId& datum, AnswerBody body) const {
    const std::string name = to_string(datum);
    if (std::holds_alternative<LeaseLost>(body)) {
        throw Error(
            ErrorCode::lease_expired,
            name +
                ": this lock or its lease has ended; nothing of it was committed, and nothing "
                "will be: acquire again");
    }
    if (std::holds_alternative<NotStaged>(body)) {
        throw Error(ErrorCode::invalid_argument,
                    name +
                        ": a segment named here is not staged under this token; nothing was "
                        "committed, the lock is still held: stage it, then release again");
    }
    if (std::holds_alternative<VersionGone>(body)) {
        throw Error(ErrorCode::stale_version,
                    name + ": that version is no longer kept; take a new snapshot");
    }
    if (const auto* gone = std::get_if<Gone>(&body)) {
        if (!gone->lost) throw Error(ErrorCode::not_found, name + " was freed");
        throw Error(ErrorCode::data_lost,
                    name +
                        " is lost: every provider that had a copy is dead; more "
                        "copies would have saved it");
    }
    if (const auto* other = std::get_if<NotPrimary>(&body)) refuse_not_primary(datum, other->view);
    return body;
}

// nullopt: not answered in time. A question that ended with a view is asked again, under the same
// request number.
std::optional<AnswerBody> Provider::try_to_ask(const Caller& who, const GroupId& group,
                                               const ClientBody& body, Duration wait) {
    const auto deadline = Clock::now() + std::chrono::microseconds(wait);
    for (;;) {
        std::uint64_t ticket = 0;
        std::future<Outcome> answer;
        const bool is_here = state_.with([&](State& s) {
            if (s.stopping)
                throw Error(ErrorCode::cancelled, "provider " + settings_.self.name + " ends");
            ticket = ++s.last_ticket;
            if (s.find(group) != nullptr) answer = s.waiting[ticket].outcome.get_future();
            if (s.find(group) != nullptr) s.waiting[ticket].group = group;
            return s.find(group) != nullptr;
        });
        if (!is_here) refuse_not_primary(group.datum, {});
        step(group, [&](GroupMember& member, Time now, Outputs& out) {
            member.ask({group, who.client, who.rid, ticket, body}, now, out);
        });
        if (answer.wait_until(std::min(deadline, Clock::now() + kNudge)) !=
            std::future_status::ready) {
            // A message to a member that had not yet adopted the view is lost: repeat it now.
            step(group, [](GroupMember& member, Time now, Outputs& out) { member.tick(now, out); });
        }
        if (answer.wait_until(deadline) != std::future_status::ready) {
            state_.with([&](State& s) { s.waiting.erase(ticket); });
            return std::nullopt;
        }
        Outcome outcome = answer.get();
        const auto* other = outcome ? std::get_if<NotPrimary>(&*outcome) : nullptr;
        const bool is_ours = other != nullptr && other->view.primary() == settings_.self.self;
        if (outcome && !is_ours) return accepted(group.datum, std::move(*outcome));
        if (Clock::now() + kPause >= deadline) return std::nullopt;
        std::this_thread::sleep_for(kPause);  // this provider becomes the primary just now
    }
}

AnswerBody Provider::ask(const Caller& who, const GroupId& group, const ClientBody& body,
                         Duration wait) {
    auto answer = try_to_ask(who, group, body, wait);
    if (!answer) {
        throw Error(ErrorCode::unavailable,
                    to_string(group.datum) +
                        ": its copies do not answer each other now; ask again with "
                        "the same request number");
    }
    return std::move(*answer);
}

std::optional<Granted> Provider::acquire(const Caller& who, const DataId& datum, bool shared,
                                         Duration waited, Duration wait) {
    const Duration most = std::min(wait, lock_lease() / 4);
    auto answer = try_to_ask(who, home_of(datum), Acquire{shared, waited}, most);
    if (!answer) return std::nullopt;
    return std::get<Granted>(std::move(*answer));
}

void Provider::cancel_acquire(const Caller& who, const DataId& datum) {
    ask(who, home_of(datum), CancelAcquire{}, settings_.answer_wait);
}

void Provider::renew(const Caller& who, const DataId& datum, Token token) {
    ask(who, home_of(datum), Renew{token}, settings_.answer_wait);
}

Version Provider::release(const Caller& who, const DataId& datum, Token token,
                          std::vector<BlockChange> changes) {
    const AnswerBody answer =
        ask(who, home_of(datum), Release{token, std::move(changes)}, settings_.answer_wait);
    const auto* committed = std::get_if<Committed>(&answer);
    if (committed == nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    to_string(datum) + ": this request number was used for something else before");
    }
    return committed->version;
}

void Provider::abandon(const Caller& who, const DataId& datum, Token token) {
    ask(who, home_of(datum), Abort{token}, settings_.answer_wait);
}

void Provider::unlock(const Caller& who, const DataId& datum, Token token) {
    ask(who, home_of(datum), Unlock{token}, settings_.answer_wait);
}

SnapshotTaken Provider::acquire_read(const Caller& who, const DataId& datum) {
    return std::get<SnapshotTaken>(ask(who, home_of(datum), AcquireRead{}, settings_.answer_wait));
}

void Provider::renew_pin(const Caller& who, const DataId& datum, Version version) {
    ask(who, home_of(datum), RenewPin{version}, settings_.answer_wait);
}

void Provider::unpin(const Caller& who, const DataId& datum, Version version) {
    step(home_of(datum), [&](GroupMember& member, Time now, Outputs& out) {
        member.ask({home_of(datum), who.client, who.rid, 0, Unpin{version}}, now, out);
    });
}

Duration Provider::lock_lease() const {
    return state_.with([](const State& s) { return s.durations.lock; });
}

Duration Provider::pin_lease() const {
    return state_.with([](const State& s) { return s.durations.pin; });
}

void Provider::admit(const SegmentId& segment) const {
    enum class May { yes, elsewhere, no_more };
    View view;
    const May may = state_.with([&](const State& s) {
        const auto found = s.groups.find(group_of(segment));
        if (found == s.groups.end()) return May::elsewhere;
        view = found->second.member.view();
        if (!found->second.member.is_primary()) return May::elsewhere;
        return found->second.member.accepts(segment) ? May::yes : May::no_more;
    });
    if (may == May::elsewhere) {
        if (view.lost || view.freed) accepted(segment.datum, Gone{view.lost});
        refuse_not_primary(segment.datum, view);
    }
    if (may == May::no_more) accepted(segment.datum, LeaseLost{});
}

void Provider::upload(const SegmentId& segment, std::uint64_t bytes, std::uint64_t offset,
                      std::span<const std::byte> content) {
    counters_.bytes_in += content.size();
    admit(segment);
    store_.write(segment, bytes, offset, content);
}

void Provider::stage(const Caller& who, const SegmentId& segment, std::uint64_t bytes) {
    if (!store_.has(segment)) {
        admit(segment);
        store_.seal(segment);
    }
    const auto content = store_.open(segment);
    if (!content)
        throw Error(ErrorCode::not_found, to_string(segment.datum) + ": the segment has gone");
    if (content->bytes != bytes) {
        throw Error(ErrorCode::invalid_argument, to_string(segment.datum) +
                                                     ": the segment to be staged has " +
                                                     std::to_string(content->bytes) +
                                                     " bytes here, not " + std::to_string(bytes));
    }
    store_.set_cached(segment, false);
    ask(who, group_of(segment), Stage{segment, bytes}, settings_.stage_wait);
}

void Provider::read(const SegmentId& segment, std::uint64_t offset, std::span<std::byte> into) {
    store_.read(segment, offset, into);
    counters_.bytes_out += into.size();
}

std::vector<Movement> Provider::fetch(const DataId& datum, Version version,
                                      const std::vector<SegmentWanted>& segments) {
    std::map<std::string, std::uint64_t> by_source;
    for (SegmentWanted wanted : segments) {
        if (wanted.segment.datum != datum) {
            throw Error(ErrorCode::invalid_argument,
                        "a segment of another datum than " + to_string(datum));
        }
        std::erase_if(wanted.sources, [&](const FetchSource& source) {
            return source.provider_name == settings_.self.name;
        });
        if (store_.has_as_far_as(wanted.segment, wanted.bytes)) continue;
        for (const BytesReceived& received : fetcher_.fetch(wanted, true)) {
            by_source[received.from] += received.bytes;
        }
    }
    note_cached(datum, version, segments, !by_source.empty());
    std::vector<Movement> moved;
    for (const auto& [from, bytes] : by_source)
        moved.push_back({"", from, settings_.self.name, bytes});
    return moved;
}

}  // namespace juxta::data
