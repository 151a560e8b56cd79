// How a datum's bytes lie over its blocks: the bridge from a datum's description to its layout.
//
// Pure. A datum with a layout has one block a place: the place's tight local piece in ScaLAPACK's
// order, so that a process that runs at the place maps it as it is. The bytes of the datum are
// those of its blocks one after the other ("stored"); the bytes of its array are row-major.
#pragma once

#include <optional>

#include "common/model/datum.h"
#include "data_service/distribution/layout.h"

namespace juxta::distribution {

// nullopt: the stored bytes are those of the array. invalid_argument if the words are none, or if
// places have the same elements (replicas are the business of copies).
std::optional<Layout> stored_layout(const DataSpec& spec);

// Also of data without a layout: a vector in blocks is a distribution with given lengths (or
// block), all else lies at one place, row-major.
Layout layout_as_stored(const DataSpec& spec);

// Of each place, in order.
std::vector<std::uint64_t> piece_bytes(const Layout& layout);

// Fills in layout (all words told) and block_bytes for these words. `places`: for an empty grid.
// Where the pieces one after the other are the array, no layout is kept: the blocks say it all.
void distribute(DataSpec& spec, const LayoutText& words, Index places);

// Why the blocks of a datum do not fit its layout; empty if they do. For who allocates for others.
std::string layout_objection(const DataSpec& spec);

}  // namespace juxta::distribution
