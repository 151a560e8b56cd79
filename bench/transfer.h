// `juxta bench transfer`: the data path beside memcpy, private memory and a raw TCP stream.
#pragma once

#include <vector>

#include "bench/measure.h"

namespace juxta::bench {

// On a platform of its own with three providers and a server. Payloads of 512 MiB, read and written
// from the host that has them, from another and from one without a provider; 4 GiB for what must
// not depend on size. `quick`: an eighth of both.
//
// A row whose value is bounded by itself has the reference 1.
std::vector<Row> transfer_rows(bool quick);

}  // namespace juxta::bench
