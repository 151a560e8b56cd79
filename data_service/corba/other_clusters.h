// How a manager asks those of the platform's other clusters: the port OtherClusters over CORBA.
// Replicas are tried in turn, from the one that answered last.
//
// Threading: any thread. Every call ends within its deadline, for each replica asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/guarded.h"
#include "common/orb/references.h"
#include "data_service/core/cluster_manager.h"
#include "manager.hh"

namespace juxta::data {

class CorbaOtherClusters final : public OtherClusters {
public:
    // `addresses`: cluster -> "host:port" of its manager's replicas; `own` is left out. `node`
    // outlives it.
    CorbaOtherClusters(orb::Node& node, const std::string& own,
                       std::map<std::string, std::vector<std::string>> addresses);

    std::vector<std::string> names() const override;
    std::vector<ProviderContact> providers(const std::string& cluster,
                                           unsigned deadline_ms) override;

private:
    std::map<std::string, std::vector<std::string>> addresses_;
    orb::References<Wire::Manager> references_;
    Guarded<std::map<std::string, std::size_t>> leaders_;  // which answered last
};

}  // namespace juxta::data
