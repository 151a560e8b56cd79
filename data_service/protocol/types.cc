#include "data_service/protocol/types.h"

#include <algorithm>
#include <limits>

namespace juxta::data {
namespace {

// Clipped to the largest offset there is: sizes come from clients.
std::uint64_t end_of(const Extent& extent) {
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - extent.offset;
    return extent.offset + std::min(extent.length, room);
}

// The part of `extent` inside [from, to), which must not be empty.
Extent part(const Extent& extent, std::uint64_t from, std::uint64_t to) {
    return {from, to - from, extent.segment, extent.segment_offset + (from - extent.offset)};
}

bool continues(const Extent& first, const Extent& next) {
    return first.segment == next.segment && first.offset + first.length == next.offset &&
           first.segment_offset + first.length == next.segment_offset;
}

Extents lay(const Extents& base, const Extent& change) {
    const std::uint64_t begin = change.offset;
    const std::uint64_t end = end_of(change);
    if (begin == end) return base;
    Extents result;
    result.reserve(base.size() + 2);
    for (const Extent& old : base) {
        if (old.offset < begin)
            result.push_back(part(old, old.offset, std::min(end_of(old), begin)));
    }
    result.push_back(part(change, begin, end));
    for (const Extent& old : base) {
        if (end_of(old) > end) result.push_back(part(old, std::max(old.offset, end), end_of(old)));
    }
    return result;
}

}  // namespace

bool View::has(const Member& member) const {
    return std::ranges::find(members, member) != members.end();
}

bool View::is_dead(const Member& member) const {
    return std::ranges::any_of(dead, [&](const Member& gone) {
        return gone.provider == member.provider && gone.incarnation >= member.incarnation;
    });
}

std::optional<Member> View::primary() const {
    if (members.empty()) return std::nullopt;
    return members.front();
}

Extents overlay(const Extents& base, const Extents& changes) {
    Extents laid = base;
    for (const Extent& change : changes) laid = lay(laid, change);
    Extents joined;
    for (const Extent& extent : laid) {
        if (!joined.empty() && continues(joined.back(), extent)) {
            joined.back().length += extent.length;
        } else {
            joined.push_back(extent);
        }
    }
    return joined;
}

std::vector<SegmentId> segments_of(const Extents& extents) {
    std::vector<SegmentId> segments;
    segments.reserve(extents.size());
    for (const Extent& extent : extents) segments.push_back(extent.segment);
    std::ranges::sort(segments);
    segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
    return segments;
}

}  // namespace juxta::data
