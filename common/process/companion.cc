#include "common/process/companion.h"

#include <poll.h>

#include <array>

#include "common/base/error.h"

namespace juxta {

Companion::Companion(WorkerProgram program)
    : starter_([this, program = std::move(program)] { start(program); }) {}

Companion::~Companion() {
    state_.change([](State& state) { state.ending = true; });
    starter_.join();
}

void Companion::start(const WorkerProgram& program) {
    try {
        auto process = std::make_unique<WorkerProcess>(program);
        state_.change([&](State& state) { state.process = std::move(process); });
    } catch (...) {
        state_.change([](State& state) { state.failure = std::current_exception(); });
    }
    while (!state_.wait_until(Clock::now() + std::chrono::hours(1),
                              [](const State& state) { return state.ending; })) {
    }
}

void Companion::ask(std::span<const std::byte> question, std::span<const int> descriptors,
                    Clock::time_point until, const std::function<void(Unpacker&)>& read) {
    const std::unique_lock lock(talking_, until);
    if (!lock) {
        throw Error(ErrorCode::deadline_exceeded, "it is busy with other questions for too long");
    }
    if (dead_) throw Error(ErrorCode::service_failed, "its process has ended before");
    try {
        if (!process_) await_start(until);
        converse(question, descriptors, until, read);
    } catch (...) {
        dead_ = true;
        process_.reset();  // killed
        throw;
    }
}

void Companion::await_start(Clock::time_point until) {
    std::exception_ptr failure;
    state_.wait_until(
        until, [](const State& state) { return state.process || state.failure; },
        [&](State& state) {
            process_ = std::move(state.process);
            failure = state.failure;
            return true;
        });
    if (failure) std::rethrow_exception(failure);
    if (!process_) throw Error(ErrorCode::unavailable, "its process could not be started in time");
}

void Companion::converse(std::span<const std::byte> question, std::span<const int> descriptors,
                         Clock::time_point until, const std::function<void(Unpacker&)>& read) {
    if (process_->channel().send(question, descriptors)) {
        await_answer(until);
        if (const auto answer = process_->channel().receive()) {
            Unpacker unpacker(answer->bytes);
            read(unpacker);
            return;
        }
    }
    const std::string how = process_->reap();
    std::string said = process_->output_tail();
    while (!said.empty() && said.back() == '\n') said.pop_back();
    throw Error(ErrorCode::service_failed,
                "its process " + how + (said.empty() ? "" : "; the last it wrote: " + said));
}

// Returns once there is a message, or an end.
void Companion::await_answer(Clock::time_point until) {
    for (;;) {
        std::array<pollfd, 2> watched{
            {{process_->channel().fd(), POLLIN, 0}, {process_->output_fd(), POLLIN, 0}}};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        if (left < 0) throw Error(ErrorCode::deadline_exceeded, "it does not answer in time");
        ::poll(watched.data(), watched.size(), static_cast<int>(left) + 1);
        if (watched[1].revents != 0) process_->read_output();
        if (watched[0].revents != 0) return;
    }
}

}  // namespace juxta
