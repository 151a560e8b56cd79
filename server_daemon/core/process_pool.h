// The pool of worker processes of a SeD.
//
// Idle workers wait warm; the last one used is used first. A worker that died, was killed or has
// grown too large is replaced. Processes are started by one thread of the pool, because they die
// with the thread that started them.
//
// Threading: any thread. Runs must be gone before the pool.
#pragma once

#include <deque>
#include <future>
#include <thread>

#include "common/base/guarded.h"
#include "common/process/worker_process.h"
#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

struct PoolSettings {
    WorkerProgram program;
    unsigned warm = 1;                                    // started at once
    std::uint64_t growth_limit = std::uint64_t{2} << 30;  // bytes; beyond it a worker is replaced
    std::chrono::milliseconds patience{200};              // between SIGTERM and SIGKILL
};

class ProcessPool final : public WorkerPool {
public:
    explicit ProcessPool(PoolSettings settings);
    // Kills all idle workers.
    ~ProcessPool() override;

    bool has_idle() override;
    std::shared_ptr<WorkerRun> start(const WorkerOrder& order, OutputPlaces& places) override;

private:
    friend class ProcessRun;
    using Process = std::unique_ptr<WorkerProcess>;
    struct State {
        std::vector<Process> idle;
        std::deque<std::promise<Process>> wanted;
        unsigned to_warm = 0;
        bool ending = false;
    };

    Process take();
    void give_back(Process process);
    Process start_process();
    void start_processes();

    PoolSettings settings_;
    Guarded<State> state_;
    std::thread starter_;
};

}  // namespace juxta::sed
