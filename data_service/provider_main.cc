// juxta-provider: lends memory to the data service.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/incarnation.h"
#include "common/log/log.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"
#include "data_service/corba/manager_links.h"
#include "data_service/corba/peer_links.h"
#include "data_service/corba/provider_servant.h"
#include "data_service/core/provider.h"
#include "data_service/store/segment_socket.h"

namespace {

using namespace juxta;

struct Options {
    std::string platform = "default";
    std::string name;
    std::string host;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::filesystem::path state_dir;
    std::string name_service;
    std::string cluster;
    std::vector<std::string> managers;
    std::uint64_t memory_bytes = 0;
    std::string socket_path;
    bool cache_only = false;
};

// "CLUSTER=HOST:PORT", any number of them.
std::map<std::string, std::vector<std::string>> managers_by_cluster(
    const std::vector<std::string>& given) {
    std::map<std::string, std::vector<std::string>> managers;
    for (const std::string& one : given) {
        const auto equals = one.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Error(ErrorCode::invalid_argument,
                        "--manager '" + one + "': write CLUSTER=HOST:PORT");
        }
        managers[one.substr(0, equals)].push_back(one.substr(equals + 1));
    }
    return managers;
}

// Every large segment is a descriptor.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void run(const Options& options) {
    orb::Ending ending;
    orb::end_on_signals(ending);
    orb::end_with_parent();
    log::start({.element = options.name});
    raise_descriptor_limit();

    const auto managers = managers_by_cluster(options.managers);
    const Incarnation incarnation = next_incarnation(options.state_dir / "incarnation");
    // What serves must go after the node, which waits for calls under way.
    data::SegmentStore store(options.memory_bytes);
    auto node = std::make_unique<orb::Node>(orb::NodeSettings{
        .address = options.address, .port = options.port, .name_service = options.name_service});
    data::CorbaManagerLink manager(*node, options.cluster, managers);
    data::ContactBook contacts(manager);
    data::ProviderReferences references(*node);
    data::CorbaPeerLink peers(references, contacts, manager);
    data::CorbaPieceReader reader(references);
    const data::ProviderContact self{.name = options.name,
                                     .self = {provider_id(options.name), incarnation},
                                     .address = node->address(),
                                     .socket_path = options.socket_path,
                                     .place = {options.host, options.cluster},
                                     .cache_only = options.cache_only};
    data::Provider provider({.self = self}, store, manager, peers, reader, contacts);
    auto socket = std::make_unique<data::SegmentSocketServer>(
        options.socket_path, store,
        [&](std::uint64_t bytes) { provider.counters().bytes_mapped += bytes; },
        [&](const data::SegmentId& segment) { provider.admit(segment); });

    data::ProviderServant servant(provider);
    orb::ElementServant element([&] { return provider.status(); }, [&] { provider.drain(); },
                                ending);
    node->activate("Provider", &servant);
    node->activate("Element", &element);
    node->serve();  // it listens before it registers: a refused connection proves that it is gone
    provider.start([&] { ending.request(); });
    node->bind_name(options.platform, options.name, "provider", "Provider");
    log::info("provider listens at {}, {} bytes of memory", node->address(), options.memory_bytes);
    while (!ending.wait(1000)) {
    }
    log::info("ends");
    socket.reset();
    provider.stop();
    peers.stop();
    node.reset();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("juxta-provider: lends memory to the data service");
    app.add_option("--platform", options.platform, "name of the platform");
    app.add_option("--name", options.name, "name of this element")->required();
    app.add_option("--host", options.host, "host name of this element")->required();
    app.add_option("--address", options.address, "address to listen on");
    app.add_option("--port", options.port, "port to listen on; 0: any");
    app.add_option("--state-dir", options.state_dir, "folder of this element's own")->required();
    app.add_option("--name-service", options.name_service, "corbaloc of an omniNames");
    app.add_option("--cluster", options.cluster, "cluster it belongs to")->required();
    app.add_option("--manager", options.managers, "CLUSTER=HOST:PORT; may be repeated")->required();
    app.add_option("--memory", options.memory_bytes, "bytes to lend")
        ->required()
        ->check(CLI::PositiveNumber);
    app.add_option("--socket", options.socket_path, "Unix socket for processes of this host")
        ->required();
    app.add_flag("--cache-only", options.cache_only, "keep cached versions only, no copies");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        run(options);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "juxta-provider: %s\n", e.what());
        return 1;
    }
}
