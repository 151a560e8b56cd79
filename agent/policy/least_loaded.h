// Fewest running and queued calls per slot; among equals the one that has been idle for longest.
#pragma once

#include "agent/policy/policy.h"

namespace juxta::agent {

class LeastLoaded final : public Policy {
public:
    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;
};

}  // namespace juxta::agent
