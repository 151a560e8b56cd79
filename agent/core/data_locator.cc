#include "agent/core/data_locator.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "common/base/error.h"
#include "common/log/log.h"

namespace juxta::agent {

DataLocator::DataLocator(std::vector<ManagerOfCluster> managers)
    : managers_(std::move(managers)), avoided_until_(managers_.size(), Time{0}) {}

std::vector<DatumLocation> DataLocator::locate(const std::vector<DataId>& ids, unsigned wait_ms) {
    std::vector<DatumLocation> locations;
    std::set<std::string> answered;  // clusters
    const Time deadline = monotonic_now() + wait_ms * kMillisecond;
    for (std::size_t i = 0; i < managers_.size() && !ids.empty(); ++i) {
        const auto& [cluster, source] = managers_[i];
        std::vector<DataId> owned;
        std::ranges::copy_if(ids, std::back_inserter(owned), [&](const DataId& id) {
            return id.birth_tag() == cluster_tag(cluster);
        });
        const Time now = monotonic_now();
        const bool avoided = avoided_until_.with([&](auto& until) { return now < until[i]; });
        if (owned.empty() || avoided || answered.contains(cluster) || now >= deadline) continue;
        try {
            const auto left_ms = static_cast<unsigned>((deadline - now) / kMillisecond) + 1;
            auto found = source->locate(owned, left_ms);
            answered.insert(cluster);
            locations.insert(locations.end(), std::make_move_iterator(found.begin()),
                             std::make_move_iterator(found.end()));
        } catch (const Error& e) {
            avoided_until_.with([&](auto& until) { until[i] = monotonic_now() + kSecond; });
            log::warning(
                "the manager of cluster {} does not say where data are: {}; calls are "
                "placed without knowing",
                cluster, e.what());
        }
    }
    return locations;
}

}  // namespace juxta::agent
