// The sets of kernels for processors with AVX2 and AVX-512. Empty elsewhere.
#pragma once

#include "data_service/distribution/kernels.h"

namespace juxta::distribution {

// Those that this processor runs, the best last.
std::vector<const Kernels*> x86_kernels();

}  // namespace juxta::distribution
