#include "agent/core/reservations.h"

#include <algorithm>

namespace juxta::agent {
namespace {

// Longer than any submission takes that arrives at all.
constexpr Duration kLongest = 2 * kSecond;

}  // namespace

void Reservations::settle(Place& place, const Candidate& seen, Time now) {
    auto& placed = place.placed;
    if (place.incarnation != seen.sed.incarnation || seen.estimation.accepted < place.accepted) {
        placed.clear();
        return;
    }
    const std::uint64_t arrived = seen.estimation.accepted - place.accepted;
    placed.erase(placed.begin(),
                 placed.begin() +
                     static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(arrived, placed.size())));
    place.accepted = seen.estimation.accepted;
    const auto late =
        std::ranges::find_if(placed, [&](Time each) { return now - each < kLongest; });
    placed.erase(placed.begin(), late);
}

void Reservations::add_to(std::vector<Candidate>& candidates, Time now) {
    for (Candidate& candidate : candidates) {
        const auto known = places_.find(candidate.sed.name);
        if (known == places_.end()) continue;
        settle(known->second, candidate, now);
        const std::size_t outstanding = known->second.placed.size();
        candidate.estimation.queued += static_cast<std::uint32_t>(outstanding);
        candidate.estimation.backlog_s +=
            static_cast<double>(outstanding) * candidate.estimation.expected_run_s;
        if (outstanding == 0) places_.erase(known);
    }
}

void Reservations::note(const Candidate& candidate, Time now) {
    auto [entry, is_new] = places_.try_emplace(candidate.sed.name);
    Place& place = entry->second;
    if (is_new) {
        place.incarnation = candidate.sed.incarnation;
        place.accepted = candidate.estimation.accepted;
    }
    place.placed.push_back(now);
}

}  // namespace juxta::agent
