#include "agent/policy/data_locality.h"

#include "agent/policy/order.h"

namespace juxta::agent {

std::vector<std::size_t> DataLocality::rank(const ScheduleRequest& request,
                                            const std::vector<Candidate>& candidates) {
    return order_by(candidates, [&](const Candidate& each) {
        const EstimationVector& seen = each.estimation;
        // What does not come from its own cluster crosses between clusters.
        const std::uint64_t from_afar =
            seen.bytes_to_move - std::min(seen.bytes_to_move, seen.bytes_cluster);
        return std::tuple(seen.bytes_to_move, from_afar, load_key(request, each));
    });
}

}  // namespace juxta::agent
