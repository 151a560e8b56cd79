// The managers of all clusters, as a provider reaches them: its own cluster's for itself, the
// owner's (by the cluster tag of the id) for a datum. Replicas are tried in turn.
//
// Threading: any thread. Every call ends within a deadline.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/guarded.h"
#include "common/orb/node.h"
#include "data_service/core/provider_links.h"
#include "manager.hh"

namespace juxta::data {

class CorbaManagerLink final : public ManagerLink {
public:
    // `addresses`: cluster -> "host:port" of its replicas; `own` must be among them. Throws Error
    // invalid_argument if it is not. `node` must outlive it.
    CorbaManagerLink(orb::Node& node, std::string own,
                     const std::map<std::string, std::vector<std::string>>& addresses);

    Durations register_provider(const ProviderContact& self, std::uint64_t capacity_bytes,
                                std::uint64_t used_bytes) override;
    BeatReply beat(const BeatReport& report) override;
    bool activated(const Member& self, const Activated& message) override;
    void full(const Member& self, const Full& message) override;
    std::vector<View> views_of(const DataId& datum) override;
    void suspect(const Member& who) override;
    void cached(const ProviderContact& self, const DataId& datum, Version version,
                bool held) override;
    std::vector<ProviderContact> providers() override;
    void drain(const std::string& provider_name, bool leaving) override;

private:
    struct Replicas {
        std::vector<Wire::Manager_var> all;
        std::size_t leader = 0;  // who answered last
    };

    const std::string& owner_of(const DataId& datum) const;
    // `call(manager)` at a replica that answers for the cluster.
    template <class Call>
    auto at(const std::string& cluster, Call&& call);

    const std::string own_;
    std::map<std::uint16_t, std::string> clusters_by_tag_;
    Guarded<std::map<std::string, Replicas>> clusters_;
};

}  // namespace juxta::data
