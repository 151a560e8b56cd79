#include "agent/policy/least_loaded.h"

#include "agent/policy/order.h"

namespace juxta::agent {

std::vector<std::size_t> LeastLoaded::rank(const ScheduleRequest& request,
                                           const std::vector<Candidate>& candidates) {
    return order_by(candidates, [&](const Candidate& each) { return load_key(request, each); });
}

}  // namespace juxta::agent
