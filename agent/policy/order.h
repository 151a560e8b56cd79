// What the policies share: sorting by a key, the order of load, what is expected of a candidate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <vector>

#include "common/model/scheduling.h"

namespace juxta::agent {

// The indices of `candidates`, smallest key first; equal keys as they came.
template <class Key>
std::vector<std::size_t> order_by(const std::vector<Candidate>& candidates, Key&& key) {
    using Keyed = std::pair<decltype(key(candidates.front())), std::size_t>;
    std::vector<Keyed> keyed;
    keyed.reserve(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) keyed.emplace_back(key(candidates[i]), i);
    std::ranges::sort(keyed);
    std::vector<std::size_t> order;
    order.reserve(keyed.size());
    for (const Keyed& item : keyed) order.push_back(item.second);
    return order;
}

// Fewer calls per slot first, then who has been idle for longest, then a hash of the name and the
// request, so that equals share the requests whatever order they are listed in.
using LoadKey = std::tuple<double, double, std::uint64_t>;
LoadKey load_key(const ScheduleRequest& request, const Candidate& candidate);

// What a call is expected to take at each of some candidates, in seconds. A SeD that never ran the
// service needs the average of those that did, as much longer as its cores are slower.
class Expectations {
public:
    explicit Expectations(const std::vector<Candidate>& candidates);

    // Until a slot is free: none while one is, else the work before the call, shared by the slots.
    double wait_s(const EstimationVector& seen) const;
    double run_s(const EstimationVector& seen) const;
    // The same, where times that are hardly longer than the shortest count as the shortest: a
    // quarter, or 5 ms, are noise of measured runs and no reason to move data.
    double rough_run_s(const EstimationVector& seen) const;

private:
    double usual_work_ = 0;  // seconds at speed 1
    double shortest_s_ = 0;
};

}  // namespace juxta::agent
