#include "agent/policy/min_completion_time.h"

#include "agent/policy/order.h"

namespace juxta::agent {

std::vector<std::size_t> MinCompletionTime::rank(const ScheduleRequest& request,
                                                 const std::vector<Candidate>& candidates) {
    const Expectations expected(candidates);
    return order_by(candidates, [&](const Candidate& each) {
        const EstimationVector& seen = each.estimation;
        return std::pair(expected.wait_s(seen) + expected.run_s(seen), load_key(request, each));
    });
}

}  // namespace juxta::agent
