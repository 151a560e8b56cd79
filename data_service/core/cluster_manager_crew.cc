#include "data_service/core/cluster_manager_crew.h"

#include <chrono>

namespace juxta::data {

void Crew::run(std::function<void()> task) {
    state_.change([&](State& s) {
        if (s.stopping) return;
        s.tasks.push_back(std::move(task));
        if (s.idle < s.tasks.size() && s.threads.size() < most_) {
            s.threads.emplace_back([this] { work(); });
        }
    });
}

void Crew::work() {
    for (;;) {
        const auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
        state_.with([](State& s) { ++s.idle; });
        auto task = state_.wait_until(
            far, [](State& s) { return s.stopping || !s.tasks.empty(); },
            [](State& s) {
                std::function<void()> next;
                if (!s.stopping) {
                    next = std::move(s.tasks.front());
                    s.tasks.pop_front();
                }
                return next;
            });
        state_.with([](State& s) { --s.idle; });
        if (!task) continue;  // an hour without work
        if (!*task) return;
        (*task)();
    }
}

void Crew::stop() {
    auto threads = state_.change([](State& s) {
        s.stopping = true;
        s.tasks.clear();
        return std::move(s.threads);
    });
    for (std::thread& thread : threads) thread.join();
}

}  // namespace juxta::data
