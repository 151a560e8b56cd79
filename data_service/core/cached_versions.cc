#include "data_service/core/cached_versions.h"

#include <algorithm>

namespace juxta::data {

void CachedVersions::keep(const DataId& datum, Version version, std::vector<SegmentId> segments) {
    versions_[datum] = {version, {segments.begin(), segments.end()}};
}

std::vector<CachedVersions::Held> CachedVersions::lose(const std::vector<SegmentId>& gone) {
    std::vector<Held> broken;
    for (const SegmentId& segment : gone) {
        const auto found = versions_.find(segment.datum);
        if (found == versions_.end() || !found->second.segments.contains(segment)) continue;
        broken.push_back({segment.datum, found->second.version});
        versions_.erase(found);
    }
    return broken;
}

std::vector<CachedVersions::Held> CachedVersions::some(std::size_t count) {
    std::vector<Held> told;
    count = std::min(count, versions_.size());
    for (auto at = versions_.upper_bound(turn_); told.size() < count; ++at) {
        if (at == versions_.end()) at = versions_.begin();
        told.push_back({at->first, at->second.version});
        turn_ = at->first;
    }
    return told;
}

}  // namespace juxta::data
