// The words of the command line for a distribution: --dist, --grid, --src.
//
//   dist   one kind for all dimensions, or one each, separated by commas:
//          *  block  cyclic (= cyclic:1)  cyclic:B  gen:N1/N2/...
//   grid   PxQ[:R|C]: places along each dimension, then how places are numbered: R (default)
//          row-major, C column-major. Dimensions that are '*' may be left out, if all of them are.
//   src    p,q: the coordinate that owns the first block, for each dimension of the grid
//
// Pure. Every refusal is invalid_argument and says which words, and what would be right.
#pragma once

#include <string>
#include <string_view>

#include "common/model/datum.h"
#include "data_service/distribution/layout.h"

namespace juxta::distribution {

using juxta::LayoutText;

// A layout that check() accepts, in ScaLAPACK's local order. `places`: for an empty grid; the
// divided dimensions share them as evenly as they can (as MPI_Dims_create does).
Layout parse_layout(const LayoutText& text, const DataType& type, Index places = 1);

// The shortest words that parse to the same layout, the grid always told. src is empty if it is 0
// everywhere.
LayoutText text_of(const Layout& layout);

// "block,cyclic:2 on 2x3:C from 0,1": for people.
std::string to_string(const Layout& layout);

}  // namespace juxta::distribution
