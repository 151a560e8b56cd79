// The newest decisions of a master agent: from which table each call was placed, for whoever asks
// why. A machine.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_map>

#include "common/base/time.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

class Decisions {
public:
    // Keeps so many requests, and of each so many candidates, the best ones.
    Decisions(std::size_t requests, std::size_t candidates)
        : most_(requests), candidates_(candidates) {}

    // A request that is placed again has its newest decision.
    void note(Decision decision, Time now);

    // Throws Error not_found.
    Decision find(const RequestId& id, Time now) const;

private:
    struct Entry {
        Decision decision;
        Time made = 0;
    };
    std::size_t most_, candidates_;
    std::unordered_map<RequestId, Entry> entries_;
    std::deque<RequestId> in_order_;  // oldest first
};

}  // namespace juxta::agent
