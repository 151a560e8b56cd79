// juxta-provider: lends memory to the data service.
#include <sys/resource.h>

#include <memory>
#include <string>

#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/corba/manager_links.h"
#include "data_service/corba/peer_links.h"
#include "data_service/corba/provider_servant.h"
#include "data_service/core/provider.h"
#include "data_service/store/segment_socket.h"

namespace {

using namespace juxta;

struct Options : orb::DaemonOptions {
    std::string cluster;
    orb::ManagerList managers;
    std::uint64_t memory_bytes = 0;
    std::string socket_path;
    bool cache_only = false;
};

// Every large segment is a descriptor.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void run(const Options& options, orb::Ending& ending) {
    raise_descriptor_limit();

    // What serves must go after the node, which waits for calls under way.
    data::SegmentStore store(options.memory_bytes);
    auto node = std::make_unique<orb::Node>(options.node());
    const Incarnation incarnation = options.next_incarnation();
    data::CorbaManagerLink manager(*node, options.cluster, orb::by_cluster(options.managers));
    data::ContactBook contacts(manager);
    data::ProviderReferences references(*node, "Provider");
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
    orb::DaemonCommand command("juxta-provider", "lends memory to the data service", options);
    command.require_state_dir();
    command.text("--cluster", options.cluster, "cluster it belongs to", orb::kRequired);
    command.managers(options.managers, orb::kRequired);
    command.number("--memory", options.memory_bytes, "bytes to lend", 1, std::uint64_t{1} << 60,
                   orb::kRequired);
    command.text("--socket", options.socket_path, "Unix socket for processes of this host",
                 orb::kRequired);
    command.flag("--cache-only", options.cache_only, "keep cached versions only, no copies");
    return command.run(argc, argv, [&](orb::Ending& ending) { run(options, ending); });
}
