#include "data_service/client/managers.h"

#include <algorithm>
#include <thread>

namespace juxta::data {

bool Patience::pause() {
    const auto left = deadline_ - Clock::now();
    if (left <= Clock::duration::zero()) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(next_, left));
    next_ = std::min(next_ * 2, std::chrono::milliseconds(50));
    return true;
}

unsigned Patience::attempt_ms(unsigned most) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    return static_cast<unsigned>(std::clamp<long long>(left, 1, most));
}

Managers::Managers(orb::Node& node, ClusterManagers managers, const std::string& own_cluster)
    : addresses_(std::move(managers.addresses)), references_(node, "Manager") {
    for (const auto& [cluster, addresses] : addresses_) {
        const auto [other, added] = by_tag_.emplace(cluster_tag(cluster), cluster);
        if (!added) {
            throw Error(ErrorCode::invalid_argument, "the clusters " + other->second + " and " +
                                                         cluster +
                                                         " have one tag; rename one of them");
        }
        if (addresses.empty()) {
            throw Error(ErrorCode::invalid_argument, "cluster " + cluster + " has no manager");
        }
        clusters_.insert(cluster == own_cluster ? clusters_.begin() : clusters_.end(), cluster);
    }
}

const std::string& Managers::owner_of(const DataId& id) const {
    const auto found = by_tag_.find(id.birth_tag());
    if (found != by_tag_.end()) return found->second;
    std::string known;
    for (const std::string& cluster : clusters_) known += (known.empty() ? "" : ", ") + cluster;
    throw Error(ErrorCode::not_found, "there is no datum " + to_string(id) +
                                          " in this platform (clusters: " + known + ")");
}

const std::vector<std::string>& Managers::addresses_of(const std::string& cluster) const {
    const auto found = addresses_.find(cluster);
    if (found == addresses_.end()) {
        throw Error(ErrorCode::invalid_argument, "this platform has no cluster '" + cluster + "'");
    }
    return found->second;
}

std::string Managers::leader_of(const std::string& cluster) const {
    return leaders_.with([&](const auto& leaders) {
        const auto found = leaders.find(cluster);
        return found == leaders.end() ? std::string() : found->second;
    });
}

void Managers::leads(const std::string& cluster, const std::string& address) {
    leaders_.with([&](auto& leaders) { leaders[cluster] = address; });
}

Error Managers::unreachable(const std::string& cluster, const Error& last) const {
    std::string where;
    for (const std::string& address : addresses_of(cluster)) {
        where += (where.empty() ? "" : ", ") + address;
    }
    const bool several = addresses_of(cluster).size() > 1;
    return {ErrorCode::unavailable,
            (several ? "no leader of the managers of cluster " : "the manager of cluster ") +
                cluster + " (" + where + (several ? ") answers: " : ") does not answer: ") +
                last.what() + "; the cluster's data are kept, 'juxta start' starts " +
                (several ? "managers that are down (a majority decides)" : "it again")};
}

}  // namespace juxta::data
