// The managers of all clusters, as a provider reaches them. Of a cluster's replicas the one that
// leads answers: it is followed by what the others say of it, else they are tried in turn, each
// for a short time only, until the call's own deadline.
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

    std::string owner_of(const DataId& datum) const override;
    Durations register_provider(const std::string& cluster, const ProviderContact& self,
                                const ProviderRoom& room) override;
    void offer_disks(const std::string& cluster, const Member& self,
                     const std::vector<DiskOffer>& offers) override;
    void hold_volatile(const std::string& cluster, const Member& self,
                       const std::vector<VolatileDatum>& held) override;
    BeatReply beat(const std::string& cluster, const BeatReport& report) override;
    std::vector<Activated> record(const std::string& cluster, const Member& self,
                                  const std::vector<Activated>& activated,
                                  const std::vector<Full>& full) override;
    std::vector<View> views_of(const DataId& datum) override;
    void suspect(const std::string& cluster, const Member& who) override;
    void cached(const ProviderContact& self, const DataId& datum, Version version,
                bool held) override;
    std::vector<ProviderContact> providers(const std::string& cluster) override;
    void drain(const std::string& cluster, const std::string& provider_name, bool leaving) override;

private:
    struct Replica {
        std::string address;
        Wire::Manager_var manager;
    };
    struct Cluster {
        std::vector<Replica> replicas;
        std::size_t leader = 0;  // who answered last
    };
    // How long one replica, and all of them together, may take.
    struct Patience {
        unsigned each_ms;
        unsigned total_ms;
    };
    static constexpr Patience kBeat{400, 1000};
    static constexpr Patience kCall{1000, 3000};

    // `call(manager)` at the replica that leads the cluster.
    template <class Call>
    auto at(const std::string& cluster, const Patience& patience, Call&& call);

    const std::string own_;
    std::map<std::uint16_t, std::string> clusters_by_tag_;
    Guarded<std::map<std::string, Cluster>> clusters_;
};

}  // namespace juxta::data
