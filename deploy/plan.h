// From a platform to processes: which program runs where, with which arguments.
//
// Pure: ports and paths come in. Every element gets the managers of all clusters; the order of the
// elements means nothing, every process waits for its peers by itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/model/element.h"
#include "deploy/platform.h"

namespace juxta::deploy {

// One process of a platform.
struct Element {
    ElementKind kind = ElementKind::sed;
    std::string name;
    std::string parent;   // the agent above, or empty
    std::string cluster;  // empty for agents
    std::string host;
    std::string address;
    std::uint16_t port = 0;
    std::vector<std::string> argv;  // argv[0]: the program's path

    std::string endpoint() const { return address + ':' + std::to_string(port); }
    friend bool operator==(const Element&, const Element&) = default;
};

// Where an element listens; port 0: to be chosen.
struct Listening {
    std::string element;
    std::string address;
    std::uint16_t port = 0;
};
std::vector<Listening> listening_of(const Platform& platform);

using Ports = std::map<std::string, std::uint16_t>;  // by element name

struct PlanPaths {
    std::filesystem::path programs;  // the folder of juxta-agent and the others
    std::filesystem::path platform;  // .../platforms/NAME
    std::filesystem::path sockets;   // the folder of the providers' sockets
};

// The longest path a Unix socket is given; the system's limit is 107 bytes.
constexpr std::size_t kLongestSocketPath = 100;

// For the sockets of a platform whose own folder has too long a path: depends on both.
std::filesystem::path short_socket_folder(const std::filesystem::path& platform_folder,
                                          unsigned user);

// PLATFORM_FOLDER/run, or short_socket_folder() where a socket's path would be too long.
std::filesystem::path socket_folder(const Platform& platform,
                                    const std::filesystem::path& platform_folder, unsigned user);

// Where a provider with a `storage` of its own keeps its durable data, below it, so that several
// may share one; empty for one without.
std::filesystem::path storage_of(const Platform& platform, const ProviderSpec& provider);

// `ports` has a port for every element of listening_of().
std::vector<Element> plan(const Platform& platform, const Ports& ports, const PlanPaths& paths);

}  // namespace juxta::deploy
