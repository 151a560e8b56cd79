#include "client_api/core/call_progress.h"

#include <algorithm>
#include <utility>

namespace juxta::client {

CallProgress::CallProgress(ScheduleRequest request, CallOrder order, Retry retry, Time now,
                           const CallLimits& limits)
    : request_(std::move(request)),
      order_(std::move(order)),
      retry_(retry),
      limits_(limits),
      placed_(now),
      pause_(limits.first_pause) {
    // A deadline that does not come while anybody lives is none; so is one that is no number.
    constexpr double longest_s = 1e9;
    if (!(order_.deadline_s <= longest_s)) order_.deadline_s = 0;
    if (order_.deadline_s > 0) deadline_ = now + static_cast<Duration>(order_.deadline_s * kSecond);
    result_.id = order_.id;
    if (first_pending() != nullptr) state_ = State::resolving;
}

Argument* CallProgress::first_pending() {
    const auto found = std::ranges::find_if(order_.arguments, [](const Argument& argument) {
        return std::holds_alternative<PendingOutput>(argument);
    });
    return found == order_.arguments.end() ? nullptr : &*found;
}

void CallProgress::resolved(const CallResult& producer) {
    if (state_ != State::resolving) return;
    Argument& argument = *first_pending();
    const PendingOutput pending = std::get<PendingOutput>(argument);
    const std::string needs =
        subject() + " needs output " + pending.output + " of " + to_string(pending.producer);
    if (producer.state != CallState::done) {
        fail(producer.error,
             needs + ", which " + std::string(name_of(producer.state)) + ": " + producer.message);
        return;
    }
    const auto output = std::ranges::find(producer.outputs, pending.output, &Output::name);
    if (output != producer.outputs.end() && output->id) {
        argument = *output->id;
        request_.data.push_back(*output->id);
        request_.data_arguments.push_back(pending.argument);
    } else if (output != producer.outputs.end() && output->value) {
        argument = *output->value;
        request_.inline_bytes += output->value->bytes.size();
    } else {
        fail(ErrorCode::not_found, needs + ", which has no such output any more");
        return;
    }
    if (first_pending() == nullptr) state_ = State::scheduling;
}

Step CallProgress::next(Time now) {
    if (state_ != State::following && state_ != State::over) {
        if (cancelled_) {
            fail(ErrorCode::cancelled, subject() + " was cancelled before a server had it");
            result_.state = CallState::cancelled;
        } else if (deadline_passed(now)) {
            fail(ErrorCode::deadline_exceeded,
                 subject() + ": no server had taken it at its deadline" +
                     (last_trouble_.empty() ? "" : " (" + last_trouble_ + ")"));
        }
    }
    switch (state_) {
        case State::resolving:
            return {Step::resolve, {}, deadline_, std::get<PendingOutput>(*first_pending())};
        case State::pausing:
            if (now < pause_until_) {
                const Time until =
                    deadline_ == 0 ? pause_until_ : std::min(pause_until_, deadline_);
                return {Step::pause, {}, until, {}};
            }
            state_ = State::scheduling;
            [[fallthrough]];
        case State::scheduling: return {Step::schedule, {}, 0, {}};
        case State::probing: return {Step::probe, candidates_[current_].sed, 0, {}};
        case State::submitting: return {Step::submit, candidates_[current_].sed, 0, {}};
        case State::following: return {Step::follow, candidates_[current_].sed, 0, {}};
        case State::over: break;
    }
    return {Step::end, {}, 0, {}};
}

CallOrder CallProgress::order(Time now) const {
    CallOrder order = order_;
    order.attempt = runs_ + failed_ + 1;
    if (deadline_ != 0) {
        // Never 0, which means none.
        order.deadline_s = std::max(0.001, static_cast<double>(deadline_ - now) / kSecond);
    }
    return order;
}

void CallProgress::scheduled(std::vector<Candidate> candidates, Duration took, Time now) {
    if (candidates.empty()) {
        schedule_failed(Error(ErrorCode::no_server, "the agents name no server"), took, now);
        return;
    }
    schedule_time_ += took;
    candidates_ = std::move(candidates);
    try_candidate(0, now);
}

void CallProgress::schedule_failed(const Error& error, Duration took, Time now) {
    schedule_time_ += took;
    switch (error.code()) {
        case ErrorCode::peer_unreachable:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::unavailable:
            trouble(std::string("the master agent: ") + error.what(), error.code(),
                    limits_.agent_patience, now);
            return;
        case ErrorCode::not_found:
        case ErrorCode::no_server:
            if (drop_preference()) return;
            // The profile was known, so the agents have only just forgotten the service: they
            // restarted, or its servers did. A server that nobody knows is the caller's mistake.
            if (error.code() == ErrorCode::not_found && !request_.server.empty() &&
                runs_ + failed_ == 0)
                break;
            // Nobody but those who failed: they may be back.
            request_.excluded.clear();
            trouble(error.what(), error.code(), limits_.server_patience, now);
            return;
        default: break;
    }
    fail(error.code(), error.what());
}

void CallProgress::try_candidate(std::size_t index, Time now) {
    current_ = index;
    second_try_ = may_have_it_ = false;
    if (current_ < candidates_.size()) {
        state_ = retry_ == Retry::never ? State::probing : State::submitting;
    } else if (!drop_preference()) {
        trouble(last_trouble_, ErrorCode::no_server, limits_.server_patience, now);
    }
}

// A kept connection that broke while idle fails its first call: that says nothing of the SeD.
bool CallProgress::broke_once(const Error& error) {
    return error.code() == ErrorCode::peer_unreachable && !std::exchange(second_try_, true);
}

// True if there was one: then the agents are asked again, without it.
bool CallProgress::drop_preference() {
    if (server_required_ || request_.server.empty()) return false;
    request_.server.clear();
    state_ = State::scheduling;
    return true;
}

void CallProgress::exclude_current() {
    drop_preference();
    if (!request_.server.empty()) return;
    const std::string& name = candidates_[current_].sed.name;
    if (std::find(request_.excluded.begin(), request_.excluded.end(), name) ==
        request_.excluded.end()) {
        request_.excluded.push_back(name);
    }
}

void CallProgress::probe_failed(const Error& error, Time now) {
    if (broke_once(error)) return;
    last_trouble_ = candidates_[current_].sed.name + ": " + error.what();
    exclude_current();
    try_candidate(current_ + 1, now);
}

void CallProgress::submitted(CallResult result) {
    trouble_since_ = 0;
    pause_ = limits_.first_pause;
    state_ = State::following;
    if (result.finished()) followed(std::move(result));
}

void CallProgress::submit_failed(const Error& error, Time now) {
    const std::string& name = candidates_[current_].sed.name;
    last_trouble_ = name + ": " + error.what();
    switch (error.code()) {
        case ErrorCode::no_server:
        case ErrorCode::not_found:
        case ErrorCode::stale_version: try_candidate(current_ + 1, now); return;
        case ErrorCode::peer_unreachable:
        case ErrorCode::deadline_exceeded: break;
        default: fail(error.code(), error.what()); return;
    }
    if (retry_ == Retry::never) {
        lost(error, now);
        return;
    }
    may_have_it_ = may_have_it_ || !error.unsent();
    // A SeD that has accepted this id does not run it twice.
    if (broke_once(error)) return;
    // Silence, and a connection that broke under the call, may hide a run, and even be its doing.
    if (may_have_it_) {
        note_loss();
    } else {
        ++failed_;
    }
    exclude_current();
    if (runs_ >= limits_.runs) {
        give_up_as_poison();
        return;
    }
    if (failed_ >= limits_.submissions) {
        fail(error.code(), subject() + ": gave up after " + std::to_string(runs_ + failed_) +
                               " attempts, the last at " + last_trouble_);
        return;
    }
    try_candidate(current_ + 1, now);
}

void CallProgress::followed(CallResult result) {
    if (state_ == State::over) return;
    result.attempts = runs_ + failed_ + 1;
    result.schedule_s = static_cast<double>(schedule_time_) / kSecond;
    result.id = order_.id;
    result_ = std::move(result);
    state_ = State::over;
}

void CallProgress::lost(const Error& error, Time now) {
    if (state_ == State::over) return;
    const std::string name = candidates_[current_].sed.name;
    note_loss();
    last_trouble_ = name + ": " + error.what();
    if (cancelled_) {
        fail(ErrorCode::cancelled, subject() + " was cancelled; its server " + last_trouble_);
        result_.state = CallState::cancelled;
        return;
    }
    if (retry_ == Retry::never) {
        fail(ErrorCode::peer_unreachable,
             subject() + ": its server was lost (" + last_trouble_ +
                 "); it may have run, and is not run again because the service says retry=never");
        return;
    }
    if (runs_ >= limits_.runs) {
        give_up_as_poison();
        return;
    }
    exclude_current();
    placed_ = now;
    state_ = State::scheduling;
}

void CallProgress::note_loss() {
    ++runs_;
    losses_ += (losses_.empty() ? "" : ", ") + candidates_[current_].sed.name;
}

void CallProgress::give_up_as_poison() {
    fail(ErrorCode::peer_unreachable, subject() + ": " + std::to_string(runs_) +
                                          " servers were lost while they had it (" + losses_ +
                                          "; the last: " + last_trouble_ +
                                          "); it may be what ends them, and is not run again");
}

void CallProgress::cancel() { cancelled_ = true; }

// Pauses before the agents are asked again, or gives up.
void CallProgress::trouble(const std::string& reason, ErrorCode code, Duration patience, Time now) {
    last_trouble_ = reason;
    if (trouble_since_ == 0) trouble_since_ = now;
    const Time end = std::max(placed_ + patience, trouble_since_ + limits_.least_patience);
    if (now >= end) {
        fail(code, subject() + " could not be placed, after " +
                       std::to_string((now - trouble_since_ + kSecond / 2) / kSecond) +
                       " s of trying: " + reason);
        return;
    }
    pause_until_ = std::min(end, now + pause_);
    pause_ = std::min(2 * pause_, limits_.longest_pause);
    state_ = State::pausing;
}

void CallProgress::fail(ErrorCode code, const std::string& text) {
    if (state_ == State::over) return;
    result_.state = CallState::failed;
    result_.error = code;
    result_.message = text;
    result_.attempts = std::max(1u, runs_ + failed_);
    result_.schedule_s = static_cast<double>(schedule_time_) / kSecond;
    if (current_ < candidates_.size()) result_.sed = candidates_[current_].sed.name;
    state_ = State::over;
}

std::string CallProgress::subject() const {
    return "call of '" + request_.service + "' (" + to_string(order_.id) + ")";
}

}  // namespace juxta::client
