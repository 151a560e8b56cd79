#include "tools/signals.h"

namespace juxta::tools {

Signals::Signals() {
    sigemptyset(&taken_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&taken_, number);
    pthread_sigmask(SIG_BLOCK, &taken_, &former_);
}

Signals::~Signals() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

Signals::Event Signals::wait(std::chrono::milliseconds time) {
    const timespec limit{time.count() / 1000, (time.count() % 1000) * 1000000};
    siginfo_t about{};
    const int number = sigtimedwait(&taken_, &about, &limit);
    if (number <= 0) return {};
    if (number != SIGCHLD) end_wanted_ = true;
    return {number, about.si_code == SI_KERNEL};
}

bool Signals::end_wanted() {
    while (wait(std::chrono::milliseconds(0)).number != 0) {
    }
    return end_wanted_;
}

}  // namespace juxta::tools
