// A platform as its descriptor says it: hosts, clusters with managers and providers, the tree of
// agents and SeDs. Pure values; what was left out is still left out (port 0, empty cluster).
//
// It decides nothing. deploy/platform_xml.h reads and writes it, deploy/platform_check.h judges it,
// deploy/plan.h turns it into processes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace juxta::deploy {

// Where in the descriptor a thing was declared; line 0: not from a file. Never makes two platforms
// differ.
struct Origin {
    std::uint64_t line = 0;
    std::uint64_t column = 0;
    friend bool operator==(const Origin&, const Origin&) { return true; }
};

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr unsigned kDefaultDetectionMs = 1000;
constexpr unsigned kMostManagers = 9;  // of one cluster
constexpr std::uint64_t kCacheProviderBytes = 256 * kMiB;

struct HostSpec {
    std::string name;
    std::string address = "127.0.0.1";
    std::string launcher = "local";
    Origin where;
    friend bool operator==(const HostSpec&, const HostSpec&) = default;
};

struct ManagerSpec {
    std::string name;
    std::string host;
    std::uint16_t port = 0;  // here and below 0: chosen at the first start
    Origin where;
    friend bool operator==(const ManagerSpec&, const ManagerSpec&) = default;
};

struct ProviderSpec {
    std::string name;
    std::string host;
    std::uint16_t port = 0;
    std::uint64_t memory_bytes = kGiB;
    std::uint64_t disk_bytes = 0;
    std::string storage;      // a folder for the disk part
    bool cache_only = false;  // keeps no copies of data, only caches them for SeDs of its host
    Origin where;
    friend bool operator==(const ProviderSpec&, const ProviderSpec&) = default;
};

struct ClusterSpec {
    std::string name;
    unsigned detection_ms = kDefaultDetectionMs;
    std::vector<ManagerSpec> managers;
    std::vector<ProviderSpec> providers;
    Origin where;
    friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;
};

struct SedSpec {
    std::string name;
    std::string host;
    std::string cluster;
    std::uint16_t port = 0;
    unsigned slots = 1;
    std::optional<unsigned> queue;     // calls that may wait; empty: the SeD's own default
    std::vector<std::string> modules;  // names, or absolute paths
    Origin where;
    friend bool operator==(const SedSpec&, const SedSpec&) = default;
};

struct AgentSpec {
    std::string name;
    std::string host;
    std::uint16_t port = 0;
    std::vector<SedSpec> seds;
    std::vector<AgentSpec> agents;
    Origin where;
    friend bool operator==(const AgentSpec&, const AgentSpec&) = default;
};

struct Platform {
    std::string name;
    std::string name_service;  // corbaloc of an omniNames, or empty
    std::string policy = "data_locality";
    unsigned default_copies = 1;
    std::vector<HostSpec> hosts;
    std::vector<ClusterSpec> clusters;
    AgentSpec master;
    Origin where;
    friend bool operator==(const Platform&, const Platform&) = default;
};

// Letters, digits, '_', '.', '-'; 1 to 64 of them; not starting with '.' or '-', no "..". Names
// become file names and command line arguments.
bool is_name(std::string_view text);

// "1GiB", "512 MiB" without the blank, "4096". nullopt for anything else, 0 and what exceeds 63
// bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The largest unit that divides it: "1GiB", "1536MiB", "4097".
std::string print_size(std::uint64_t bytes);

// nullptr where there is none of that name.
const HostSpec* find_host(const Platform& platform, std::string_view name);

// Calls `agent` for each agent of the tree, parents before children; the master agent's parent is
// nullptr. `sed` for each SeD with the agent above.
void walk(const Platform& platform,
          const std::function<void(const AgentSpec&, const AgentSpec* parent)>& agent,
          const std::function<void(const SedSpec&, const AgentSpec& parent)>& sed);

}  // namespace juxta::deploy
