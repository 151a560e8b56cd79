#include "server_daemon/core/sed.h"

#include <algorithm>

#include "common/log/log.h"
#include "server_daemon/core/argument_check.h"

namespace juxta::sed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};

// The metric that stands for what was measured (service_c.h).
constexpr std::string_view kExpectedRun = "run_s";

double seconds_since(Time start) { return static_cast<double>(monotonic_now() - start) / kSecond; }

// Whether a call needs nothing but a worker: it may run in the thread that submits it.
bool only_values(const Profile& profile, const CallOrder& order) {
    for (std::size_t i = 0; i < order.arguments.size(); ++i) {
        if (std::holds_alternative<DataId>(order.arguments[i])) return false;
        if (profile.arguments[i].mode == Mode::out && is_array(profile.arguments[i])) return false;
    }
    return true;
}

}  // namespace

Sed::Sed(SedSettings settings, const ServiceTable& services, data::DataAccess& access,
         WorkerPool& pool, MetricSource* metrics)
    : settings_(std::move(settings)),
      services_(services),
      access_(access),
      pool_(pool),
      metrics_(metrics),
      state_(settings_.name, settings_.limits) {
    for (unsigned i = 0; i < settings_.limits.slots; ++i) threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] { keep_time(); });
}

Sed::~Sed() { end(); }

CallResult Sed::submit(CallOrder order, unsigned wait_ms) {
    const Service* service = services_.find(order.service);
    if (service == nullptr) {
        throw Error(ErrorCode::not_found,
                    settings_.name + " offers no service '" + order.service + "'");
    }
    check_arguments(service->profile, order);
    const RequestId id = order.id;
    const SteadyTime until = Clock::now() + std::chrono::milliseconds(wait_ms);
    const bool here = wait_ms > 0 && only_values(service->profile, order) && pool_.has_idle();
    auto kept = std::make_shared<const CallOrder>(std::move(order));
    bool queued = false;
    std::optional<Task> task = state_.with([&](State& state) -> std::optional<Task> {
        const bool others_wait = state.queue.can_take();
        queued = state.queue.submit(monotonic_now(), std::move(kept), service->profile);
        if (!queued || !here || others_wait || !state.queue.can_take()) return std::nullopt;
        return state.queue.take(monotonic_now());
    });
    if (task) return run_here(make_execution(std::move(*task)), until);
    if (queued) state_.change([](State&) {});
    return wait_for(id, until);
}

CallResult Sed::run_here(ExecutionPtr execution, SteadyTime until) {
    const RequestId id = execution->task.order->id;
    if (begin(*execution)) {
        if (!execution->run->wait(until)) {
            state_.change([&](State& state) { state.handed_over.push_back(std::move(execution)); });
            return state_.with([&](State& state) { return state.queue.state_of(id); });
        }
        conclude(*execution);
    }
    finish(*execution);
    return state_.with([&](State& state) { return state.queue.deliver(monotonic_now(), id); });
}

CallResult Sed::wait_for(const RequestId& id, SteadyTime until) {
    state_.with([&](State& state) {
        ++state.watchers;
        state.queue.attend(monotonic_now(), id);
    });
    // A forgotten call is an answer as well.
    state_.wait_until(until, [&](State& state) {
        return !state.queue.knows(id) || state.queue.state_of(id).finished();
    });
    return state_.with([&](State& state) {
        --state.watchers;
        return state.queue.deliver(monotonic_now(), id);
    });
}

std::vector<CallResult> Sed::wait(const std::vector<RequestId>& ids, unsigned wait_ms,
                                  bool looking_on) {
    if (ids.empty()) return {};
    const Time asked_until = monotonic_now() + wait_ms * kMillisecond;
    state_.with([&](State& state) {
        ++state.watchers;
        for (const RequestId& id : ids) state.queue.attend(asked_until, id);
    });
    state_.wait_until(Clock::now() + std::chrono::milliseconds(wait_ms), [&](State& state) {
        return std::ranges::any_of(ids, [&](const RequestId& id) {
            return !state.queue.knows(id) || state.queue.state_of(id).finished();
        });
    });
    return state_.with([&](State& state) {
        --state.watchers;
        std::vector<CallResult> over;
        for (const RequestId& id : ids) {
            if (!state.queue.state_of(id).finished()) continue;
            over.push_back(looking_on ? state.queue.state_of(id)
                                      : state.queue.deliver(monotonic_now(), id));
        }
        return over;
    });
}

void Sed::cancel(const RequestId& id) {
    std::shared_ptr<WorkerRun> run = state_.change([&](State& state) -> std::shared_ptr<WorkerRun> {
        if (!state.queue.cancel(monotonic_now(), id)) return nullptr;
        const auto running = state.runs.find(id);
        return running == state.runs.end() ? nullptr : running->second;
    });
    if (run) run->stop();
}

bool Sed::knows(const RequestId& id) const {
    return state_.with([&](const State& state) { return state.queue.knows(id); });
}

CallReport Sed::report(const RequestId& id) const {
    return state_.with([&](const State& state) { return state.queue.report(monotonic_now(), id); });
}

EstimationVector Sed::estimate(const ScheduleRequest& request) {
    const Service* service = services_.find(request.service);
    if (service == nullptr) {
        throw Error(ErrorCode::not_found,
                    settings_.name + " offers no service '" + request.service + "'");
    }
    const Time now = monotonic_now();
    EstimationVector vector;
    const QueueLoad load = state_.with([&](State& state) {
        vector.links = state.links.rates();
        return state.queue.load(now, service->profile.name);
    });
    const HostLoad::Numbers host = host_.numbers(now);
    vector.slots = settings_.limits.slots;
    vector.running = load.running;
    vector.queued = load.waiting;
    vector.free_memory = host.free_memory;
    vector.free_cores = host.free_cores;
    vector.expected_run_s = load.expected_run_s;
    vector.backlog_s = load.backlog_s;
    vector.since_last_s = load.since_last_s;
    vector.accepted = load.accepted;
    vector.speed = settings_.speed;
    add_locality(vector, request, settings_.place);
    if (metrics_ == nullptr) return vector;
    vector.metrics = metrics_->measure(request, service->profile.full_name());
    const auto run = std::ranges::find(vector.metrics, kExpectedRun, &Metric::name);
    if (run != vector.metrics.end() && run->value > 0) vector.expected_run_s = run->value;
    return vector;
}

void Sed::drain() {
    state_.change([](State& state) { state.queue.drain(); });
}

bool Sed::draining() const {
    return state_.with([](const State& state) { return state.queue.draining(); });
}

bool Sed::drained() const {
    return state_.with([](const State& state) {
        return state.queue.draining() && state.queue.idle() && state.handed_over.empty();
    });
}

void Sed::end() {
    const auto runs = state_.change([](State& state) {
        state.ending = true;
        state.queue.withdraw(monotonic_now());
        return state.runs;
    });
    for (const auto& [id, run] : runs) run->stop();
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

Sed::ExecutionPtr Sed::next_execution() {
    const auto ready = [](State& state) {
        return state.ending || !state.handed_over.empty() || state.queue.can_take();
    };
    std::optional<Task> task;
    auto next = state_.wait_until(
        Clock::now() + std::chrono::hours(1), ready, [&](State& state) -> ExecutionPtr {
            if (!state.handed_over.empty()) {
                ExecutionPtr execution = std::move(state.handed_over.front());
                state.handed_over.pop_front();
                return execution;
            }
            if (!state.ending) task = state.queue.take(monotonic_now());
            return nullptr;
        });
    if (task) return make_execution(std::move(*task));
    return next ? std::move(*next) : nullptr;
}

void Sed::work() {
    const auto over = [&] {
        return state_.with([](State& state) { return state.ending && state.handed_over.empty(); });
    };
    while (!over()) {
        ExecutionPtr execution = next_execution();
        if (!execution) continue;
        if (execution->run || begin(*execution)) {
            while (!execution->run->wait(Clock::now() + std::chrono::hours(1))) {
            }
            conclude(*execution);
        }
        finish(*execution);
    }
}

void Sed::cancel_orphan(const RequestId& id) {
    log::info("{}: nobody has asked about this call for long; it is cancelled", to_string(id));
    try {
        cancel(id);
    } catch (const Error&) {
        // It ended meanwhile, and is forgotten already.
    }
}

void Sed::keep_time() {
    for (;;) {
        const bool ending =
            state_.wait_until(Clock::now() + kTick, [](State& state) { return state.ending; });
        if (ending) return;
        std::vector<RequestId> orphans;
        const bool ended = state_.with([&](State& state) {
            const Time now = monotonic_now();
            state.queue.forget(now);
            orphans = state.queue.unattended(now);
            return state.queue.expire(now);
        });
        if (ended) state_.change([](State&) {});
        for (const RequestId& id : orphans) cancel_orphan(id);
    }
}

Sed::ExecutionPtr Sed::make_execution(Task task) {
    auto execution = std::make_unique<Execution>();
    const RequestId id = task.order->id;
    std::optional<SteadyTime> deadline;
    if (task.deadline != 0)
        deadline = Clock::now() + std::chrono::microseconds(task.deadline - monotonic_now());
    const auto given_up = [this, id] {
        return state_.with(
            [&](State& state) { return state.ending || state.queue.state_of(id).finished(); });
    };
    execution->data =
        std::make_unique<CallData>(access_, *task.order, *task.profile, deadline, given_up);
    execution->task = std::move(task);
    return execution;
}

// Fetches the arguments and starts the service. False: it is over.
bool Sed::begin(Execution& execution) {
    const Time began = monotonic_now();
    try {
        execution.data->fetch();
        execution.result.transfer_s = seconds_since(began);
        start_run(execution);
        return true;
    } catch (const Error& e) {
        fail(execution, e);
    } catch (const std::exception& e) {
        fail(execution, Error(ErrorCode::internal, e.what()));
    }
    return false;
}

void Sed::start_run(Execution& execution) {
    const RequestId id = execution.task.order->id;
    if (!state_.with([&](State& state) { return state.queue.begin_run(id); })) {
        throw Error(ErrorCode::cancelled,
                    execution.task.profile->name + ": the call has been ended");
    }
    execution.run_began = monotonic_now();
    execution.run = pool_.start(execution.data->worker_order(), *execution.data);
    // A cancel between begin_run and here found no run to stop.
    const bool stop = state_.with([&](State& state) {
        state.runs[id] = execution.run;
        return state.ending || state.queue.cancelled(id);
    });
    if (stop) execution.run->stop();
}

void Sed::conclude(Execution& execution) {
    execution.result.run_s = seconds_since(execution.run_began);
    try {
        commit(execution, execution.run->take_outcome());
    } catch (const Error& e) {
        fail(execution, e);
    } catch (const std::exception& e) {
        fail(execution, Error(ErrorCode::internal, e.what()));
    }
}

void Sed::commit(Execution& execution, WorkerOutcome outcome) {
    if (outcome.failure) throw *outcome.failure;
    const RequestId id = execution.task.order->id;
    if (!state_.with([&](State& state) { return state.queue.begin_commit(id); })) {
        throw Error(ErrorCode::cancelled,
                    execution.task.profile->name + ": the call was cancelled");
    }
    const Time began = monotonic_now();
    execution.result.outputs = execution.data->commit(std::move(outcome.values));
    execution.result.transfer_s += seconds_since(began);
    execution.result.state = CallState::done;
}

void Sed::fail(Execution& execution, const Error& error) {
    execution.result.state =
        error.code() == ErrorCode::cancelled ? CallState::cancelled : CallState::failed;
    execution.result.error = error.code();
    execution.result.message = error.what();
}

void Sed::finish(Execution& execution) {
    const RequestId id = execution.task.order->id;
    execution.result.moved = execution.data->moved();
    const std::vector<Transfer> transfers = execution.data->transfers();
    execution.run = nullptr;
    execution.data = nullptr;
    std::shared_ptr<WorkerRun> run;
    const bool heard = state_.with([&](State& state) {
        for (const Transfer& transfer : transfers) state.links.note(transfer);
        if (const auto known = state.runs.find(id); known != state.runs.end()) {
            run = std::move(known->second);
            state.runs.erase(known);
        }
        // Nobody cancelled it: whoever submitted it may go elsewhere.
        if (state.ending && execution.result.state == CallState::cancelled &&
            !state.queue.cancelled(id)) {
            execution.result.state = CallState::failed;
            execution.result.error = ErrorCode::unavailable;
            execution.result.message = settings_.name + " is ending and stopped the call";
        }
        state.queue.finish(monotonic_now(), id, std::move(execution.result));
        return state.watchers > 0 || state.queue.can_take() || state.ending;
    });
    if (heard) state_.change([](State&) {});
}

}  // namespace juxta::sed
