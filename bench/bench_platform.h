// A platform of the benchmark's own, whose providers it may kill: providers (on h1, h2, ...) and
// managers, each on a host of its own, in a state directory that goes with it.
//
// It works through the command line `juxta` beside the running program, as an administrator would.
//
// Threading: start() and kill() from any thread; the rest from one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace juxta::bench {

struct BenchPlatformSettings {
    unsigned providers = 16;
    unsigned managers = 3;
    unsigned copies = 3;
    unsigned detection_ms = 1000;  // T_d
    std::string memory = "2GiB";   // of each provider
    bool with_sed = false;         // s1, with the testing module, on the first provider's host
};

class BenchPlatform {
public:
    // Deploys. Error internal with what the command said.
    explicit BenchPlatform(const BenchPlatformSettings& settings);
    // Ends all processes and deletes the state directory.
    ~BenchPlatform();
    BenchPlatform(const BenchPlatform&) = delete;
    BenchPlatform& operator=(const BenchPlatform&) = delete;

    // A client configuration; "bench" is a host without a provider.
    std::string configuration(const std::string& host = "bench") const;

    // Of every process that is running for it, SeDs' workers included.
    std::vector<pid_t> processes() const;

    // What all providers have received so far, counted at their sockets.
    std::uint64_t data_bytes_in() const;

    // `juxta start ELEMENT`: same name and port, new incarnation. Empty, or what it said.
    std::string start(const std::string& element) const;

private:
    std::string descriptor() const;
    std::string juxta(const std::vector<std::string>& words, std::string* printed = nullptr) const;

    const BenchPlatformSettings settings_;
    std::filesystem::path folder_;
    mutable std::atomic<unsigned> commands_{0};
};

}  // namespace juxta::bench
