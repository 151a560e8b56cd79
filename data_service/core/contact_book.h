// Where other providers are, as the managers of their data last told.
//
// Threading: any thread. find() may ask a manager, at most a few times a second for each member,
// and one question for each cluster at a time: whoever comes meanwhile waits for its answer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/guarded.h"
#include "data_service/core/provider_links.h"

namespace juxta::data {

class ContactBook {
public:
    explicit ContactBook(ManagerLink& manager) : manager_(manager) {}

    // The provider of `member`; asks the manager of `cluster`, which made it a member, if this
    // incarnation is not known yet. What comes back may be a later incarnation: then `member` is
    // dead. nullopt: not to be found now.
    std::optional<ProviderContact> find(const Member& member, const std::string& cluster);

    // Without asking anybody.
    std::optional<ProviderContact> known(ProviderId provider) const;

    std::size_t size() const;

private:
    struct Cluster {
        bool asking = false;
        std::map<Member, Time> asked_for;  // not told of then
        std::set<ProviderId> told;         // by its last answer
    };
    struct State {
        std::map<ProviderId, ProviderContact> contacts;
        std::map<std::string, Cluster> clusters;

        void take(const std::string& cluster, std::vector<ProviderContact> all);
    };

    ManagerLink& manager_;
    Guarded<State> state_;
};

}  // namespace juxta::data
