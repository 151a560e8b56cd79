#include "server_daemon/core/process_pool.h"

#include "common/log/log.h"
#include "server_daemon/core/process_run.h"

namespace juxta::sed {

ProcessPool::ProcessPool(PoolSettings settings) : settings_(std::move(settings)) {
    state_.with([&](State& state) { state.to_warm = settings_.warm; });
    starter_ = std::thread([this] { start_processes(); });
}

ProcessPool::~ProcessPool() {
    state_.change([](State& state) { state.ending = true; });
    starter_.join();
    state_.with([](State& state) { state.idle.clear(); });
}

bool ProcessPool::has_idle() {
    return state_.with([](State& state) { return !state.idle.empty(); });
}

std::shared_ptr<WorkerRun> ProcessPool::start(const WorkerOrder& order, OutputPlaces& places) {
    Packer packer;
    std::vector<int> descriptors;
    pack_run(packer, order, descriptors);
    // A worker that died while it was idle is found out here; more than that many did not.
    for (int attempt = 0; attempt < 64; ++attempt) {
        Process process = take();
        if (!process->channel().send(packer.packed(), descriptors)) continue;
        return std::make_shared<ProcessRun>(*this, std::move(process), order, places);
    }
    throw Error(ErrorCode::unavailable,
                order.service + ": worker processes die as soon as they start");
}

ProcessPool::Process ProcessPool::take() {
    Process idle = state_.with([](State& state) -> Process {
        if (state.idle.empty()) return nullptr;
        Process last = std::move(state.idle.back());
        state.idle.pop_back();
        return last;
    });
    if (idle) {
        idle->forget_output();  // of its former calls; what a new one says is of its start
        return idle;
    }
    std::future<Process> started = state_.change([](State& state) {
        if (state.ending) throw Error(ErrorCode::cancelled, "the server daemon is ending");
        return state.wanted.emplace_back().get_future();
    });
    return started.get();
}

void ProcessPool::give_back(Process process) {
    const std::uint64_t grown = process->grown_by();
    if (grown > settings_.growth_limit) {
        log::info("worker process {} has grown by {} bytes and is replaced", process->pid(), grown);
        state_.change([](State& state) { ++state.to_warm; });
        return;
    }
    state_.with([&](State& state) { state.idle.push_back(std::move(process)); });
}

ProcessPool::Process ProcessPool::start_process() {
    return std::make_unique<WorkerProcess>(settings_.program);
}

void ProcessPool::start_processes() {
    const auto has_work = [](State& state) {
        return state.ending || !state.wanted.empty() || state.to_warm > 0;
    };
    for (;;) {
        std::optional<std::promise<Process>> wanted;
        bool ending = false;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
        const auto ready = state_.wait_until(deadline, has_work, [&](State& state) {
            ending = state.ending && state.wanted.empty();
            if (!state.wanted.empty()) {
                wanted = std::move(state.wanted.front());
                state.wanted.pop_front();
            } else if (!ending) {
                --state.to_warm;
            }
            return true;
        });
        if (!ready) continue;
        if (ending) return;
        try {
            Process process = start_process();
            if (wanted) {
                wanted->set_value(std::move(process));
            } else {
                state_.with([&](State& state) { state.idle.push_back(std::move(process)); });
            }
        } catch (const Error& e) {
            if (wanted) {
                wanted->set_exception(std::current_exception());
            } else {
                log::warning("{}", e.what());
            }
        }
    }
}

}  // namespace juxta::sed
