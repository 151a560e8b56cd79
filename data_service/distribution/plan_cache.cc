#include "data_service/distribution/plan_cache.h"

#include <algorithm>

namespace juxta::distribution {

PlanPtr PlanCache::plan(const Layout& source, const Layout& target, const Mapping& mapping) {
    const Plan wanted(source, target, mapping);
    const auto found =
        std::ranges::find_if(plans_, [&](const PlanPtr& plan) { return *plan == wanted; });
    if (found != plans_.end()) {
        plans_.splice(plans_.begin(), plans_, found);
        return plans_.front();
    }
    plans_.push_front(std::make_shared<const Plan>(wanted));
    if (plans_.size() > most_) plans_.pop_back();
    return plans_.front();
}

}  // namespace juxta::distribution
