// Any order, each as likely as the others.
#pragma once

#include <cstdint>
#include <random>

#include "agent/policy/policy.h"

namespace juxta::agent {

class Random final : public Policy {
public:
    explicit Random(std::uint64_t seed) : source_(seed) {}

    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates) override;

private:
    std::mt19937_64 source_;
};

}  // namespace juxta::agent
