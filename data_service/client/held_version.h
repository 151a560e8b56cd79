// A committed version that this session may read for as long as this lives: pinned at the
// coordinator, under a shared lock, or, if it is the only version that can ever be, as it is.
//
// Threading: any thread; it does not change.
#pragma once

#include <functional>
#include <memory>

#include "common/base/time.h"
#include "data_service/client/lease_keeper.h"
#include "data_service/core/datum_info.h"

namespace juxta::data {

using InfoPtr = std::shared_ptr<const DatumInfo>;

class HeldVersion {
public:
    // `lease`: null if it needs none. `extents`: with offsets in the datum. `give_back` ends the
    // lease; it must not throw.
    HeldVersion(InfoPtr info, Version version, Extents extents, std::shared_ptr<Lease> lease,
                std::function<void()> give_back)
        : info(std::move(info)),
          version(version),
          extents(std::move(extents)),
          lease(std::move(lease)),
          give_back_(std::move(give_back)) {}
    ~HeldVersion() {
        if (give_back_) give_back_();
    }
    HeldVersion(const HeldVersion&) = delete;
    HeldVersion& operator=(const HeldVersion&) = delete;

    bool is_locked() const { return lease && lease->kind == Lease::Kind::lock; }
    bool lost() const { return lease && lease->lost; }
    // Its bytes are certain to be there still.
    bool is_trusted(Time now) const {
        return !lease || (!lease->lost && now < lease->trusted_until);
    }

    const InfoPtr info;
    const Version version;
    const Extents extents;
    const std::shared_ptr<Lease> lease;

private:
    std::function<void()> give_back_;
};

using HeldVersionPtr = std::shared_ptr<const HeldVersion>;

}  // namespace juxta::data
