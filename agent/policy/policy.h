// Ranks candidate SeDs for one request.
//
// A policy is a machine: no clock, thread or I/O; what it remembers and where its random numbers
// come from is given to it. It ranks what it is shown and leaves nobody out: who can take the call
// is decided before. Every agent of a tree ranks and cuts what is below it; the order of the
// master agent is the one that counts.
//
// Threading: none; the owner guards it.
#pragma once

#include <cstddef>
#include <vector>

#include "common/model/scheduling.h"

namespace juxta::agent {

class Policy {
public:
    virtual ~Policy() = default;

    // The indices of `candidates`, best first: each of them once.
    virtual std::vector<std::size_t> rank(const ScheduleRequest& request,
                                          const std::vector<Candidate>& candidates) = 0;
};

}  // namespace juxta::agent
