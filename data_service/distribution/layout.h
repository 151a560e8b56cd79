// How a whole array lies over places: the descriptor of a distribution.
//
// A pure value, of any number of dimensions. The array's dimensions are those of DataType::shape.
// Each has a kind of distribution over one dimension of the grid of places. Places are numbered
// 0 .. place_count() - 1 along the grid, in `grid_order`: row-major means that the last
// coordinate runs fastest, as in BLACS grids of order 'R'.
//
// A place's local piece is a dense array of local_shape() elements, in `local_order`: column-major
// (the first index runs fastest) is ScaLAPACK's, row-major is that of files and plain data. Its
// fastest dimension may be padded: a leading dimension longer than the local one (strides()).
//
// Everything below but check() needs a layout that check() accepts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/model/types.h"
#include "data_service/distribution/kind.h"

namespace juxta::distribution {

constexpr Index kMostPlaces = Index{1} << 20;
constexpr std::size_t kMostDimensions = 16;
constexpr Index kMostElementBytes = 4096;

enum class Order : std::uint8_t { row_major, column_major };

using Indices = std::vector<Index>;  // one for each dimension

struct Layout {
    std::vector<Axis> axes;
    Index element_bytes = 8;
    Order grid_order = Order::row_major;
    Order local_order = Order::column_major;
    // Who each place is, for plans between layouts: equal numbers, the same memory. Empty: place k
    // is k.
    std::vector<std::uint64_t> holders;

    // All at one place, as in a file.
    static Layout whole(const Shape& shape, Index element_bytes, Order order = Order::row_major);

    // invalid_argument, with what is wrong in which dimension: zero or too many dimensions, sizes
    // or places; a source outside the grid; a block of 0; bytes over 2^62; one holder twice.
    void check() const;

    std::size_t dimensions() const { return axes.size(); }
    Indices shape() const;
    Index elements() const;
    Index place_count() const;
    std::uint64_t holder(Index place) const;
    // Whether an element has more than one owner.
    bool replicates() const;

    Indices coordinates(Index place) const;
    Index place_at(std::span<const Index> coordinates) const;

    // Extents of a place's local piece: all may be 0.
    Indices local_shape(Index place) const;
    Index local_elements(Index place) const;
    Index local_bytes(Index place) const { return local_elements(place) * element_bytes; }

    // Elements from one index to the next, per dimension, in a place's piece. `leading`: elements
    // from one column (row) to the next; 0: as many as there are. invalid_argument if that is less
    // than the local ones, or so much that the piece has over 2^62 bytes.
    Indices strides(Index place, Index leading = 0) const;
    // Elements from the first to behind the last one.
    Index span_elements(Index place, std::span<const Index> strides) const;

    // The place that owns an element: the first, in order of places, of those who do.
    Index owner(std::span<const Index> global) const;
    // Where an element is in the piece of a place that owns it.
    Indices local(std::span<const Index> global) const;
    // The element at a local index of a place.
    Indices global(Index place, std::span<const Index> local) const;

    friend bool operator==(const Layout&, const Layout&) = default;
};

// Whether every place of both (they are equally many) has the same elements at the same local
// indices, in the same order and for the same holder, however that is described.
bool same_placement(const Layout& one, const Layout& other);

}  // namespace juxta::distribution
