// How locks are had and looked at: polls at the coordinator, fair over its changes.
#pragma once

#include <memory>

#include "data_service/client/session_core.h"
#include "data_service/core/data_access.h"

namespace juxta::data {

struct LockWanted {
    DataId id;
    SessionCore::Clock::time_point deadline;
    LockOptions options;
};

// Both throw Error deadline_exceeded if the lock is not had by then, and cancelled if it was given
// up; either way the request is withdrawn.
std::unique_ptr<WriteHold> take_lock(const std::shared_ptr<SessionCore>& core,
                                     const LockWanted& wanted);
std::unique_ptr<ReadHold> take_shared_lock(const std::shared_ptr<SessionCore>& core,
                                           const LockWanted& wanted);

// Under the lock of another process. Throws Error lease_expired unless `token` holds it.
std::unique_ptr<WriteHold> resume_lock(const std::shared_ptr<SessionCore>& core, const DataId& id,
                                       Token token);

LockStatus look_at_lock(SessionCore& core, const DataId& id);

}  // namespace juxta::data
