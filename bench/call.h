// `juxta bench call`: what a call costs beside raw round trips of the same run.
#pragma once

#include <vector>

#include "bench/measure.h"
#include "juxta/client.h"

namespace juxta::bench {

// A scalar in and a scalar out (testing/echo), scheduled through the agents, run in a worker
// process: beside a raw TCP round trip, beside a raw call of the same ORB, and by 8 threads at
// once. Error not_found if the platform does not offer it.
//
// A reference is two processes, which the kernel keeps on one core; a call passes five. On an idle
// machine with several cores most of a call's time is the waking of another core at each step:
// with platform and benchmark on one core (taskset -c 0) the ratios show what the path itself
// costs.
std::vector<Row> call_rows(const Client& client, bool quick);

}  // namespace juxta::bench
