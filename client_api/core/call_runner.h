// Runs calls: the one body under blocking, asynchronous and parallel calls.
//
// A blocking call is driven by its caller's thread, an asynchronous one by a few drivers of the
// runner. What is not over when its SeD first answers is followed by one long poll a SeD for all
// calls of this process there. What a call means and when it ends is decided by CallProgress.
//
// Results of asynchronous calls are kept for late waits: as long as somebody has the Call, and by
// id the newest 10 000 (and not more than 16 MiB of them).
//
// Threading: any thread; the destructor last. It ends what is unfinished as cancelled (detached
// calls go on at their SeDs).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "client_api/core/call_progress.h"
#include "client_api/core/follower.h"
#include "client_api/core/links.h"
#include "common/base/guarded.h"

namespace juxta::client {

struct RunnerSettings {
    CallLimits limits;
    unsigned first_wait_ms = 100;  // of a submission: most short calls end within it
    unsigned poll_wait_ms = 500;   // of the long poll
    std::size_t drivers = 16;      // at most, made as needed
    std::size_t history = 10000;
    std::size_t history_bytes = 16 << 20;
    // How a call that is not of this runner ended; nullopt: not yet. Throws Error, not_found for
    // one that nobody knows. For calls that wait for its outputs.
    std::function<std::optional<CallResult>(const RequestId&)> elsewhere = {};
};

struct NewCall {
    ScheduleRequest request;  // its id is the order's
    CallOrder order;
    Retry retry = Retry::always;
    bool server_required = true;  // false: request.server is only tried first
    bool detached = false;        // start() returns once a SeD has it; survives this process
    bool in_background = false;   // start() returns at once, even if it is detached
    // Runs once when the call has ended, before anybody sees the result, which it may change. An
    // Error it throws becomes the result.
    std::function<void(CallResult&)> complete;
};

// A call in the runner. Its members belong to the runner.
class Call;

class CallRunner {
public:
    using Clock = std::chrono::steady_clock;

    // The links outlive the runner.
    CallRunner(Scheduling& agent, SedLink& seds, RunnerSettings settings = {});
    ~CallRunner();
    CallRunner(const CallRunner&) = delete;
    CallRunner& operator=(const CallRunner&) = delete;

    // Runs the call to its end, whichever it is.
    CallResult run(NewCall call);
    std::shared_ptr<Call> start(NewCall call);

    std::optional<CallResult> wait(const std::shared_ptr<Call>& call, Clock::time_point until);
    // The index of one that has ended; nullopt at the deadline or if there are none.
    std::optional<std::size_t> wait_any(std::span<const std::shared_ptr<Call>> calls,
                                        Clock::time_point until);
    bool finished(const std::shared_ptr<Call>& call) const;
    // Returns once the SeD, if one has it, was told. No failure if the call is over.
    void cancel(const std::shared_ptr<Call>& call);

    // A call started here, unless it is forgotten: null.
    std::shared_ptr<Call> find(const RequestId& id) const;

    // What the call waits for before it is placed, if it does.
    std::optional<PendingOutput> awaited(const RequestId& id) const;

private:
    using CallPtr = std::shared_ptr<Call>;
    // A call that waits for an output: driven again when its producer ends, or at `until`.
    struct Parked {
        CallPtr call;
        PendingOutput awaited;
        Clock::time_point until;
    };
    struct State {
        bool stopping = false;
        std::deque<CallPtr> to_drive;
        std::size_t idle_drivers = 0;
        std::vector<std::thread> drivers;
        std::unordered_map<RequestId, CallPtr> unfinished;
        std::unordered_map<RequestId, Parked> parked;
        std::thread clock;  // drives those whose time has come; from the first that was parked on
        std::unordered_map<RequestId, CallPtr> kept;  // ended, by id
        std::deque<RequestId> kept_in_order;          // oldest first
        std::size_t kept_bytes = 0;
    };

    CallPtr admit(NewCall call, bool keep);
    void drive(const CallPtr& call, unsigned wait_ms);
    void perform(const Step& step, const CallPtr& call, unsigned wait_ms);
    bool park(const CallPtr& call, const Step& step);
    std::optional<CallResult> ask_elsewhere(const CallPtr& call, const RequestId& producer);
    void unpark(State& state, const RequestId& id);
    void watch_clock();
    void follow(const CallPtr& call, const SedContact& sed);
    void ended(const RequestId& id, CallResult result);
    void lost(const RequestId& id, const Error& why);
    CallPtr followed_call(const RequestId& id);
    void finish(const CallPtr& call);
    void enqueue(State& state, const CallPtr& call);
    void keep(State& state, const CallPtr& call);
    void driver_loop();

    Scheduling& agent_;
    SedLink& seds_;
    const RunnerSettings settings_;
    Guarded<State> state_;
    Follower follower_;  // last: its callbacks use everything above
};

}  // namespace juxta::client
