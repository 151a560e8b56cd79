#include "server_daemon/core/process_run.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "common/log/log.h"

namespace juxta::sed {
namespace {

using Clock = std::chrono::steady_clock;

timespec time_left(SteadyTime until) {
    const auto left = std::max(until - Clock::now(), SteadyTime::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    return {seconds.count(),
            std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
}

}  // namespace

ProcessRun::ProcessRun(ProcessPool& pool, std::unique_ptr<WorkerProcess> process,
                       const WorkerOrder& order, OutputPlaces& places)
    : pool_(pool),
      places_(places),
      service_(order.service.substr(order.service.find('/') + 1)),
      deadline_(order.deadline),
      process_(std::move(process)) {}

ProcessRun::~ProcessRun() {
    std::lock_guard lock(stopping_);
    process_.reset();
}

void ProcessRun::stop() {
    std::lock_guard lock(stopping_);
    if (!process_) return;
    stop_asked_ = true;
    process_->wake();
}

bool ProcessRun::wait(SteadyTime until) {
    while (!ended_) {
        SteadyTime next = until;
        if (kill_at_) {
            next = std::min(next, *kill_at_);
        } else if (deadline_) {
            next = std::min(next, *deadline_);
        }
        const Seen seen = look(next);
        if (seen == Seen::death) {
            bury();
        } else if (seen == Seen::message) {
            hear();
        }
        if (ended_) break;
        const SteadyTime now = Clock::now();
        if (kill_at_ && now >= *kill_at_) {
            bury();
        } else if (!ending_ && deadline_ && now >= *deadline_) {
            end_by(ErrorCode::deadline_exceeded,
                   "the deadline of the call has passed; its worker process was killed");
        } else if (now >= until) {
            break;
        }
    }
    return ended_;
}

ProcessRun::Seen ProcessRun::look(SteadyTime until) {
    std::array<pollfd, 4> watched{{{process_->channel().fd(), POLLIN, 0},
                                   {process_->pid_fd(), POLLIN, 0},
                                   {process_->output_fd(), POLLIN, 0},
                                   {process_->wake_fd(), POLLIN, 0}}};
    const timespec left = time_left(until);
    if (::ppoll(watched.data(), watched.size(), &left, nullptr) <= 0) return Seen::nothing;
    if (watched[2].revents != 0) process_->read_output();
    if (watched[3].revents != 0) {
        process_->clear_wake();
        std::unique_lock lock(stopping_);
        const bool asked = stop_asked_;
        lock.unlock();
        if (asked && !ending_) end_by(ErrorCode::cancelled, "the call was cancelled");
    }
    if (watched[0].revents != 0) return Seen::message;
    return watched[1].revents != 0 ? Seen::death : Seen::nothing;
}

void ProcessRun::hear() {
    try {
        auto message = process_->channel().receive();
        if (!message) return bury();
        // Being killed: what it says does not count any more.
        if (ending_) return;
        Unpacker unpacker(message->bytes);
        const MessageKind kind = unpack_kind(unpacker);
        if (kind == MessageKind::allocate) return place(unpack_allocate(unpacker));
        if (kind != MessageKind::done && kind != MessageKind::failed) {
            throw Error(ErrorCode::internal, "an unexpected message from the worker process");
        }
        end(unpack_outcome(kind, unpacker), true);
    } catch (const std::exception& e) {
        WorkerOutcome outcome;
        outcome.failure.emplace(ErrorCode::service_failed, service_ + ": " + e.what());
        end(std::move(outcome), false);
    }
}

void ProcessRun::place(const AllocateMessage& asked) {
    PlaceMessage answer;
    OutputPlace place;
    try {
        place = places_.allocate(asked.argument, asked.type, asked.reusable);
        answer.granted = true;
        answer.by_value = place.fd == nullptr;
        answer.offset = place.offset;
        answer.length = place.length;
        answer.keep = place.keep;
    } catch (const Error& e) {
        answer.code = e.code();
        answer.why = e.what();
    } catch (const std::exception& e) {
        answer.why = e.what();
    }
    Packer packer;
    pack(packer, answer);
    const int fd = place.fd ? place.fd->get() : -1;
    process_->channel().send(packer.packed(), std::span(&fd, place.fd ? 1 : 0));
}

void ProcessRun::end_by(ErrorCode code, const std::string& why) {
    ending_.emplace(code, service_ + ": " + why);
    kill_at_ = Clock::now() + pool_.settings_.patience;
    process_->signal(SIGTERM);
}

// The process is dead, or as good as dead.
void ProcessRun::bury() {
    const pid_t pid = process_->pid();
    const std::string how = process_->reap();
    WorkerOutcome outcome;
    outcome.failure = ending_;
    if (!outcome.failure) {
        log::warning("{}: worker process {} {} and is replaced", service_, pid, how);
        std::string tail = process_->output_tail();
        while (!tail.empty() && tail.back() == '\n') tail.pop_back();
        outcome.failure.emplace(ErrorCode::service_failed,
                                service_ + ": the worker process " + how +
                                    (tail.empty() ? "; it wrote nothing to standard error"
                                                  : "; the end of its standard error: " + tail));
    }
    end(std::move(outcome), false);
}

void ProcessRun::end(WorkerOutcome outcome, bool reusable) {
    outcome_ = std::move(outcome);
    ended_ = true;
    std::unique_lock lock(stopping_);
    auto process = std::move(process_);
    if (stop_asked_) process->clear_wake();
    lock.unlock();
    if (reusable) pool_.give_back(std::move(process));
}

}  // namespace juxta::sed
