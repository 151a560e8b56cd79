// juxta-provider: lends memory, and a disk, to the data service.
#include <malloc.h>
#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/corba/manager_links.h"
#include "data_service/corba/peer_links.h"
#include "data_service/corba/provider_servant.h"
#include "data_service/core/provider.h"
#include "data_service/store/disk_store.h"
#include "data_service/store/segment_socket.h"

namespace {

using namespace juxta;

constexpr unsigned kTrimEveryMs = 5000;
constexpr std::chrono::seconds kIdleMemory{30};  // until what nobody uses goes back

struct Options : orb::DaemonOptions {
    std::string cluster;
    orb::ManagerList managers;
    std::uint64_t memory_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::string storage;
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
    std::optional<data::DiskStore> disk;
    if (options.disk_bytes > 0) {
        const std::filesystem::path beside = std::filesystem::path(options.state_dir) / "segments";
        disk.emplace(options.storage.empty() ? beside : std::filesystem::path(options.storage),
                     options.disk_bytes);
    }
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
    data::Provider provider({.self = self}, store, manager, peers, reader, contacts,
                            disk ? &*disk : nullptr);
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
    Guarded<std::string> failure;
    provider.start([&] { ending.request(); },
                   [&](const std::string& why) {
                       failure.with([&](std::string& text) { text = why; });
                       ending.request();
                   });
    node->bind_name(options.platform, options.name, "provider", "Provider");
    log::info("provider listens at {}, {} bytes of memory, {} of disk", node->address(),
              options.memory_bytes, options.disk_bytes);
    while (!ending.wait(kTrimEveryMs)) {
        ::malloc_trim(0);  // small segments come and go in it
        store.tidy(kIdleMemory);
    }
    log::info("ends");
    socket.reset();
    provider.stop();
    peers.stop();
    node.reset();
    const std::string why = failure.with([](const std::string& text) { return text; });
    if (!why.empty()) {
        throw Error(ErrorCode::internal,
                    "the disk failed: " + why + "; see to it, then start this provider again");
    }
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
    command.number("--disk", options.disk_bytes, "bytes to lend on disk, for durable data", 0,
                   std::uint64_t{1} << 60);
    command.text("--storage", options.storage,
                 "folder of what is on disk (default: segments in --state-dir)");
    command.text("--socket", options.socket_path, "Unix socket for processes of this host",
                 orb::kRequired);
    command.flag("--cache-only", options.cache_only, "keep cached versions only, no copies");
    return command.run(argc, argv, [&](orb::Ending& ending) { run(options, ending); });
}
