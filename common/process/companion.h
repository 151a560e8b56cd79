// A worker process that is asked one question at a time, and answers in time or is killed.
//
// Started at once, by a thread of its own: a worker dies with the thread that started it. What it
// does, throws, or how long it takes harms nobody but itself.
//
// Threading: any thread; who has to wait for another's question waits within its own deadline.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "common/base/guarded.h"
#include "common/process/channel.h"
#include "common/process/worker_process.h"

namespace juxta {

class Companion {
public:
    using Clock = std::chrono::steady_clock;

    explicit Companion(WorkerProgram program);
    ~Companion();  // kills it
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;

    // Sends the question and gives the answer to `read`. Throws Error: deadline_exceeded,
    // service_failed (it died; the text says how, and the last it wrote), unavailable (it could
    // not be started), and whatever `read` throws. After a failure other than waiting too long for
    // others it is dead, and every question fails.
    void ask(std::span<const std::byte> question, std::span<const int> descriptors,
             Clock::time_point until, const std::function<void(Unpacker&)>& read);

private:
    struct State {
        std::unique_ptr<WorkerProcess> process;  // until it is asked first
        std::exception_ptr failure;
        bool ending = false;
    };

    void start(const WorkerProgram& program);
    void await_start(Clock::time_point until);
    void converse(std::span<const std::byte> question, std::span<const int> descriptors,
                  Clock::time_point until, const std::function<void(Unpacker&)>& read);
    void await_answer(Clock::time_point until);

    Guarded<State> state_;
    std::timed_mutex talking_;
    // While talking_ is held.
    std::unique_ptr<WorkerProcess> process_;
    bool dead_ = false;
    std::thread starter_;  // last
};

}  // namespace juxta
