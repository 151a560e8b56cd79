// What a schema cannot say about a platform.
//
// It judges: names, launchers, addresses, ports declared twice, cluster tags that collide, the
// cluster of each SeD, the number of managers. It completes: the cluster of a SeD that left it out,
// and a cache provider for every host that has a SeD and no provider of the SeD's cluster. It does
// not look at the machine: whether a port is free shows when deploying.
//
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "deploy/platform.h"

namespace juxta::deploy {

// "FILE:LINE:COLUMN: text", or the text alone for what did not come from a file.
Error complaint(const std::string& file, const Origin& where, const std::string& text);

// Throws Error invalid_argument for the first thing that is wrong. Fills in the clusters of SeDs.
void check(Platform& platform, const std::string& file);

// What is accepted, but will not do all that it says yet; one line each.
std::vector<std::string> warnings(const Platform& platform, const std::string& file);

// Cache providers that `platform` needs beyond those declared, each with its cluster's name.
struct CacheProvider {
    std::string cluster;
    ProviderSpec provider;
};
std::vector<CacheProvider> cache_providers(const Platform& platform);

}  // namespace juxta::deploy
