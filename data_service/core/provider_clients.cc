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
    if (const auto* written = std::get_if<AlreadyWritten>(&body)) {
        throw Error(ErrorCode::invalid_argument,
                    name + " is immutable and was written before: version " +
                        std::to_string(written->version) +
                        " is its last; nothing was committed, the lock is still held");
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
                                               const ClientBody& body, Duration wait,
                                               std::vector<SmallContent> segments) {
    const auto deadline = Clock::now() + std::chrono::microseconds(wait);
    for (;;) {
        std::uint64_t ticket = 0;
        std::future<Outcome> answer;
        bool durable = false;
        const auto event = [&](GroupMember& member, Time now, Outputs& out) {
            member.ask({group, who.client, who.rid, ticket, body}, now, out);
        };
        Beside beside{.segments = segments};
        state_.with([&](State& s) {
            if (s.stopping)
                throw Error(ErrorCode::cancelled, "provider " + settings_.self.name + " ends");
            const ProviderGroup* here = s.find(group);
            if (here == nullptr) return;
            durable = here->settings.durable;
            if (durable && s.disk_failed) {
                throw Error(ErrorCode::unavailable, to_string(group.datum) +
                                                        ": the disk of provider " +
                                                        settings_.self.name + " failed");
            }
            ticket = ++s.last_ticket;
            Waiting& waiting = s.waiting[ticket];
            waiting.group = group;
            answer = waiting.outcome.get_future();
            decide(s, group, event, beside);
        });
        if (ticket == 0) refuse_not_primary(group.datum, {});
        carry_out(durable ? 1 : 0, true);
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
                         Duration wait, std::vector<SmallContent> segments) {
    auto answer = try_to_ask(who, group, body, wait, std::move(segments));
    if (!answer) {
        throw Error(ErrorCode::unavailable,
                    to_string(group.datum) +
                        ": its copies do not answer each other now; ask again with "
                        "the same request number");
    }
    return std::move(*answer);
}

std::optional<Granted> Provider::acquire(const Caller& who, const DataId& datum,
                                         const Acquire& wanted, Duration wait) {
    const Duration most = std::min(wait, lock_lease() / 4);
    auto answer = try_to_ask(who, home_of(datum), wanted, most);
    if (!answer) return std::nullopt;
    return std::get<Granted>(std::move(*answer));
}

void Provider::cancel_acquire(const Caller& who, const DataId& datum) {
    ask(who, home_of(datum), CancelAcquire{}, settings_.answer_wait);
}

void Provider::renew(const Caller& who, const DataId& datum, Token token) {
    ask(who, home_of(datum), Renew{token}, settings_.answer_wait);
}

// Carried bytes are stored here first; whose token is dead by now is told so by the ledger, or
// gets the answer that was given before.
Version Provider::release(const Caller& who, const DataId& datum, Token token,
                          std::vector<BlockChange> changes, std::vector<SmallContent> carried,
                          bool keep_lock) {
    Release release{token, std::move(changes), {}, keep_lock};
    std::uint64_t total = 0;
    for (const SmallContent& one : carried) total += one.content->size();
    if (total > SegmentStore::kSmall) {
        throw Error(ErrorCode::invalid_argument, to_string(datum) + ": a release carries at most " +
                                                     std::to_string(SegmentStore::kSmall) +
                                                     " bytes, not " + std::to_string(total) +
                                                     "; stage larger segments");
    }
    std::erase_if(carried, [&](const SmallContent& one) {
        const SegmentId& id = one.segment;
        const bool fits = id.datum == datum && id.block == 0 && id.token == token;
        if (!fits || one.content->empty()) {
            throw Error(ErrorCode::invalid_argument,
                        to_string(datum) + ": a release cannot carry this segment");
        }
        View view;
        const May may = may_be_made(id, view);
        if (may == May::elsewhere) refuse_elsewhere(datum, view);
        return may == May::no_more;
    });
    for (const SmallContent& one : carried) {
        store_.put_small(one.segment, *one.content);
        release.carried.push_back({one.segment, one.content->size()});
    }
    counters_.bytes_in += total;
    const AnswerBody answer =
        ask(who, home_of(datum), std::move(release), settings_.answer_wait, std::move(carried));
    const auto* committed = std::get_if<Committed>(&answer);
    if (committed == nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    to_string(datum) + ": this request number was used for something else before");
    }
    return committed->version;
}

Looked Provider::look(const DataId& datum) {
    return std::get<Looked>(ask({}, home_of(datum), Look{}, settings_.answer_wait));
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
    return state_.with([](const State& s) { return s.own().durations.lock; });
}

Duration Provider::pin_lease() const {
    return state_.with([](const State& s) { return s.own().durations.pin; });
}

Provider::May Provider::may_be_made(const SegmentId& segment, View& view) const {
    return state_.with([&](const State& s) {
        const auto found = s.groups.find(group_of(segment));
        if (found == s.groups.end()) return May::elsewhere;
        view = found->second.member.view();
        if (!found->second.member.is_primary()) return May::elsewhere;
        return found->second.member.accepts(segment) ? May::yes : May::no_more;
    });
}

void Provider::refuse_elsewhere(const DataId& datum, const View& view) const {
    if (view.lost || view.freed) accepted(datum, Gone{view.lost});
    refuse_not_primary(datum, view);
}

void Provider::admit(const SegmentId& segment) const {
    View view;
    const May may = may_be_made(segment, view);
    if (may == May::elsewhere) refuse_elsewhere(segment.datum, view);
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
    std::vector<SmallContent> beside;
    if (is_durable(group_of(segment))) beside = to_disk(segment);
    ask(who, group_of(segment), Stage{segment, bytes}, settings_.stage_wait, std::move(beside));
}

std::uint32_t Provider::read(const SegmentId& segment, std::uint64_t offset,
                             std::span<std::byte> into) {
    const std::uint32_t crc = store_.read(segment, offset, into);
    counters_.bytes_out += into.size();
    return crc;
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
