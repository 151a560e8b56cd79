#include "agent/policy/round_robin.h"

#include <string_view>

#include "agent/policy/order.h"

namespace juxta::agent {
namespace {

constexpr std::size_t kRemembered = 4096;

}  // namespace

std::vector<std::size_t> RoundRobin::rank(const ScheduleRequest&,
                                          const std::vector<Candidate>& candidates) {
    auto order = order_by(candidates, [&](const Candidate& each) {
        const auto known = last_turn_.find(each.sed.name);
        const std::uint64_t turn = known == last_turn_.end() ? 0 : known->second;
        return std::pair(turn, std::string_view(each.sed.name));
    });
    if (!order.empty()) note_turn(candidates[order.front()].sed.name);
    return order;
}

void RoundRobin::note_turn(const std::string& name) {
    last_turn_[name] = ++turns_;
    if (last_turn_.size() <= kRemembered) return;
    last_turn_.erase(
        std::ranges::min_element(last_turn_, {}, [](const auto& entry) { return entry.second; }));
}

}  // namespace juxta::agent
