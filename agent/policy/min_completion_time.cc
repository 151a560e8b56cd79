#include "agent/policy/min_completion_time.h"

#include "agent/policy/order.h"

namespace juxta::agent {
namespace {

double average_known_run_s(const std::vector<Candidate>& candidates) {
    double sum = 0;
    int known = 0;
    for (const Candidate& each : candidates) {
        if (each.estimation.expected_run_s <= 0) continue;
        sum += each.estimation.expected_run_s;
        known += 1;
    }
    return known == 0 ? 0 : sum / known;
}

}  // namespace

std::vector<std::size_t> MinCompletionTime::rank(const ScheduleRequest& request,
                                                 const std::vector<Candidate>& candidates) {
    const double usual_s = average_known_run_s(candidates);
    return order_by(candidates, [&](const Candidate& each) {
        const EstimationVector& seen = each.estimation;
        const double wait_s = seen.backlog_s / std::max<std::uint32_t>(seen.slots, 1);
        const double run_s = seen.expected_run_s > 0 ? seen.expected_run_s : usual_s;
        return std::pair(wait_s + run_s, load_key(request, each));
    });
}

}  // namespace juxta::agent
