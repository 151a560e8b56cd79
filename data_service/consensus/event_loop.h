// One thread that runs a libuv loop; everybody else posts.
//
// Threading: post() from any thread; the rest belongs to the owner, or to the loop's thread where
// it says so.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "common/base/guarded.h"
#include "data_service/consensus/libraft.h"

namespace juxta::data {

class EventLoop {
public:
    EventLoop();
    // The handles made on it are closed, or closing.
    ~EventLoop();

    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    uv_loop_t* get() { return &loop_; }

    // Runs `task` on the loop's thread, in order. Dropped once the loop ends. Must not throw.
    void post(std::function<void()> task);

    // Called before the loop waits for something to happen; on its thread.
    void before_waiting(std::function<void()> look);

    void start();
    bool is_running() const { return thread_.joinable(); }

    // Ends when all handles of others are closed. On the loop's thread, or before start().
    void end();

    // Waits for the thread; runs what is left here where there was none.
    void join();

private:
    struct Posted {
        std::deque<std::function<void()>> tasks;
        bool ended = false;
    };

    void run_posted();

    uv_loop_t loop_{};
    uv_async_t wake_{};
    uv_prepare_t before_waiting_{};
    std::function<void()> look_;
    Guarded<Posted> posted_;
    std::thread thread_;
};

}  // namespace juxta::data
