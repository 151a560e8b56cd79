#include "common/base/crew.h"

#include <algorithm>
#include <optional>
#include <system_error>

namespace juxta {

void Crew::run(std::function<void()> task) {
    state_.change_one([&](State& s) {
        if (s.stopping) return;
        s.tasks.push_back(std::move(task));
        if (s.tasks.size() <= s.idle || s.threads.size() >= most_threads_) return;
        try {
            s.threads.emplace_back([this] { serve(); });
        } catch (const std::system_error&) {
            // Those that are there do it, later.
            if (!s.threads.empty()) return;
            s.tasks.pop_back();
            throw;
        }
    });
}

void Crew::run_all(std::size_t count, std::function<bool(std::size_t)> job, Deadline deadline) {
    if (count == 0) return;
    if (count == 1) {
        job(0);
        return;
    }
    const auto batch = std::make_shared<Batch>(count, std::move(job), deadline);
    try {
        for (std::size_t i = 0; i < std::min(count - 1, most_threads_); ++i)
            run([batch] { batch->work(); });
    } catch (const std::system_error&) {
        // No thread to be had: the caller does it all.
    }
    batch->work();
    batch->progress.wait_until(deadline,
                               [&](Progress& p) { return p.enough || p.done == batch->count; });
    batch->over = true;
}

void Crew::Batch::work() {
    while (!over && std::chrono::steady_clock::now() < deadline) {
        const std::size_t mine = next.fetch_add(1);
        if (mine >= count) return;
        const bool enough = job(mine);
        if (enough) over = true;
        progress.change([&](Progress& p) {
            p.done += 1;
            p.enough = p.enough || enough;
        });
    }
}

void Crew::serve() {
    for (;;) {
        // An idle thread looks up once a minute; nothing depends on it.
        const auto later = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        state_.with([](State& s) { ++s.idle; });
        state_.wait_until(later, [](State& s) { return s.stopping || !s.tasks.empty(); });
        std::function<void()> task;
        const bool stopping = state_.with([&](State& s) {
            --s.idle;
            if (s.stopping || s.tasks.empty()) return s.stopping;
            task = std::move(s.tasks.front());
            s.tasks.pop_front();
            return false;
        });
        if (stopping) return;
        if (task) task();
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

}  // namespace juxta
