// A platform of the benchmark's own, whose providers it may kill: 16 providers, 3 managers, no
// server, each on a host of its own, in a state directory that goes with it.
//
// It works through the command line `juxta` beside the running program, as an administrator would.
//
// Threading: start() and kill() from any thread; the rest from one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

namespace juxta::bench {

struct VolatileSettings {
    unsigned providers = 16;
    unsigned managers = 3;
    unsigned copies = 3;
    unsigned detection_ms = 1000;  // T_d
    std::string memory = "2GiB";
};

class VolatilePlatform {
public:
    // Deploys. Error internal with what the command said.
    explicit VolatilePlatform(const VolatileSettings& settings);
    // Ends all processes and deletes the state directory.
    ~VolatilePlatform();
    VolatilePlatform(const VolatilePlatform&) = delete;
    VolatilePlatform& operator=(const VolatilePlatform&) = delete;

    // A client configuration, of a host without a provider.
    std::string configuration() const { return folder_ / "client.conf"; }

    // `juxta start ELEMENT`: same name and port, new incarnation. Empty, or what it said.
    std::string start(const std::string& element) const;

private:
    std::string descriptor() const;
    std::string juxta(const std::vector<std::string>& words) const;

    const VolatileSettings settings_;
    std::filesystem::path folder_;
    mutable std::atomic<unsigned> commands_{0};
};

}  // namespace juxta::bench
