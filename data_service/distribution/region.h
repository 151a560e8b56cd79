// Parts of an array, and what of a part a place owns.
//
// Pure. Along each dimension a Slice takes `count` blocks of `block` neighbouring indices, `stride`
// apart, from `start` on (the hyperslabs of HDF5). The elements of a region are counted 0, 1, ...
// along each dimension in that order: this count is what plans match between two regions.
#pragma once

#include <span>
#include <vector>

#include "data_service/distribution/comb.h"

namespace juxta::distribution {

struct Slice {
    Index start = 0;
    Index count = 0;
    Index stride = 1;
    Index block = 1;

    Index elements() const { return count * block; }
    friend bool operator==(const Slice&, const Slice&) = default;
};

using Region = std::vector<Slice>;  // one for each dimension

Region whole_region(std::span<const Index> shape);

// invalid_argument, naming the dimension: a slice that is not inside the array, blocks of 0 or
// longer than the stride. `which`: "source" or "target", for the text.
void check_region(const Region& region, std::span<const Index> shape, const char* which);

// What the slice takes of `pattern` (an ascending one of a Kind), counted as the slice counts. A
// stride makes one comb of every different cut of a tooth: invalid_argument if they are over
// kMostCombs (strides of thousands through block-cyclic dimensions of as long a period).
constexpr std::size_t kMostCombs = 4096;
Pattern section(const Pattern& pattern, const Slice& slice);

}  // namespace juxta::distribution
