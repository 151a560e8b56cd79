#include "data_service/client/block_map.h"

#include <algorithm>

namespace juxta::data {

BlockMap::BlockMap(const DataSpec& spec, std::uint64_t bytes) : starts_{0} {
    for (const std::uint64_t size : spec.block_bytes) starts_.push_back(starts_.back() + size);
    if (spec.block_bytes.empty()) starts_.push_back(bytes);
}

std::vector<BlockMap::Part> BlockMap::cut(std::uint64_t offset, std::uint64_t length) const {
    std::vector<Part> parts;
    const std::uint64_t end = offset + length;
    const auto after = std::ranges::upper_bound(starts_, offset);
    auto block = static_cast<BlockNumber>(after - starts_.begin() - 1);
    while (offset < end && block < count()) {
        const std::uint64_t last = std::min(end, starts_[block + 1]);
        if (last > offset) parts.push_back({block, offset, last - offset});
        offset = last;
        ++block;
    }
    return parts;
}

Extents BlockMap::joined(std::span<const Extents> blocks) const {
    Extents all;
    for (std::size_t block = 0; block < std::min(blocks.size(), count()); ++block) {
        const auto number = static_cast<BlockNumber>(block);
        for (Extent extent : blocks[block]) {
            if (extent.offset >= size(number)) continue;
            extent.length = std::min(extent.length, size(number) - extent.offset);
            extent.offset += start(number);
            all.push_back(extent);
        }
    }
    return all;
}

std::vector<BlockChange> BlockMap::divided(const Extents& extents) const {
    std::vector<BlockChange> changes;
    for (Extent extent : extents) {
        if (changes.empty() || changes.back().block != extent.segment.block) {
            changes.push_back({extent.segment.block, {}});
        }
        extent.offset -= start(extent.segment.block);
        changes.back().extents.push_back(extent);
    }
    return changes;
}

}  // namespace juxta::data
