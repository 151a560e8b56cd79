// Copies the elements of a box from one piece of memory to another.
//
// Stateless, for any thread. Loops are joined where both sides allow it and nested so that memory
// is gone through in long runs; where the source is contiguous along one loop and the target along
// another one, in squares.
#pragma once

#include "data_service/distribution/conversion.h"
#include "data_service/distribution/kernels.h"
#include "data_service/distribution/link_walk.h"

namespace juxta::distribution {

struct CopyWay {
    const Kernels* kernels = &best_kernels();
    Conversion conversion = {};
    Index source_bytes = 0, target_bytes = 0;  // of an element
    // Long runs past the caches: worth it for pieces that are larger than they are.
    bool streaming = false;
};

// Every element of `box` from source + box.source + ... to target + box.target + ... . The two
// must not overlap.
void copy_box(const Box& box, const std::byte* source, std::byte* target, const CopyWay& way);

// The same elements as they stand packed one behind the other, in the order of the box's loops: the
// strides of one side are replaced, its offset is 0.
Box packed_target(const Box& box, Index element_bytes);
Box packed_source(const Box& box, Index element_bytes);

}  // namespace juxta::distribution
