// State that can only be touched while its mutex is held.
//
//     Guarded<State> state_;
//     state_.with([&](State& s) { s.count += 1; });
//     state_.wait_until(deadline, [&](State& s) { return s.done; },
//                       [&](State& s) { return s.result; });
//
// No port, callback or ORB call inside `with`; no nesting. Every wait has a deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace juxta {

template <class State>
class Guarded {
public:
    template <class... Args>
    explicit Guarded(Args&&... args) : state_(std::forward<Args>(args)...) {}

    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    template <class Body>
    decltype(auto) with(Body&& body) {
        std::lock_guard lock(mutex_);
        return std::forward<Body>(body)(state_);
    }

    template <class Body>
    decltype(auto) with(Body&& body) const {
        std::lock_guard lock(mutex_);
        return std::forward<Body>(body)(state_);
    }

    // Changes the state and wakes every waiter.
    template <class Body>
    decltype(auto) change(Body&& body) {
        struct Waker {
            std::condition_variable& changed;
            ~Waker() { changed.notify_all(); }
        } waker{changed_};
        std::lock_guard lock(mutex_);
        return std::forward<Body>(body)(state_);
    }

    // The same, for state whose waiters are alike: wakes one of them.
    template <class Body>
    decltype(auto) change_one(Body&& body) {
        struct Waker {
            std::condition_variable& changed;
            ~Waker() { changed.notify_one(); }
        } waker{changed_};
        std::lock_guard lock(mutex_);
        return std::forward<Body>(body)(state_);
    }

    // Waits until `ready(state)`; true if it was before `deadline`. Then (or at the deadline)
    // nothing is held any more: use the three-argument form to act on what was waited for.
    template <class Ready>
    bool wait_until(std::chrono::steady_clock::time_point deadline, Ready&& ready) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, deadline, [&] { return ready(state_); });
    }

    // The same; once ready, runs `body(state)` before the lock is given back and returns its
    // value. nullopt at the deadline. `body` must return a value.
    template <class Ready, class Body>
    auto wait_until(std::chrono::steady_clock::time_point deadline, Ready&& ready, Body&& body)
        -> std::optional<decltype(body(std::declval<State&>()))> {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_until(lock, deadline, [&] { return ready(state_); })) {
            return std::nullopt;
        }
        return std::forward<Body>(body)(state_);
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    State state_;
};

}  // namespace juxta
