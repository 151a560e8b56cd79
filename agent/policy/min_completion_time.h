// Earliest expected end: the wait for a slot and the run itself. A SeD that never ran
// the service is expected to need the average of those that did. Transfers do not count.
// Among equals the least loaded.
#pragma once

#include "agent/policy/policy.h"

namespace juxta::agent {

class MinCompletionTime final : public Policy {
public:
    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;
};

}  // namespace juxta::agent
