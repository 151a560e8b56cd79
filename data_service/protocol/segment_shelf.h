// Which segments one copy of a block answers for, and which it may still take in: the member's
// half of garbage collection (docs/protocol.md, section 12).
//
// It knows ids and sizes; the bytes are in the component's store. Threading: none of its own.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "data_service/protocol/types.h"

namespace juxta::data {

class SegmentShelf {
public:
    SegmentShelf() = default;
    // As it was: `floor` and `kept` may be older than what has been dropped since.
    SegmentShelf(Token floor, const std::vector<SegmentId>& kept,
                 std::map<SegmentId, std::uint64_t> held);

    bool has(const SegmentId& segment) const { return held_.contains(segment); }

    // G3: false for what is below the floor and in no version: garbage for ever.
    bool accepts(const SegmentId& segment) const;

    // Requires accepts(segment).
    void put(const SegmentId& segment, std::uint64_t bytes);

    // Raises the floor and drops what became garbage; returns what it dropped. A lower floor than
    // the present one is an old message: ignored. The same floor can only take away.
    std::vector<SegmentId> keep(Token floor, const std::vector<SegmentId>& segments);

    // Drops everything, the floor as well; returns what was there.
    std::vector<SegmentId> clear();

    Token floor() const { return floor_; }
    std::vector<SegmentId> kept() const { return {kept_.begin(), kept_.end()}; }

    // With sizes in bytes.
    const std::map<SegmentId, std::uint64_t>& held() const { return held_; }

private:
    std::map<SegmentId, std::uint64_t> held_;
    Token floor_ = 0;
    std::set<SegmentId> kept_;  // good although below the floor: segments of versions
};

}  // namespace juxta::data
