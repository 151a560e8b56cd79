#include "agent/policy/order.h"

#include <limits>

namespace juxta::agent {
namespace {

std::uint64_t spread(const RequestId& request, const std::string& name) {
    std::uint64_t hash = request.high ^ (request.low * 0x9e3779b97f4a7c15u);
    for (unsigned char c : name) hash = (hash ^ c) * 0x100000001b3u;
    hash ^= hash >> 31;
    hash *= 0x94d049bb133111ebu;
    return hash ^ (hash >> 29);
}

double speed_of(const EstimationVector& seen) { return seen.speed > 0 ? seen.speed : 1; }

}  // namespace

LoadKey load_key(const ScheduleRequest& request, const Candidate& candidate) {
    const EstimationVector& seen = candidate.estimation;
    const double slots = std::max<std::uint32_t>(seen.slots, 1);
    return {(static_cast<double>(seen.running) + seen.queued) / slots, -seen.since_last_s,
            spread(request.id, candidate.sed.name)};
}

Expectations::Expectations(const std::vector<Candidate>& candidates) {
    double sum = 0;
    int known = 0;
    for (const Candidate& each : candidates) {
        if (each.estimation.expected_run_s <= 0) continue;
        sum += each.estimation.expected_run_s * speed_of(each.estimation);
        known += 1;
    }
    usual_work_ = known == 0 ? 0 : sum / known;
    shortest_s_ = std::numeric_limits<double>::infinity();
    for (const Candidate& each : candidates) {
        shortest_s_ = std::min(shortest_s_, run_s(each.estimation));
    }
}

double Expectations::wait_s(const EstimationVector& seen) const {
    const std::uint32_t slots = std::max<std::uint32_t>(seen.slots, 1);
    if (seen.queued == 0 && seen.running < slots) return 0;
    return seen.backlog_s / slots;
}

double Expectations::run_s(const EstimationVector& seen) const {
    return seen.expected_run_s > 0 ? seen.expected_run_s : usual_work_ / speed_of(seen);
}

double Expectations::rough_run_s(const EstimationVector& seen) const {
    constexpr double part = 0.25, least_s = 0.005;
    const double run = run_s(seen);
    return run - shortest_s_ <= std::max(part * shortest_s_, least_s) ? shortest_s_ : run;
}

}  // namespace juxta::agent
