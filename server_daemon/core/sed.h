// A server daemon: accepts calls of its services and sees each through to its result.
//
//     submit -> (queue) -> arguments pinned and fetched -> worker process -> results committed
//
// What is decided about calls is decided by CallQueue, what about data by CallData; this joins them
// with threads. A call whose arguments are all values runs in the thread that submits it, as long
// as that may wait, and goes on in one of `slots` call threads afterwards; so do calls that move
// data or wait for a slot from the start. A waiting call costs no thread.
//
// Threading: any thread. end() before the ports go; nothing may be called after the destructor
// began.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "common/base/guarded.h"
#include "common/model/element.h"
#include "common/model/scheduling.h"
#include "server_daemon/core/call_data.h"
#include "server_daemon/core/call_queue.h"
#include "server_daemon/core/host_load.h"
#include "server_daemon/core/measured_links.h"
#include "server_daemon/core/metric_process.h"
#include "server_daemon/core/service_table.h"
#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

struct SedSettings {
    std::string name;
    Place place;
    QueueLimits limits;
    double speed = 0;  // EstimationVector::speed
};

class Sed {
public:
    // All must outlive it. `metrics`: null where no module registers one.
    Sed(SedSettings settings, const ServiceTable& services, data::DataAccess& access,
        WorkerPool& pool, MetricSource* metrics = nullptr);
    ~Sed();
    Sed(const Sed&) = delete;
    Sed& operator=(const Sed&) = delete;

    // The state of the call after at most `wait_ms`, or as soon as it is over. A known request id
    // answers with the state of that call. Throws Error: not_found (service), invalid_argument,
    // no_server (full, draining).
    CallResult submit(CallOrder order, unsigned wait_ms);

    // Those of `ids` that are over, as soon as there is one; empty after `wait_ms`. Throws Error
    // not_found.
    // With `looking_on`, the results stay as if nobody had asked.
    std::vector<CallResult> wait(const std::vector<RequestId>& ids, unsigned wait_ms,
                                 bool looking_on = false);

    // Throws Error not_found.
    void cancel(const RequestId& id);
    bool knows(const RequestId& id) const;
    CallReport report(const RequestId& id) const;  // throws Error not_found

    // Of this moment. Throws Error not_found (service).
    EstimationVector estimate(const ScheduleRequest& request);

    std::vector<Profile> services() const { return services_.profiles(); }

    // Takes nothing new; what was accepted is finished.
    void drain();
    bool draining() const;
    // Whether it drains and all is done.
    bool drained() const;

    // Stops all calls, their workers too, and all threads. Nothing is accepted any more.
    void end();

private:
    // A call that holds a slot.
    struct Execution {
        Task task;
        std::unique_ptr<CallData> data;
        std::shared_ptr<WorkerRun> run;
        CallResult result;
        Time run_began = 0;
    };
    using ExecutionPtr = std::unique_ptr<Execution>;
    struct State {
        State(const std::string& name, const QueueLimits& limits) : queue(name, limits) {}
        CallQueue queue;
        std::map<RequestId, std::shared_ptr<WorkerRun>> runs;
        std::deque<ExecutionPtr> handed_over;  // begun by a submitting thread, to be gone on with
        MeasuredLinks links;
        unsigned watchers = 0;  // threads that wait for a call to end
        bool ending = false;
    };

    CallResult wait_for(const RequestId& id, SteadyTime until);
    CallResult run_here(ExecutionPtr execution, SteadyTime until);
    ExecutionPtr next_execution();
    void work();
    void cancel_orphan(const RequestId& id);
    void keep_time();

    ExecutionPtr make_execution(Task task);
    bool begin(Execution& execution);
    void start_run(Execution& execution);
    void conclude(Execution& execution);
    void commit(Execution& execution, WorkerOutcome outcome);
    void fail(Execution& execution, const Error& error);
    void finish(Execution& execution);

    SedSettings settings_;
    const ServiceTable& services_;
    data::DataAccess& access_;
    WorkerPool& pool_;
    MetricSource* const metrics_;
    HostLoad host_;
    mutable Guarded<State> state_;
    std::vector<std::thread> threads_;
};

}  // namespace juxta::sed
