// `juxta bench persistence`: what a call costs whose operands stay in the platform.
#pragma once

#include <vector>

#include "bench/measure.h"

namespace juxta::bench {

// On a platform of its own: a server beside the provider that has both operands, 1 GiB each, and
// takes the result, 1 GiB, into memory that an earlier one left. The service reads one element of
// each operand and sets one of the result. Beside it the same server's call without data, and,
// smaller, the same service with operands that the client sends along. `quick`: a sixteenth.
//
// A row whose value is bounded by itself has the reference 1.
std::vector<Row> persistence_rows(bool quick);

}  // namespace juxta::bench
