// Calls that go on without their client: the port through which a master agent sees them through.
#pragma once

#include <optional>

#include "common/model/call.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

// Any thread.
class DetachedCalls {
public:
    virtual ~DetachedCalls() = default;

    // Returns at once. A repeat of the request's id does nothing.
    virtual void start(const ScheduleRequest& request, const CallOrder& order, Retry retry) = 0;

    // nullopt if it is not over after `wait_ms`. Throws Error not_found.
    virtual std::optional<CallResult> wait(const RequestId& id, unsigned wait_ms) = 0;
    virtual void cancel(const RequestId& id) = 0;  // Throws Error not_found

    // Who computes the datum of this name; nil: nobody.
    virtual PendingOutput producer_of(const std::string& name) = 0;

    // What a call that was not placed yet waits for, for people. Throws Error not_found.
    virtual std::string why_not_placed(const RequestId& id) = 0;
};

}  // namespace juxta::agent
