// Plans made before, by what they are made of.
//
// A machine, guarded by its owner. Making a plan is quick; sharing it keeps the links that its
// users keep beside it.
#pragma once

#include <list>
#include <memory>

#include "data_service/distribution/plan.h"

namespace juxta::distribution {

using PlanPtr = std::shared_ptr<const Plan>;

class PlanCache {
public:
    explicit PlanCache(std::size_t most = 32) : most_(most) {}

    // One that was made of the same, or a new one; the oldest unused goes. Errors as Plan's.
    PlanPtr plan(const Layout& source, const Layout& target, const Mapping& mapping = {});

    std::size_t size() const { return plans_.size(); }

private:
    std::size_t most_;
    std::list<PlanPtr> plans_;  // the last used first
};

}  // namespace juxta::distribution
