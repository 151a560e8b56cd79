// A few threads that stay, to ask several children at the same time.
//
// Threads are started when work waits and none is idle, up to a limit, and kept. Nobody waits for
// one: whoever brings jobs does them himself as far as nobody else has begun them.
//
// Threading: any thread may bring jobs. Destruction waits for the jobs that were begun.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/guarded.h"

namespace juxta::agent {

class Crew {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    explicit Crew(unsigned most_threads) : most_threads_(most_threads) {}
    ~Crew();

    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // Runs job(0) ... job(count - 1), in any order and beside each other, until all are done, one
    // has returned true ("that is enough"), or the deadline. Jobs that were begun may go on after
    // the return, so `job` must own what it uses; others are never begun. `job` must not throw,
    // and ends soon after the deadline by itself.
    void run(std::size_t count, std::function<bool(std::size_t)> job, Deadline deadline);

private:
    struct Progress {
        std::size_t done = 0;
        bool enough = false;
    };
    struct Batch {
        Batch(std::size_t n, std::function<bool(std::size_t)> j, Deadline d)
            : count(n), job(std::move(j)), deadline(d) {}

        void work();

        const std::size_t count;
        const std::function<bool(std::size_t)> job;
        const Deadline deadline;
        std::atomic<std::size_t> next{0};
        std::atomic<bool> over{false};
        Guarded<Progress> progress;
    };
    struct State {
        std::deque<std::shared_ptr<Batch>> waiting;
        std::vector<std::thread> threads;
        unsigned idle = 0;
        bool stopping = false;
    };

    void help(const std::shared_ptr<Batch>& batch, std::size_t hands);
    void serve();

    const unsigned most_threads_;
    Guarded<State> state_;
};

}  // namespace juxta::agent
