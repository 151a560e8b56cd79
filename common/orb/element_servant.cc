#include "common/orb/element_servant.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"

namespace juxta::orb {

void end_on_signals(Ending ending) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    std::thread([awaited, ending]() mutable {
        int number = 0;
        while (sigwait(&awaited, &number) == 0) ending.request();
    }).detach();
}

void end_with_parent() {
    if (std::getenv("JUXTA_WITH_PARENT") != nullptr) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

Wire::ElementStatus* ElementServant::status() {
    return answer([&] {
        ElementStatus status = status_();
        status.pid = ::getpid();
        status.counters.calls_in = calls_in();
        status.counters.calls_out = calls_out();
        return new Wire::ElementStatus(to_wire(status));
    });
}

void ElementServant::drain() { answer(drain_); }

void ElementServant::terminate() { ending_.request(); }

}  // namespace juxta::orb
