// Earliest expected end with the transfers: the wait for a slot, moving the arguments to the SeD's
// host, and the run. Among equals the fewest bytes to move, then the least loaded.
#pragma once

#include "agent/policy/policy.h"

namespace juxta::agent {

class DataLocality final : public Policy {
public:
    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;
};

}  // namespace juxta::agent
