// `juxta bench volatility`: what providers that die cost a client that writes (RR-4924, 4.2).
#pragma once

#include <vector>

#include "bench/measure.h"

namespace juxta::bench {

// On a platform of its own: 16 providers, 3 managers, 3 copies, T_d 1 s. A client loops
// lock-put-unlock on a block of 64 KiB while providers that hold a copy are killed and start again
// after 3 s: what that costs, how long one stall is, and whether it follows R / delta, R from runs
// of its own. Beside it, lock-put-unlock of 1 KiB without any kill and the raw round trip.
//
// A row whose value is bounded by itself has the reference 1.
std::vector<Row> volatility_rows(bool quick);

}  // namespace juxta::bench
