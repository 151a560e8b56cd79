// Where the other providers of the cluster are, as its manager last told.
//
// Threading: any thread. find() may ask the manager, at most a few times a second.
#pragma once

#include <map>
#include <optional>

#include "common/base/guarded.h"
#include "data_service/core/provider_links.h"

namespace juxta::data {

class ContactBook {
public:
    explicit ContactBook(ManagerLink& manager) : manager_(manager) {}

    // The provider of `member`; asks the manager if this incarnation is not known yet. What comes
    // back may be a later incarnation: then `member` is dead. nullopt: not to be found now.
    std::optional<ProviderContact> find(const Member& member);

    // Without asking anybody.
    std::optional<ProviderContact> known(ProviderId provider) const;

private:
    struct State {
        std::map<ProviderId, ProviderContact> contacts;
        Time asked_at = 0;
    };

    ManagerLink& manager_;
    Guarded<State> state_;
};

}  // namespace juxta::data
