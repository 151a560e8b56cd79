// A few threads that run tasks which wait for others (calls to providers). Threads are made when
// there is work for them, at most `most`.
//
// Threading: any thread. A task must not throw and must end by itself.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/base/guarded.h"

namespace juxta::data {

class Crew {
public:
    explicit Crew(std::size_t most) : most_(most) {}
    ~Crew() { stop(); }

    // Tasks given after stop() are dropped.
    void run(std::function<void()> task);

    // Drops what has not begun, waits for what has.
    void stop();

private:
    struct State {
        std::deque<std::function<void()>> tasks;
        std::vector<std::thread> threads;
        std::size_t idle = 0;
        bool stopping = false;
    };

    void work();

    const std::size_t most_;
    Guarded<State> state_;
};

}  // namespace juxta::data
