// The bytes of a link, in order: made from a source piece, taken into a target piece, or copied
// from the one to the other; in chunks of any size, from any position on.
//
// A machine, for one thread; the Link must outlive it. It keeps a few kilobytes beside the chunks
// that its user brings. A chunk may end inside a run and inside an element. Both ends, and any two
// streams of equal links, agree on every byte, so that a transfer that broke off goes on where
// it was: seek().
//
// Memory is named by where local index 0 is and by strides in elements (Layout::strides). The
// caller sees to it that it is there: Layout::span_elements() elements from there on.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "data_service/distribution/copy_box.h"

namespace juxta::distribution {

class LinkStream {
public:
    // Strides of one side may be empty if only the other one is used.
    LinkStream(const Link& link, std::span<const Index> source_strides,
               std::span<const Index> target_strides, const Kernels& kernels = best_kernels());

    // Past the caches, for targets that are larger than they are.
    void stream_past_caches(bool wanted) { way_.streaming = wanted; }

    Index bytes() const { return link_->bytes(); }
    Index position() const { return position_; }  // bytes that are behind
    Index left() const { return bytes() - position_; }
    // 0 <= position <= bytes(). invalid_argument for a position inside an element that unpack()
    // would have to convert.
    void seek(Index position);

    // Fills `into` as far as there is something left; returns how many bytes that were.
    std::size_t pack(const std::byte* source, std::span<std::byte> into);
    // Takes the next bytes: all of `from`. invalid_argument if those are more than are left;
    // nothing was taken then.
    void unpack(std::span<const std::byte> from, std::byte* target);
    // Copies elements of at most so many bytes (at least one), from an element's beginning on;
    // returns how many bytes. The pieces must not overlap.
    Index copy(const std::byte* source, std::byte* target, Index most_bytes);

private:
    Index in_element() const { return position_ % wire_bytes_; }
    CopyWay packing() const;
    CopyWay unpacking() const;
    std::size_t pack_part(const std::byte* source, std::span<std::byte> into);
    std::size_t unpack_part(std::span<const std::byte> from, std::byte* target);
    void element_done(const Box& box);

    const Link* link_;
    LinkWalk walk_;
    CopyWay way_;
    Index wire_bytes_;
    Index position_ = 0;
    std::vector<std::byte> element_;  // one that is cut
};

}  // namespace juxta::distribution
