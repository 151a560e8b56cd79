// The platform that `juxta up` makes from a few numbers.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/platform.h"

namespace juxta::deploy {

struct PlatformSize {
    std::optional<unsigned> clusters;           // 1
    std::optional<unsigned> hosts;              // as many as providers
    std::optional<unsigned> managers;           // 3 a cluster
    std::optional<unsigned> providers;          // 3, at least one a cluster; dealt out in turn
    std::optional<unsigned> seds;               // 2, at least one a cluster; dealt out in turn
    std::optional<unsigned> copies;             // 1
    std::optional<std::uint64_t> memory_bytes;  // 1 GiB, of each provider
};

// Hosts h1.., clusters c1.., managers m1.. (the first cluster's first), providers p1.. (each with
// as much disk as memory), agents MA and LA1.. (one a cluster), SeDs s1.. with the modules linalg
// and testing. Throws Error invalid_argument for numbers that make no platform.
Platform default_platform(const std::string& name, const PlatformSize& size);

}  // namespace juxta::deploy
