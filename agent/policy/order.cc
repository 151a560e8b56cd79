#include "agent/policy/order.h"

namespace juxta::agent {
namespace {

std::uint64_t spread(const RequestId& request, const std::string& name) {
    std::uint64_t hash = request.high ^ (request.low * 0x9e3779b97f4a7c15u);
    for (unsigned char c : name) hash = (hash ^ c) * 0x100000001b3u;
    hash ^= hash >> 31;
    hash *= 0x94d049bb133111ebu;
    return hash ^ (hash >> 29);
}

}  // namespace

LoadKey load_key(const ScheduleRequest& request, const Candidate& candidate) {
    const EstimationVector& seen = candidate.estimation;
    const double slots = std::max<std::uint32_t>(seen.slots, 1);
    return {(static_cast<double>(seen.running) + seen.queued) / slots, -seen.since_last_s,
            spread(request.id, candidate.sed.name)};
}

}  // namespace juxta::agent
