#include "server_daemon/core/call_queue.h"

#include <algorithm>
#include <cstdio>

namespace juxta::sed {
namespace {

constexpr double kWeightOfNewest = 0.2;

// Between two looks for unattended calls; after more, this process had been stopped.
constexpr Duration kPause = kSecond;

double seconds(Duration duration) { return static_cast<double>(duration) / kSecond; }

std::uint64_t bytes_in(const CallResult& result) {
    std::uint64_t sum = result.message.size();
    for (const Output& output : result.outputs)
        sum += output.value ? output.value->bytes.size() : 0;
    return sum;
}

}  // namespace

CallQueue::CallQueue(std::string sed, QueueLimits limits) : sed_(std::move(sed)), limits_(limits) {}

bool CallQueue::submit(Time now, std::shared_ptr<const CallOrder> order, const Profile& profile) {
    if (calls_.contains(order->id)) return false;
    if (draining_) throw Error(ErrorCode::no_server, sed_ + " is draining and takes no new calls");
    if (holders_.size() >= limits_.slots && waiting_.size() >= limits_.waiting) {
        throw Error(ErrorCode::no_server, sed_ + " is full: " + std::to_string(holders_.size()) +
                                              " calls run and " + std::to_string(waiting_.size()) +
                                              " wait");
    }
    Call& call = calls_[order->id];
    call.result.id = order->id;
    call.result.sed = sed_;
    call.result.attempts = order->attempt;
    call.keep = order->keep_result;
    call.attended = now;
    call.expected_s = expected(profile.name);
    // A deadline beyond any clock is none.
    const bool limited = order->deadline_s > 0 && order->deadline_s < 1e9;
    const Time deadline = limited ? now + static_cast<Duration>(order->deadline_s * kSecond) : 0;
    waiting_.push_back(order->id);
    waiting_s_ += call.expected_s;
    waiting_unknown_ += call.expected_s > 0 ? 0 : 1;
    call.task = {std::move(order), &profile, now, deadline};
    last_accepted_ = now;
    accepted_ += 1;
    return true;
}

Task CallQueue::take(Time now) {
    ensure(can_take(), "a call waits and a slot is free");
    Call& call = known(waiting_.front());
    remove_from_waiting(call);
    holders_.push_back(call.result.id);
    call.holds_slot = true;
    call.phase = Phase::fetching;
    call.taken = now;
    call.result.state = CallState::running;
    call.result.queue_s = seconds(now - call.task.accepted);
    return call.task;
}

bool CallQueue::begin_run(const RequestId& id) {
    Call& call = known(id);
    if (call.phase != Phase::fetching) return false;
    call.phase = Phase::running;
    return true;
}

bool CallQueue::begin_commit(const RequestId& id) {
    Call& call = known(id);
    if (call.phase != Phase::running || call.cancelled) return false;
    call.phase = Phase::committing;
    return true;
}

void CallQueue::finish(Time now, const RequestId& id, CallResult result) {
    Call& call = known(id);
    std::erase(holders_, id);
    call.holds_slot = false;
    if (call.phase == Phase::over) return;
    if (call.cancelled && result.state == CallState::failed) {
        result.state = CallState::cancelled;
        result.error = ErrorCode::cancelled;
        result.message = call.task.profile->name + ": the call was cancelled";
    }
    if (result.state == CallState::done) {
        const auto [mean, first] = run_s_.try_emplace(call.task.profile->name, result.run_s);
        if (!first) mean->second += kWeightOfNewest * (result.run_s - mean->second);
    }
    conclude(now, call, std::move(result));
    forget(now);
}

bool CallQueue::cancel(Time now, const RequestId& id) {
    Call& call = known(id);
    switch (call.phase) {
        case Phase::waiting: remove_from_waiting(call); [[fallthrough]];
        case Phase::fetching:
            fail(now, call, CallState::cancelled, ErrorCode::cancelled,
                 "the call was cancelled before it ran");
            return false;
        case Phase::running: call.cancelled = true; return true;
        case Phase::committing:
        case Phase::over: break;
    }
    return false;
}

bool CallQueue::expire(Time now) {
    std::vector<RequestId> late;
    const auto look = [&](const RequestId& id) {
        const Call& call = known(id);
        const bool early = call.phase == Phase::waiting || call.phase == Phase::fetching;
        if (early && call.task.deadline != 0 && call.task.deadline <= now) late.push_back(id);
    };
    std::ranges::for_each(waiting_, look);
    std::ranges::for_each(holders_, look);
    for (const RequestId& id : late) {
        Call& call = known(id);
        const bool waited = call.phase == Phase::waiting;
        if (waited) remove_from_waiting(call);
        fail(now, call, CallState::failed, ErrorCode::deadline_exceeded,
             waited ? "the deadline of the call has passed before a slot was free"
                    : "the deadline of the call has passed while its arguments were fetched");
    }
    return !late.empty();
}

void CallQueue::attend(Time now, const RequestId& id) {
    const auto call = calls_.find(id);
    if (call != calls_.end()) call->second.attended = std::max(call->second.attended, now);
}

std::vector<RequestId> CallQueue::unattended(Time now) {
    const bool paused = last_look_ != 0 && now - last_look_ > kPause;
    last_look_ = now;
    std::vector<RequestId> found;
    const auto look = [&](const RequestId& id) {
        Call& call = known(id);
        if (paused) call.attended = now;
        const bool ends = call.phase >= Phase::committing || call.cancelled;
        if (!ends && !call.keep && call.attended + limits_.unattended <= now) found.push_back(id);
    };
    std::ranges::for_each(waiting_, look);
    std::ranges::for_each(holders_, look);
    return found;
}

void CallQueue::withdraw(Time now) {
    drain();
    while (!waiting_.empty()) {
        Call& call = known(waiting_.front());
        remove_from_waiting(call);
        fail(now, call, CallState::failed, ErrorCode::unavailable,
             sed_ + " is ending and has not begun the call");
    }
}

void CallQueue::forget(Time now) {
    while (brief_.size() + kept_.size() > limits_.history ||
           history_bytes_ > limits_.history_bytes) {
        if (!drop_oldest(brief_, false) && !drop_oldest(kept_, true)) break;
    }
    const auto outlived = [&](const std::deque<RequestId>& list, Duration time) {
        if (list.empty()) return false;
        const auto call = calls_.find(list.front());
        return call == calls_.end() || call->second.ended + time <= now;
    };
    while (outlived(brief_, limits_.unclaimed) && drop_oldest(brief_, false)) {
    }
    while (outlived(kept_, limits_.kept) && drop_oldest(kept_, true)) {
    }
}

// False if nothing can go. Entries of `kept_` whose call was delivered are only taken off the list.
bool CallQueue::drop_oldest(std::deque<RequestId>& from, bool kept) {
    if (from.empty()) return false;
    const auto call = calls_.find(from.front());
    if (call != calls_.end() && call->second.keep == kept) {
        if (call->second.holds_slot) return false;
        history_bytes_ -= call->second.bytes;
        calls_.erase(call);
    }
    from.pop_front();
    return true;
}

const CallResult& CallQueue::state_of(const RequestId& id) const {
    const auto call = calls_.find(id);
    if (call == calls_.end()) {
        throw Error(ErrorCode::not_found,
                    sed_ + " does not know the request " + to_string(id) + " (any more)");
    }
    return call->second.result;
}

CallReport CallQueue::report(Time now, const RequestId& id) const {
    const auto known = calls_.find(id);
    if (known == calls_.end()) {
        const auto kept = reports_.find(id);
        if (kept != reports_.end()) return kept->second;
        state_of(id);  // not found
    }
    const Call& call = known->second;
    CallReport report{id,
                      call.result.state,
                      reason(now, call),
                      call.result.transfer_s,
                      call.result.queue_s,
                      call.result.run_s};
    if (call.phase == Phase::waiting) report.queue_s = seconds(now - call.task.accepted);
    return report;
}

std::string CallQueue::reason(Time now, const Call& call) const {
    const auto since = [&](Time start) {
        char text[32];
        std::snprintf(text, sizeof text, "%.1f s", seconds(now - start));
        return std::string(text);
    };
    switch (call.phase) {
        case Phase::waiting: {
            const auto before = std::ranges::find(waiting_, call.result.id) - waiting_.begin();
            return "waits for a slot of " + sed_ + " since " + since(call.task.accepted) + ": " +
                   std::to_string(holders_.size()) + " of " + std::to_string(limits_.slots) +
                   " are taken, and " + std::to_string(before) + " calls wait before it";
        }
        case Phase::fetching:
            return "its arguments are being brought to " + sed_ + " since " + since(call.taken);
        case Phase::running: return "runs at " + sed_ + ", in its slot since " + since(call.taken);
        case Phase::committing: return "its results are being committed at " + sed_;
        case Phase::over: break;
    }
    return {};
}

void CallQueue::keep_report(const CallResult& result) {
    const CallReport report{result.id,         result.state,   {},
                            result.transfer_s, result.queue_s, result.run_s};
    if (reports_.insert_or_assign(result.id, report).second) reported_.push_back(result.id);
    if (reported_.size() <= limits_.history) return;
    reports_.erase(reported_.front());
    reported_.pop_front();
}

CallQueue::Call& CallQueue::known(const RequestId& id) {
    state_of(id);
    return calls_.find(id)->second;
}

CallResult CallQueue::deliver(Time now, const RequestId& id) {
    Call& call = known(id);
    if (call.phase == Phase::over && call.keep) {
        call.keep = false;
        call.ended = now;
        brief_.push_back(id);
    }
    return call.result;
}

QueueLoad CallQueue::load(Time now, const std::string& service) const {
    QueueLoad load;
    load.running = static_cast<unsigned>(holders_.size());
    load.waiting = static_cast<unsigned>(waiting_.size());
    load.expected_run_s = expected(service);
    const double usual_s = usual();
    load.backlog_s = waiting_s_ + static_cast<double>(waiting_unknown_) * usual_s;
    for (const RequestId& id : holders_) {
        const Call& call = calls_.at(id);
        const double age_s = seconds(now - call.taken);
        const double expected_s = call.expected_s > 0 ? call.expected_s : usual_s;
        // Estimates err: what has run for long goes on for long (docs/reference/scheduling.md).
        load.backlog_s += std::max({expected_s - age_s, expected_s / 2, age_s / 2});
    }
    load.accepted = accepted_;
    load.since_last_s = last_accepted_ == 0 ? 0 : seconds(now - last_accepted_);
    return load;
}

void CallQueue::conclude(Time now, Call& call, CallResult result) {
    result.id = call.result.id;
    result.sed = sed_;
    result.attempts = call.result.attempts;
    result.queue_s = call.result.queue_s;
    call.result = std::move(result);
    call.phase = Phase::over;
    call.ended = now;
    call.bytes = bytes_in(call.result);
    history_bytes_ += call.bytes;
    keep_report(call.result);
    // What only the run needed.
    call.task.order = nullptr;
    (call.keep ? kept_ : brief_).push_back(call.result.id);
}

void CallQueue::fail(Time now, Call& call, CallState state, ErrorCode code,
                     const std::string& why) {
    CallResult result;
    result.state = state;
    result.error = code;
    result.message = call.task.profile->name + ": " + why;
    if (call.phase == Phase::waiting) call.result.queue_s = seconds(now - call.task.accepted);
    conclude(now, call, std::move(result));
}

void CallQueue::remove_from_waiting(Call& call) {
    // take() removes the first; only a cancel looks further.
    waiting_.erase(std::ranges::find(waiting_, call.result.id));
    waiting_s_ = waiting_.empty() ? 0 : waiting_s_ - call.expected_s;
    waiting_unknown_ -= call.expected_s > 0 ? 0 : 1;
}

// Of all services that ran here: for one that never did.
double CallQueue::usual() const {
    double sum = 0;
    for (const auto& [service, mean] : run_s_) sum += mean;
    return run_s_.empty() ? 0 : sum / static_cast<double>(run_s_.size());
}

double CallQueue::expected(const std::string& service) const {
    const auto mean = run_s_.find(service);
    return mean == run_s_.end() ? 0 : mean->second;
}

}  // namespace juxta::sed
