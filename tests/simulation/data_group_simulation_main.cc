// data_group_simulation [SEEDS [FIRST_SEED [WEAKENING]]]: plays histories of the data group
// protocol and prints the seeds that fail. With a weakening it stops at the first seed that
// catches it, and fails if none does.
#include <cstdio>
#include <cstdlib>

#include "tests/simulation/world.h"

namespace {

using namespace juxta::data::simulation;

int usage() {
    std::fprintf(stderr,
                 "usage: data_group_simulation [SEEDS [FIRST_SEED [WEAKENING]]]; weakenings:");
    for (const auto& [weakening, name] : kWeakenings) std::fprintf(stderr, " %s", name.data());
    std::fprintf(stderr, "\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const auto seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100;
    const auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const auto weakening = parse_weakening(argc > 3 ? argv[3] : "none");
    if (seeds == 0 || !weakening) return usage();
    const bool weakened = *weakening != Weakening::none;

    Figures total;
    std::uint64_t failures = 0, played = 0;
    for (auto seed = first; seed < first + seeds; ++seed) {
        World world(seed, *weakening);
        const std::string failure = world.play();
        total.add(world.figures());
        played += 1;
        if (failure.empty()) continue;
        failures += 1;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
        std::fflush(stdout);
        if (weakened) break;
    }
    std::printf("seeds %llu, failing %llu; %s\n", static_cast<unsigned long long>(played),
                static_cast<unsigned long long>(failures), total.text().c_str());
    return (failures > 0) == weakened ? 0 : 1;
}
