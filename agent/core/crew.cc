#include "agent/core/crew.h"

#include <algorithm>
#include <system_error>

namespace juxta::agent {

Crew::~Crew() {
    auto threads = state_.change([](State& s) {
        s.stopping = true;
        s.waiting.clear();
        return std::move(s.threads);
    });
    for (std::thread& thread : threads) thread.join();
}

void Crew::run(std::size_t count, std::function<bool(std::size_t)> job, Deadline deadline) {
    if (count == 0) return;
    if (count == 1) {
        job(0);
        return;
    }
    const auto batch = std::make_shared<Batch>(count, std::move(job), deadline);
    help(batch, count - 1);
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

// Calls `hands` threads to the batch, as far as there are that many.
void Crew::help(const std::shared_ptr<Batch>& batch, std::size_t hands) {
    hands = std::min<std::size_t>(hands, most_threads_);
    for (std::size_t i = 0; i < hands; ++i) {
        state_.change_one([&](State& s) {
            s.waiting.push_back(batch);
            const bool all_busy = s.waiting.size() > s.idle && s.threads.size() < most_threads_;
            if (!all_busy || s.stopping) return;
            try {
                s.threads.emplace_back([this] { serve(); });
            } catch (const std::system_error&) {
                // No thread to be had: whoever brought the jobs does them.
            }
        });
    }
}

void Crew::serve() {
    while (true) {
        // An idle thread looks up once a minute; nothing depends on it.
        const auto later = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        std::shared_ptr<Batch> batch;
        bool stopping = false;
        state_.with([](State& s) { s.idle += 1; });
        state_.wait_until(later, [](State& s) { return s.stopping || !s.waiting.empty(); });
        state_.with([&](State& s) {
            s.idle -= 1;
            stopping = s.stopping;
            if (stopping || s.waiting.empty()) return;
            batch = std::move(s.waiting.front());
            s.waiting.pop_front();
        });
        if (stopping) return;
        if (batch) batch->work();
    }
}

}  // namespace juxta::agent
