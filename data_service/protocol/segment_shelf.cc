#include "data_service/protocol/segment_shelf.h"

#include "common/base/error.h"

namespace juxta::data {

SegmentShelf::SegmentShelf(Token floor, const std::vector<SegmentId>& kept,
                           std::map<SegmentId, std::uint64_t> held)
    : held_(std::move(held)), floor_(floor), kept_(kept.begin(), kept.end()) {}

bool SegmentShelf::accepts(const SegmentId& segment) const {
    return segment.token >= floor_ || kept_.contains(segment);
}

void SegmentShelf::put(const SegmentId& segment, std::uint64_t bytes) {
    ensure(accepts(segment), "garbage is never taken in again");
    held_[segment] = bytes;
}

std::vector<SegmentId> SegmentShelf::keep(Token floor, const std::vector<SegmentId>& segments) {
    if (floor < floor_) return {};
    std::set<SegmentId> kept{segments.begin(), segments.end()};
    // While the floor stands nothing is committed and versions only go, so the true set is in both.
    if (floor == floor_)
        std::erase_if(kept, [&](const SegmentId& s) { return !kept_.contains(s); });
    floor_ = floor;
    kept_ = std::move(kept);
    std::vector<SegmentId> dropped;
    std::erase_if(held_, [&](const auto& held) {
        if (accepts(held.first)) return false;
        dropped.push_back(held.first);
        return true;
    });
    return dropped;
}

std::vector<SegmentId> SegmentShelf::clear() {
    std::vector<SegmentId> dropped;
    for (const auto& [segment, bytes] : held_) dropped.push_back(segment);
    *this = {};
    return dropped;
}

}  // namespace juxta::data
