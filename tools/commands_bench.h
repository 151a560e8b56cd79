// The verb bench: {"bench", "rows": [{"case", "value", "unit", "reference", "ratio", "bar",
// "holds"}]}. Every value stands beside its reference, measured in the same run, interleaved;
// `ratio` is the median of the pairs.
#pragma once

#include <functional>
#include <string>

#include "juxta/client.h"

namespace juxta::tools {

struct BenchOptions {
    std::string name;
    bool quick = false;
};

// `connect`: to the platform that is up. Benchmarks that kill have one of their own.
int bench(const std::function<Client()>& connect, const BenchOptions& options, bool json);

}  // namespace juxta::tools
