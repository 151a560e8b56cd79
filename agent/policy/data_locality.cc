#include "agent/policy/data_locality.h"

#include "agent/policy/order.h"

namespace juxta::agent {
namespace {

// How much a wait counts: more than its time, for a call that waits lets others wait behind it
// (docs/reference/scheduling.md, "Score", beta).
constexpr double kWaitWeight = 2;

}  // namespace

std::vector<std::size_t> DataLocality::rank(const ScheduleRequest& request,
                                            const std::vector<Candidate>& candidates) {
    const Expectations expected(candidates);
    return order_by(candidates, [&](const Candidate& each) {
        const EstimationVector& seen = each.estimation;
        const double score =
            kWaitWeight * expected.wait_s(seen) + seen.transfer_s + expected.rough_run_s(seen);
        return std::tuple(score, seen.bytes_to_move, load_key(request, each));
    });
}

}  // namespace juxta::agent
