// The blocks of a datum as one range of bytes: block 0 first, the others after it, in order.
//
// A pure value. Offsets "in the datum" count from the start of block 0, those of a BlockChange and
// of the ledger from the start of their block; segments keep their block's number either way.
#pragma once

#include <span>
#include <vector>

#include "common/model/datum.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

class BlockMap {
public:
    // `bytes`: of the whole datum; = the sum of spec.block_bytes, if there are any.
    BlockMap(const DataSpec& spec, std::uint64_t bytes);

    std::size_t count() const { return starts_.size() - 1; }
    std::uint64_t start(BlockNumber block) const { return starts_[block]; }
    std::uint64_t size(BlockNumber block) const { return starts_[block + 1] - starts_[block]; }

    // Part of one block.
    struct Part {
        BlockNumber block = 0;
        std::uint64_t offset = 0;  // in the datum
        std::uint64_t length = 0;
    };
    // [offset, offset + length) of the datum, cut at the borders of blocks, in order.
    std::vector<Part> cut(std::uint64_t offset, std::uint64_t length) const;

    // A version's extents, with offsets in the datum. Extents that reach out of their block are
    // cut.
    Extents joined(std::span<const Extents> blocks) const;
    // The opposite, for a commit: only blocks that are changed.
    std::vector<BlockChange> divided(const Extents& extents) const;

private:
    std::vector<std::uint64_t> starts_;  // of each block, and the end
};

}  // namespace juxta::data
