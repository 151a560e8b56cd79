// Asks the metrics that modules registered, for one request.
//
// They run in a worker process of their own: an estimation waits for them a moment at most, one
// that fails or is late is left out, and its process is replaced a while later.
//
// Threading: any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/guarded.h"
#include "common/base/time.h"
#include "common/model/scheduling.h"
#include "common/process/companion.h"
#include "server_daemon/core/service_table.h"

namespace juxta::sed {

class MetricSource {
public:
    virtual ~MetricSource() = default;

    // What the metrics say of `request` for this service, at once or nearly so. Never throws.
    virtual std::vector<Metric> measure(const ScheduleRequest& request,
                                        const std::string& service) = 0;
};

class MetricProcess final : public MetricSource {
public:
    // `program`: as of the other workers. `names`: the metrics that its modules register, in order.
    MetricProcess(WorkerProgram program, std::vector<std::string> names);

    std::vector<Metric> measure(const ScheduleRequest& request,
                                const std::string& service) override;

private:
    struct State {
        std::shared_ptr<Companion> process;
        Time not_before = 0;  // it failed: no new one until then
    };
    std::shared_ptr<Companion> process();
    void failed(const std::shared_ptr<Companion>& process, const char* why);

    const WorkerProgram program_;
    const std::vector<std::string> names_;
    Guarded<State> state_;
};

// The function of the worker that is asked: what each metric of `services` says.
std::vector<double> measure_all(const ServiceTable& services, Unpacker& question);

}  // namespace juxta::sed
