// One call in one worker process: the conversation with it, its deadline, its end.
#pragma once

#include <mutex>

#include "server_daemon/core/process_pool.h"
#include "server_daemon/core/worker_messages.h"

namespace juxta::sed {

class ProcessRun final : public WorkerRun {
public:
    ProcessRun(ProcessPool& pool, std::unique_ptr<WorkerProcess> process, const WorkerOrder& order,
               OutputPlaces& places);
    ~ProcessRun() override;

    bool wait(SteadyTime until) override;
    WorkerOutcome take_outcome() override { return std::move(outcome_); }
    void stop() override;

private:
    enum class Seen { nothing, message, death };

    Seen look(SteadyTime until);
    void hear();
    void place(const AllocateMessage& asked);
    void end_by(ErrorCode code, const std::string& why);
    void bury();
    void end(WorkerOutcome outcome, bool reusable);

    ProcessPool& pool_;
    OutputPlaces& places_;
    std::string service_;  // without its module
    std::optional<SteadyTime> deadline_;
    WorkerOutcome outcome_;
    bool ended_ = false;
    std::optional<Error> ending_;        // why it is being killed
    std::optional<SteadyTime> kill_at_;  // when SIGKILL follows

    // stop() may come from another thread while the run ends: it holds this while it touches
    // `process_`, and so does whoever takes the process away.
    std::mutex stopping_;
    bool stop_asked_ = false;
    std::unique_ptr<WorkerProcess> process_;
};

}  // namespace juxta::sed
