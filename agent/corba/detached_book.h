// The detached calls of a master agent on disk, so that a restarted one knows what it has to see
// through: a file each, from its acceptance to its end.
//
// Written before a call is accepted; not synced, for a machine that crashes has lost the SeDs too.
//
// Threading: any thread, but one at a time for one call.
#pragma once

#include <filesystem>
#include <vector>

#include "common/model/call.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

struct DetachedCall {
    ScheduleRequest request;
    CallOrder order;
    Retry retry = Retry::always;
};

class DetachedBook {
public:
    // Makes the folder; an empty path: nothing is kept. Throws Error unavailable.
    explicit DetachedBook(std::filesystem::path folder);

    void keep(const DetachedCall& call) const;  // Throws Error unavailable
    void forget(const RequestId& id) const noexcept;

    // What is there; files that are no calls are removed.
    std::vector<DetachedCall> read() const;

private:
    std::filesystem::path file_of(const RequestId& id) const;
    std::filesystem::path folder_;
};

}  // namespace juxta::agent
