// The verbs of `juxta` that make, end and show platforms: up, deploy, down, validate, start, stop,
// status. They write their result to standard output (one JSON document where asked) and progress
// to standard error. They return the exit code, and throw Error for every failure, which main
// prints and turns into exit code 1.
//
// Threading: main's thread only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/orb/node.h"

namespace juxta::tools {

struct PlatformOutput {
    bool json = false;  // one JSON document on standard output
};

// What the command line left out stays empty: the defaults depend on one another
// (deploy/default_platform.h).
struct UpOptions {
    std::string name = "default";
    std::optional<unsigned> clusters;
    std::optional<unsigned> hosts;
    std::optional<unsigned> managers;  // a cluster
    std::optional<unsigned> providers;
    std::optional<unsigned> seds;
    std::optional<unsigned> copies;
    std::string memory;  // of each provider, e.g. "1GiB"; empty: the default
};

// Writes a descriptor into the state directory and deploys it; of a running platform, starts what
// is down. JSON: as `status`.
int up(const UpOptions& options, orb::Node& node, const PlatformOutput& output);

// Deploys a descriptor. JSON: as `status`.
int deploy(const std::filesystem::path& file, orb::Node& node, const PlatformOutput& output);

// JSON: {"file", "platform", "hosts", "clusters", "elements"} (counts).
int validate(const std::filesystem::path& file, const PlatformOutput& output);

// `platform` in all below is what --platform said: a name, a client configuration's path, or empty
// for the platform of JUXTA_CONFIG, else the one started last.

// JSON: {"platform", "purged"}.
int down(const std::string& platform, bool purge, orb::Node& node, const PlatformOutput& output);

// JSON of both: the element as in `status`.
int start(const std::string& platform, const std::string& element, orb::Node& node,
          const PlatformOutput& output);
int stop(const std::string& platform, const std::string& element, orb::Node& node,
         const PlatformOutput& output);

// Exit code 0 whatever the elements' states.
int status(const std::string& platform, orb::Node& node, const PlatformOutput& output);

}  // namespace juxta::tools
