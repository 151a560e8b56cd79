// ScaLAPACK's array descriptors, DESC_(9), for dense block-cyclic matrices (DTYPE_ = 1), in and
// out.
//
// Pure. A descriptor is of one process: LLD_, its local leading dimension, may differ from place to
// place. The grid (NPROW, NPCOL and the order of its processes) belongs to BLACS, not to the
// descriptor, so it is given beside it. Numbers are 64-bit here; narrow() makes the INTEGERs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "data_service/distribution/layout.h"

namespace juxta::distribution {

struct Descriptor {
    static constexpr Index kDense = 1;

    Index dtype = kDense;
    Index context = 0;  // a BLACS handle, of its own process only; carried, not read
    Index rows = 0, columns = 0;
    Index row_block = 1, column_block = 1;
    Index row_source = 0, column_source = 0;
    Index leading = 1;

    // DTYPE_, CTXT_, M_, N_, MB_, NB_, RSRC_, CSRC_, LLD_.
    static Descriptor from(std::span<const std::int32_t, 9> numbers);
    // As the INTEGERs of ScaLAPACK. invalid_argument if one does not fit.
    std::array<std::int32_t, 9> narrow() const;

    friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct ProcessGrid {
    Index rows = 1, columns = 1;
    Order order = Order::row_major;
};

// invalid_argument, with the name of the entry, for what ScaLAPACK's CHK1MAT refuses too: another
// DTYPE_, negative sizes, blocks below 1, sources outside the grid.
Layout layout_of(const Descriptor& descriptor, const ProcessGrid& grid, Index element_bytes);

// invalid_argument if LLD_ is less than max(1, local rows of `place`).
void check_leading(const Descriptor& descriptor, const Layout& layout, Index place);

// Of a matrix, or of a vector as one column. `leading` 0: the least. invalid_argument if ScaLAPACK
// has no descriptor for the layout (given block lengths, replication, more than 2 dimensions,
// row-major pieces), or `leading` is too short.
Descriptor descriptor_of(const Layout& layout, Index place, Index leading = 0, Index context = 0);

}  // namespace juxta::distribution
