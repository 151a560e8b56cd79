#include "data_service/consensus/event_loop.h"

#include "common/base/error.h"

namespace juxta::data {
namespace {

void check(int result, const char* what) {
    if (result == 0) return;
    throw Error(ErrorCode::internal, std::string(what) + ": " + uv_strerror(result));
}

}  // namespace

EventLoop::EventLoop() {
    check(uv_loop_init(&loop_), "an event loop cannot be made");
    check(
        uv_async_init(&loop_, &wake_,
                      [](uv_async_t* wake) { static_cast<EventLoop*>(wake->data)->run_posted(); }),
        "an event loop cannot be made");
    wake_.data = this;
    uv_prepare_init(&loop_, &before_waiting_);
    before_waiting_.data = this;
}

EventLoop::~EventLoop() {
    end();
    join();
    uv_loop_close(&loop_);
}

void EventLoop::post(std::function<void()> task) {
    // Under the lock: the handle must not be closed between the look and the call.
    posted_.with([&](Posted& posted) {
        if (posted.ended) return;
        posted.tasks.push_back(std::move(task));
        uv_async_send(&wake_);
    });
}

void EventLoop::before_waiting(std::function<void()> look) {
    look_ = std::move(look);
    uv_prepare_start(&before_waiting_,
                     [](uv_prepare_t* handle) { static_cast<EventLoop*>(handle->data)->look_(); });
}

void EventLoop::start() {
    thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
}

void EventLoop::end() {
    const auto dropped = posted_.with([](Posted& posted) {
        posted.ended = true;
        return std::exchange(posted.tasks, {});
    });
    for (auto* handle : {reinterpret_cast<uv_handle_t*>(&wake_),
                         reinterpret_cast<uv_handle_t*>(&before_waiting_)}) {
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
    }
}

void EventLoop::join() {
    if (thread_.joinable()) {
        thread_.join();
    } else {
        uv_run(&loop_, UV_RUN_DEFAULT);
    }
}

void EventLoop::run_posted() {
    const auto tasks = posted_.with([](Posted& posted) { return std::exchange(posted.tasks, {}); });
    for (const auto& task : tasks) task();
}

}  // namespace juxta::data
