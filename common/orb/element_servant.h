// What every process answers about itself, under the key "Element" (idl/element.idl), and how a
// daemon's main waits for its end.
#pragma once

#include <functional>
#include <memory>

#include "common/base/guarded.h"
#include "common/model/element.h"
#include "element.hh"

namespace juxta::orb {

// Set by a signal, an upcall or the work itself; waited for by main. Copies are the same ending:
// who may still request it when main has gone keeps one.
class Ending {
public:
    void request() {
        requested_->change([](bool& requested) { requested = true; });
    }
    // Returns true once requested; false after `milliseconds`.
    bool wait(unsigned milliseconds) {
        return requested_->wait_until(
            std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds),
            [](bool requested) { return requested; });
    }

private:
    std::shared_ptr<Guarded<bool>> requested_ = std::make_shared<Guarded<bool>>(false);
};

// SIGTERM and SIGINT request the end; SIGPIPE is ignored. Call before other threads start. The
// signals are taken by a thread of their own.
void end_on_signals(Ending ending);

// So that a daemon ends with whoever started it: SIGTERM when the parent process dies, where
// JUXTA_WITH_PARENT is set (tests).
void end_with_parent();

class ElementServant final : public POA_Wire::Element {
public:
    // All outlive the servant's activation. `status` need not fill in pid and the call counters.
    ElementServant(std::function<ElementStatus()> status, std::function<void()> drain,
                   Ending& ending)
        : status_(std::move(status)), drain_(std::move(drain)), ending_(ending) {}

    Wire::ElementStatus* status() override;
    void drain() override;
    void terminate() override;

private:
    std::function<ElementStatus()> status_;
    std::function<void()> drain_;
    Ending& ending_;
};

}  // namespace juxta::orb
