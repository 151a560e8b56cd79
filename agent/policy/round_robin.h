// In turn: whoever was ranked first the longest time ago comes first; among those that never were,
// by name. Remembers the last 4096 SeDs that were first.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/policy/policy.h"

namespace juxta::agent {

class RoundRobin final : public Policy {
public:
    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;

private:
    void note_turn(const std::string& name);

    std::uint64_t turns_ = 0;
    std::map<std::string, std::uint64_t> last_turn_;
};

}  // namespace juxta::agent
