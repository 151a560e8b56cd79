// A few threads that stay, for work that waits for others (remote calls).
//
// Threads are started when work waits and none is idle, up to a limit, and kept.
//
// Threading: any thread brings work. Destruction is stop().
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/guarded.h"

namespace juxta {

class Crew {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    explicit Crew(std::size_t most_threads) : most_threads_(most_threads) {}
    ~Crew() { stop(); }

    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // Returns at once; the first come are done first. `task` must not throw, and ends by itself.
    // Dropped after stop(). Throws std::system_error if not even one thread can be had.
    void run(std::function<void()> task);

    // Runs job(0) ... job(count - 1), in any order and beside each other, until all are done, one
    // has returned true ("that is enough"), or the deadline. Nobody waits for a thread: the caller
    // does the jobs himself as far as nobody else has begun them. Jobs that were begun may go on
    // after the return, so `job` must own what it uses; others are never begun. `job` must not
    // throw, and ends soon after the deadline by itself.
    void run_all(std::size_t count, std::function<bool(std::size_t)> job, Deadline deadline);

    // Drops what has not begun, waits for what has.
    void stop();

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
        std::deque<std::function<void()>> tasks;
        std::vector<std::thread> threads;
        std::size_t idle = 0;
        bool stopping = false;
    };

    void serve();

    const std::size_t most_threads_;
    Guarded<State> state_;
};

}  // namespace juxta
