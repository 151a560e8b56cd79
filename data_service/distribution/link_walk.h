// A position in the elements of a link, and what comes next as nested loops over memory.
//
// A machine, for one thread; the Link must outlive it. The order of the elements is the link's: it
// does not depend on the strides, so that a source and a target walk alike.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "data_service/distribution/axis_walk.h"
#include "data_service/distribution/plan.h"

namespace juxta::distribution {

// Elements in a regular arrangement. All numbers but counts are bytes; `source` and `target` count
// from where local index 0 is. The last loop is the innermost.
struct Box {
    static constexpr std::size_t kMostLoops = 12;

    Index source = 0, target = 0;
    Index elements = 0;
    std::array<Loop, kMostLoops> loops;
    std::size_t depth = 0;

    std::span<const Loop> nest() const { return {loops.data(), depth}; }
};

class LinkWalk {
public:
    // Elements of the inner dimension that are walked together where the orders cross.
    static constexpr Index kTile = 64;

    // Strides as Layout::strides of the source and the target place; zeros where a side does not
    // matter.
    LinkWalk(const Link& link, std::span<const Index> source_strides,
             std::span<const Index> target_strides);

    Index position() const { return position_; }  // elements so far
    Index left() const { return link_->elements - position_; }
    void seek(Index element);  // 0 <= element <= elements of the link

    // What comes next: 1 <= elements <= most. Precondition: left() > 0.
    Box box(Index most) const;
    void advance(const Box& box);

private:
    struct Axis {
        AxisWalk walk;
        Index elements;
        Index source_stride, target_stride;  // bytes
    };
    void include(const Axis& axis, const AxisBox& inner, Box& box) const;
    Box tiled_box(Index most) const;
    void seek_tile(Index element);
    void next_tile_row(Index rows);
    // Moves the axis at `level` on; where it ends it begins again, and the one around it moves.
    void carry(std::size_t level, Index elements);

    const Link* link_;
    std::vector<Axis> axes_;  // as nested, the innermost last
    Index position_ = 0;
    // Where the orders cross, the innermost axis stands at the beginning of a tile:
    Index tile_ = 0;     // elements of this tile
    Index in_tile_ = 0;  // elements of it that are behind us, in this row
};

}  // namespace juxta::distribution
