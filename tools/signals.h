// SIGTERM, SIGINT, SIGHUP and SIGCHLD as events of one thread instead of interruptions: blocked in
// every thread started while this lives, so make it before the first of them.
//
// Threading: one thread.
#pragma once

#include <chrono>
#include <csignal>

namespace juxta::tools {

class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    struct Event {
        int number = 0;              // 0: nothing came
        bool from_terminal = false;  // the whole foreground group has it
    };
    // The next one that comes within `time`.
    Event wait(std::chrono::milliseconds time);

    // Whether an end was asked for: by an event of wait(), or by one that is pending now.
    bool end_wanted();

    // The mask from before, for processes to be started.
    const sigset_t& former() const { return former_; }

private:
    sigset_t taken_;
    sigset_t former_;
    bool end_wanted_ = false;
};

}  // namespace juxta::tools
