// Fewest bytes to move to the SeD's host; among equals most bytes in its own cluster, then the
// least loaded.
#pragma once

#include "agent/policy/policy.h"

namespace juxta::agent {

class DataLocality final : public Policy {
public:
    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;
};

}  // namespace juxta::agent
