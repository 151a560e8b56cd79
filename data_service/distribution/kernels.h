// The innermost loops of copying, one set for each kind of processor; chosen when the program runs.
//
// Stateless, for any thread. Strides are in bytes and may be anything; sources and targets do not
// overlap, and need no alignment. Every set does the same: the portable one is what the others are
// tested against. Which one pays where: bench/redistribution_kernels.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "data_service/distribution/arithmetic.h"

namespace juxta::distribution {

struct Kernels {
    std::string_view name;

    // `count` runs of `bytes` each, past the caches: for what is not read again soon. Ends with its
    // writes visible to others.
    void (*stream_runs)(std::byte* target, Index target_stride, const std::byte* source,
                        Index source_stride, Index bytes, Index count);
    // `count` elements of 8 bytes, `step` elements apart in the source, next to each other in the
    // target; past the caches if that is wanted.
    void (*gather_8)(std::byte* target, const std::byte* source, Index step, Index count,
                     bool past_caches);
    // Of rows x columns elements: element (i, j) stands at i * source_stride + j * size, and goes
    // to j * target_stride + i * size.
    void (*transpose_8)(std::byte* target, Index target_stride, const std::byte* source,
                        Index source_stride, Index rows, Index columns);
    void (*transpose_4)(std::byte* target, Index target_stride, const std::byte* source,
                        Index source_stride, Index rows, Index columns);
    // `count` numbers, next to each other on both sides.
    void (*widen)(std::byte* target, const std::byte* source, Index count);   // float to double
    void (*narrow)(std::byte* target, const std::byte* source, Index count);  // double to float
};

const Kernels& portable_kernels();
// All that this processor runs, the portable set first.
const std::vector<const Kernels*>& available_kernels();
// The one to use.
const Kernels& best_kernels();

}  // namespace juxta::distribution
