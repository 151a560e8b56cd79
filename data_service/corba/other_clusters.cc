#include "data_service/corba/other_clusters.h"

#include <optional>

#include "common/base/error.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {

CorbaOtherClusters::CorbaOtherClusters(orb::Node& node, const std::string& own,
                                       std::map<std::string, std::vector<std::string>> addresses)
    : addresses_(std::move(addresses)), references_(node, "Manager") {
    addresses_.erase(own);
}

std::vector<std::string> CorbaOtherClusters::names() const {
    std::vector<std::string> names;
    for (const auto& [cluster, replicas] : addresses_) names.push_back(cluster);
    return names;
}

std::vector<ProviderContact> CorbaOtherClusters::providers(const std::string& cluster,
                                                           unsigned deadline_ms) {
    const auto found = addresses_.find(cluster);
    if (found == addresses_.end()) {
        throw Error(ErrorCode::invalid_argument, "this platform has no cluster '" + cluster + "'");
    }
    const std::vector<std::string>& replicas = found->second;
    const std::size_t first = leaders_.with([&](auto& leaders) { return leaders[cluster]; });
    std::optional<Error> failure;
    for (std::size_t tried = 0; tried < replicas.size(); ++tried) {
        const std::size_t which = (first + tried) % replicas.size();
        try {
            const Wire::Manager_var manager = references_.at(replicas[which]);
            orb::Deadline deadline(deadline_ms);
            const Wire::ProviderContacts_var all = orb::ask([&] { return manager->providers(); });
            leaders_.with([&](auto& leaders) { leaders[cluster] = which; });
            auto contacts = orb::collect(
                all.in(), [](const Wire::ProviderContact& contact) { return from_wire(contact); });
            // Guests of that cluster are no providers of it.
            std::erase_if(contacts, [&](const ProviderContact& contact) {
                return contact.place.cluster != cluster;
            });
            return contacts;
        } catch (const Error& e) {
            failure = e;
        }
    }
    throw Error(ErrorCode::peer_unreachable,
                "no manager of cluster " + cluster + " answers" +
                    (failure ? std::string(": ") + failure->what() : std::string()));
}

}  // namespace juxta::data
