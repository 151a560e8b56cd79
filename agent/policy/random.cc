#include "agent/policy/random.h"

#include "agent/policy/order.h"

namespace juxta::agent {

std::vector<std::size_t> Random::rank(const ScheduleRequest&,
                                      const std::vector<Candidate>& candidates) {
    return order_by(candidates, [&](const Candidate&) { return source_(); });
}

}  // namespace juxta::agent
