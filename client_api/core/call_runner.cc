#include "client_api/core/call_runner.h"

#include <algorithm>

namespace juxta::client {
namespace {

constexpr CallRunner::Clock::duration kForever = std::chrono::hours(24 * 365);

// How often a producer elsewhere is asked about, and how often in vain.
constexpr CallRunner::Clock::duration kLookAgain = std::chrono::milliseconds(100);
constexpr unsigned kUnanswered = 20;

CallRunner::Clock::time_point clock_time(Time time) {
    return CallRunner::Clock::time_point(std::chrono::microseconds(time));
}

std::size_t weight(const CallResult& result) {
    std::size_t bytes = sizeof(CallResult) + result.message.size();
    for (const Output& output : result.outputs) {
        bytes +=
            sizeof(Output) + output.name.size() + (output.value ? output.value->bytes.size() : 0);
    }
    return bytes + result.moved.size() * sizeof(Movement);
}

}  // namespace

class Call {
public:
    Call(NewCall call, const CallLimits& limits)
        : id(call.order.id),
          detached(call.detached),
          in_background(call.in_background),
          complete(std::move(call.complete)),
          progress(std::in_place, std::move(call.request), std::move(call.order), call.retry,
                   monotonic_now(), limits) {
        if (!call.server_required) progress->allow_other_servers();
    }

    const RequestId id;
    const bool detached;
    const bool in_background;

    // Belong to whoever drives the call: one thread at a time, handed over under the runner's lock.
    std::function<void(CallResult&)> complete;
    std::optional<CallProgress> progress;  // until the end
    unsigned unanswered = 0;               // questions about its producer, in a row

    // Under the runner's lock.
    bool keep = false;
    bool cancel_wanted = false;
    std::optional<SedContact> followed_at;
    std::optional<CallResult> result;
};

CallRunner::CallRunner(Scheduling& agent, SedLink& seds, RunnerSettings settings)
    : agent_(agent),
      seds_(seds),
      settings_(settings),
      follower_(seds, settings.poll_wait_ms,
                {[this](const RequestId& id, CallResult result) { ended(id, std::move(result)); },
                 [this](const RequestId& id, const Error& why) { lost(id, why); }}) {}

CallRunner::~CallRunner() {
    // Their SeDs are told, so that nothing runs on for nobody.
    std::vector<CallPtr> unfinished;
    state_.change([&](State& state) {
        state.stopping = true;
        for (const auto& [id, call] : state.unfinished) {
            if (!call->detached) unfinished.push_back(call);
        }
    });
    for (const auto& call : unfinished) cancel(call);
    follower_.stop();
    std::vector<std::thread> drivers;
    state_.with([&](State& state) {
        drivers.swap(state.drivers);
        if (state.clock.joinable()) drivers.push_back(std::move(state.clock));
    });
    for (std::thread& thread : drivers) thread.join();
    std::vector<CallPtr> left;
    state_.with([&](State& state) {
        for (const auto& [id, call] : state.unfinished) left.push_back(call);
    });
    for (const auto& call : left) {
        call->progress->abandon(Error(
            ErrorCode::cancelled, "the client ended before call " + to_string(call->id) + " did"));
        finish(call);
    }
}

// -- what callers do -----------------------------------------------------------------------------

CallRunner::CallPtr CallRunner::admit(NewCall wanted, bool keep) {
    auto call = std::make_shared<Call>(std::move(wanted), settings_.limits);
    state_.with([&](State& state) {
        if (state.stopping)
            throw Error(ErrorCode::cancelled, "the client is ending: no more calls");
        call->keep = keep;
        state.unfinished.emplace(call->id, call);
    });
    return call;
}

CallResult CallRunner::run(NewCall wanted) {
    const auto call = admit(std::move(wanted), false);
    drive(call, settings_.first_wait_ms);
    for (;;) {
        if (auto result = wait(call, Clock::now() + kForever)) return std::move(*result);
    }
}

std::shared_ptr<Call> CallRunner::start(NewCall wanted) {
    auto call = admit(std::move(wanted), true);
    if (call->detached && !call->in_background) {
        drive(call, 0);
    } else {
        state_.change([&](State& state) { enqueue(state, call); });
    }
    return call;
}

std::optional<CallResult> CallRunner::wait(const std::shared_ptr<Call>& call,
                                           Clock::time_point until) {
    return state_.wait_until(
        until, [&](const State&) { return call->result.has_value(); },
        [&](const State&) { return *call->result; });
}

std::optional<std::size_t> CallRunner::wait_any(std::span<const std::shared_ptr<Call>> calls,
                                                Clock::time_point until) {
    if (calls.empty()) return std::nullopt;
    std::size_t found = 0;
    const auto one_ended = [&](const State&) {
        for (found = 0; found < calls.size(); ++found) {
            if (calls[found]->result) return true;
        }
        return false;
    };
    if (!state_.wait_until(until, one_ended)) return std::nullopt;
    return found;
}

bool CallRunner::finished(const CallPtr& call) const {
    return state_.with([&](const State&) { return call->result.has_value(); });
}

void CallRunner::cancel(const CallPtr& call) {
    const auto at = state_.change([&](State& state) -> std::optional<SedContact> {
        if (call->result) return std::nullopt;
        call->cancel_wanted = true;
        unpark(state, call->id);
        return call->followed_at;
    });
    if (!at) return;
    try {
        seds_.cancel(*at, call->id);
    } catch (const Error&) {
        // The poller finds out what became of the SeD, and with it of the call.
    }
}

std::shared_ptr<Call> CallRunner::find(const RequestId& id) const {
    return state_.with([&](const State& state) -> std::shared_ptr<Call> {
        const auto running = state.unfinished.find(id);
        if (running != state.unfinished.end())
            return running->second->keep ? running->second : nullptr;
        const auto found = state.kept.find(id);
        return found == state.kept.end() ? nullptr : found->second;
    });
}

// -- driving -------------------------------------------------------------------------------------

// Takes the call as far as it goes without waiting for its end: until it is followed or over.
void CallRunner::drive(const CallPtr& call, unsigned wait_ms) {
    for (;;) {
        const auto [cancelled, stopping] = state_.with(
            [&](const State& state) { return std::pair(call->cancel_wanted, state.stopping); });
        if (cancelled) call->progress->cancel();
        const Step step = call->progress->next(monotonic_now());
        if (step.kind == Step::end) {
            finish(call);
            return;
        }
        if (step.kind == Step::follow) {
            follow(call, step.sed);
            return;
        }
        if (step.kind == Step::resolve && !stopping) {
            if (park(call, step)) return;
            continue;
        }
        if (stopping) {
            call->progress->abandon(Error(ErrorCode::cancelled, "the client ended before call " +
                                                                    to_string(call->id) + " did"));
            continue;
        }
        try {
            perform(step, call, wait_ms);
        } catch (const std::exception& e) {
            call->progress->abandon(Error(ErrorCode::internal, e.what()));
        }
    }
}

void CallRunner::perform(const Step& step, const CallPtr& call, unsigned wait_ms) {
    CallProgress& progress = *call->progress;
    const Time began = monotonic_now();
    try {
        switch (step.kind) {
            case Step::schedule: {
                auto candidates = agent_.schedule(progress.request());
                const Time now = monotonic_now();
                progress.scheduled(std::move(candidates), now - began, now);
                break;
            }
            case Step::probe:
                seds_.knows(step.sed, call->id);
                progress.probed();
                break;
            case Step::submit:
                progress.submitted(seds_.submit(step.sed, progress.order(began), wait_ms));
                break;
            case Step::pause:
                state_.wait_until(clock_time(step.until), [&](const State& state) {
                    return state.stopping || call->cancel_wanted;
                });
                break;
            case Step::resolve:
            case Step::follow:
            case Step::end: break;
        }
    } catch (const Error& e) {
        const Time now = monotonic_now();
        if (step.kind == Step::schedule) progress.schedule_failed(e, now - began, now);
        if (step.kind == Step::probe) progress.probe_failed(e, now);
        if (step.kind == Step::submit) progress.submit_failed(e, now);
    }
}

// -- waiting for outputs -------------------------------------------------------------------------

// True: the call waits for its producer, and belongs to nobody until it is driven again.
bool CallRunner::park(const CallPtr& call, const Step& step) {
    const RequestId producer = step.awaited.producer;
    std::optional<CallResult> ended;
    const auto is_here = [&](const State& state) { return state.unfinished.contains(producer); };
    bool here = state_.with([&](const State& state) {
        const auto kept = state.kept.find(producer);
        if (kept != state.kept.end()) ended = kept->second->result;
        return is_here(state);
    });
    if (!ended && !here) ended = ask_elsewhere(call, producer);
    if (call->progress->over()) return false;
    if (ended) {
        call->progress->resolved(*ended);
        return false;
    }
    return state_.change([&](State& state) {
        // Ended, or cancelled, meanwhile: look again.
        if (call->cancel_wanted || state.stopping || (here && !is_here(state))) return false;
        auto until = Clock::now() + (here ? kForever : kLookAgain);
        if (step.until != 0) until = std::min(until, clock_time(step.until));
        state.parked[call->id] = {call, step.awaited, until};
        if (!state.clock.joinable()) state.clock = std::thread([this] { watch_clock(); });
        return true;
    });
}

std::optional<CallResult> CallRunner::ask_elsewhere(const CallPtr& call,
                                                    const RequestId& producer) {
    try {
        if (!settings_.elsewhere) throw Error(ErrorCode::not_found, "it is no call of this client");
        auto ended = settings_.elsewhere(producer);
        call->unanswered = 0;
        return ended;
    } catch (const Error& e) {
        const bool unknown = e.code() == ErrorCode::not_found;
        if (unknown || ++call->unanswered > kUnanswered) {
            call->progress->abandon(
                Error(e.code(), to_string(call->id) + " needs an output of " + to_string(producer) +
                                    ", of which nothing can be learnt: " + e.what()));
        }
        return std::nullopt;
    }
}

// Under the lock.
void CallRunner::unpark(State& state, const RequestId& id) {
    const auto parked = state.parked.find(id);
    if (parked == state.parked.end()) return;
    const CallPtr call = std::move(parked->second.call);
    state.parked.erase(parked);
    enqueue(state, call);
}

void CallRunner::watch_clock() {
    constexpr auto tick = std::chrono::milliseconds(20);
    while (!state_.wait_until(Clock::now() + tick,
                              [](const State& state) { return state.stopping; })) {
        state_.change([&](State& state) {
            std::vector<RequestId> due;
            for (const auto& [id, parked] : state.parked) {
                if (parked.until <= Clock::now()) due.push_back(id);
            }
            for (const RequestId& id : due) unpark(state, id);
        });
    }
}

std::optional<PendingOutput> CallRunner::awaited(const RequestId& id) const {
    return state_.with([&](const State& state) -> std::optional<PendingOutput> {
        const auto parked = state.parked.find(id);
        return parked == state.parked.end() ? std::nullopt : std::optional(parked->second.awaited);
    });
}

// From here on the call belongs to the follower, until it tells of it.
void CallRunner::follow(const CallPtr& call, const SedContact& sed) {
    const RequestId id = call->id;
    const bool cancelled = state_.change([&](State&) {
        call->followed_at = sed;
        return call->cancel_wanted;
    });
    follower_.add(sed, id);
    if (cancelled) cancel(call);
}

CallRunner::CallPtr CallRunner::followed_call(const RequestId& id) {
    return state_.with([&](State& state) -> CallPtr {
        const auto found = state.unfinished.find(id);
        ensure(found != state.unfinished.end(), "a followed call is unfinished");
        found->second->followed_at.reset();
        return found->second;
    });
}

void CallRunner::ended(const RequestId& id, CallResult result) {
    const CallPtr call = followed_call(id);
    call->progress->followed(std::move(result));
    if (!call->complete) {
        finish(call);
        return;
    }
    // Completing may take long; the poll thread has other calls.
    state_.change([&](State& state) { enqueue(state, call); });
}

void CallRunner::lost(const RequestId& id, const Error& why) {
    const CallPtr call = followed_call(id);
    const bool cancelled = state_.with([&](const State&) { return call->cancel_wanted; });
    if (cancelled) call->progress->cancel();
    call->progress->lost(why, monotonic_now());
    state_.change([&](State& state) { enqueue(state, call); });
}

// Under the lock.
void CallRunner::enqueue(State& state, const CallPtr& call) {
    state.to_drive.push_back(call);
    const bool more =
        state.to_drive.size() > state.idle_drivers && state.drivers.size() < settings_.drivers;
    if (more && !state.stopping) state.drivers.emplace_back([this] { driver_loop(); });
}

void CallRunner::driver_loop() {
    struct Job {
        CallPtr call;
        bool last = false;
    };
    for (;;) {
        state_.with([](State& state) { ++state.idle_drivers; });
        const auto job = state_.wait_until(
            Clock::now() + kForever,
            [](const State& state) { return state.stopping || !state.to_drive.empty(); },
            [](State& state) {
                --state.idle_drivers;
                Job next;
                if (state.to_drive.empty()) return next;
                next.call = std::move(state.to_drive.front());
                state.to_drive.pop_front();
                next.last = state.to_drive.empty();
                return next;
            });
        if (!job || !job->call) return;
        // While others wait for a driver, none waits for an end.
        drive(job->call, job->last ? settings_.first_wait_ms : 0);
    }
}

// -- the end -------------------------------------------------------------------------------------

void CallRunner::finish(const CallPtr& call) {
    CallResult result = call->progress->result();
    if (call->complete) {
        const auto complete = std::exchange(call->complete, nullptr);
        const auto failed = [&](ErrorCode code, const char* text) {
            result.state = CallState::failed;
            result.error = code;
            result.message = text;
        };
        try {
            complete(result);
        } catch (const Error& e) {
            failed(e.code(), e.what());
        } catch (const std::exception& e) {
            failed(ErrorCode::internal, e.what());
        }
    }
    state_.change([&](State& state) {
        ensure(!call->result, "a call ends once");
        call->progress.reset();
        call->result = std::move(result);
        state.unfinished.erase(call->id);
        if (call->keep) keep(state, call);
        std::vector<RequestId> waiting;
        for (const auto& [id, parked] : state.parked) {
            if (parked.awaited.producer == call->id) waiting.push_back(id);
        }
        for (const RequestId& id : waiting) unpark(state, id);
    });
}

// Under the lock.
void CallRunner::keep(State& state, const CallPtr& call) {
    state.kept.emplace(call->id, call);
    state.kept_in_order.push_back(call->id);
    state.kept_bytes += weight(*call->result);
    while (state.kept_in_order.size() > settings_.history ||
           (state.kept_bytes > settings_.history_bytes && state.kept_in_order.size() > 1)) {
        const auto oldest = state.kept.find(state.kept_in_order.front());
        state.kept_bytes -= weight(*oldest->second->result);
        state.kept.erase(oldest);
        state.kept_in_order.pop_front();
    }
}

}  // namespace juxta::client
