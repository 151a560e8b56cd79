#include "data_service/distribution/link_walk.h"

#include <algorithm>

namespace juxta::distribution {

LinkWalk::LinkWalk(const Link& link, std::span<const Index> source_strides,
                   std::span<const Index> target_strides)
    : link_(&link) {
    for (const std::size_t i : link.nesting) {
        axes_.push_back({AxisWalk(link.axes[i]), link.axes[i].elements(),
                         source_strides[link.order[i]] * link.source_bytes,
                         target_strides[i] * link.target_bytes});
    }
    if (link.elements > 0) seek(0);
}

void LinkWalk::seek(Index element) {
    position_ = element;
    if (left() == 0) return;
    const std::size_t inner = link_->crossed ? 2 : 0;  // axes that are walked in tiles
    Index below = 1;
    for (std::size_t i = axes_.size() - inner; i < axes_.size(); ++i) below *= axes_[i].elements;
    Index rest = element / below;
    for (std::size_t i = axes_.size() - inner; i-- > 0;) {
        axes_[i].walk.seek(rest % axes_[i].elements);
        rest /= axes_[i].elements;
    }
    if (link_->crossed) seek_tile(element % below);
}

void LinkWalk::seek_tile(Index element) {
    Axis& rows = axes_[axes_.size() - 2];
    Axis& columns = axes_.back();
    // A tile of w columns has w elements of each row, and the tiles before it all of theirs.
    const Index first = columns.walk.seek_box(element / rows.elements, kTile);
    tile_ = columns.walk.box(kTile).elements;
    element -= first * rows.elements;
    rows.walk.seek(element / tile_);
    in_tile_ = element % tile_;
}

void LinkWalk::include(const Axis& axis, const AxisBox& inner, Box& box) const {
    // Outer loops come first.
    for (std::size_t i = box.depth; i-- > 0;) box.loops[i + inner.depth] = box.loops[i];
    for (std::size_t i = 0; i < inner.depth; ++i) {
        const Loop& loop = inner.loops[i];
        box.loops[i] = {loop.count, loop.source_stride * axis.source_stride,
                        loop.target_stride * axis.target_stride};
    }
    box.depth += inner.depth;
    box.source += inner.source * axis.source_stride;
    box.target += inner.target * axis.target_stride;
    box.elements = std::max<Index>(box.elements, 1) * inner.elements;
}

Box LinkWalk::box(Index most) const {
    if (link_->crossed) return tiled_box(most);
    Box box;
    std::size_t level = axes_.size();
    bool whole = true;  // so far: all of the axes further inside
    while (level-- > 0) {
        const Axis& axis = axes_[level];
        const Index fit = most / std::max<Index>(box.elements, 1);
        const bool more = whole && fit > 0 && box.depth + 3 <= Box::kMostLoops;
        const AxisBox inner = axis.walk.box(more ? fit : 1);
        include(axis, inner, box);
        whole = more && inner.elements == axis.elements;
    }
    return box;
}

Box LinkWalk::tiled_box(Index most) const {
    const Axis& rows = axes_[axes_.size() - 2];
    const Axis& columns = axes_.back();
    Box box;
    if (in_tile_ == 0 && most >= tile_) {
        include(columns, columns.walk.box(tile_), box);
        include(rows, rows.walk.box(most / tile_), box);
    } else {
        include(columns, columns.walk.box(std::min(most, tile_ - in_tile_), in_tile_), box);
        include(rows, rows.walk.box(1), box);
    }
    for (std::size_t i = axes_.size() - 2; i-- > 0;) include(axes_[i], axes_[i].walk.box(1), box);
    return box;
}

void LinkWalk::carry(std::size_t level, Index elements) {
    for (;;) {
        axes_[level].walk.advance(elements);
        if (!axes_[level].walk.done()) return;
        axes_[level].walk.seek(0);
        if (level-- == 0) return;
        elements = 1;
    }
}

void LinkWalk::next_tile_row(Index rows) {
    Axis& row = axes_[axes_.size() - 2];
    Axis& columns = axes_.back();
    in_tile_ = 0;
    row.walk.advance(rows);
    if (!row.walk.done()) return;
    row.walk.seek(0);
    columns.walk.advance(tile_);
    if (columns.walk.done()) {
        columns.walk.seek(0);
        if (axes_.size() > 2) carry(axes_.size() - 3, 1);
    }
    tile_ = columns.walk.box(kTile).elements;
}

void LinkWalk::advance(const Box& box) {
    position_ += box.elements;
    if (left() == 0) return;
    if (link_->crossed) {
        in_tile_ += box.elements;
        // One row's part, or whole rows.
        if (in_tile_ >= tile_) next_tile_row(in_tile_ / tile_);
        return;
    }
    Index elements = box.elements;
    std::size_t level = axes_.size() - 1;
    while (level > 0 && elements > axes_[level].elements) elements /= axes_[level--].elements;
    carry(level, elements);
}

}  // namespace juxta::distribution
