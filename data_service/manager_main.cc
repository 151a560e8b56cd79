// juxta-manager: a cluster's manager.
#include <memory>

#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/corba/manager_servant.h"
#include "data_service/corba/provider_calls.h"
#include "data_service/core/cluster_manager.h"

namespace {

using namespace juxta;

struct Options : orb::DaemonOptions {
    std::string cluster;
    std::uint64_t detection_ms = 1000;
};

// All other durations follow from the detection time (docs/protocol.md, section 3).
data::Durations durations_for(std::uint64_t detection_ms) {
    data::Durations durations;
    durations.detection = static_cast<Duration>(detection_ms) * kMillisecond;
    durations.heartbeat = durations.detection / 5;
    durations.primary_lease = durations.detection * 3 / 5;
    return durations;
}

void run(const Options& options, orb::Ending& ending) {
    auto node = std::make_unique<orb::Node>(options.node());
    const Incarnation incarnation = options.next_incarnation();
    data::CorbaProviderCalls calls(*node);
    data::ClusterManager manager({.cluster = options.cluster,
                                  .durations = durations_for(options.detection_ms),
                                  .folder = options.state_dir},
                                 calls);
    data::ManagerServant servant(manager);
    orb::ElementServant element(
        [&] {
            ElementStatus status = options.status(ElementKind::manager, incarnation);
            status.place.cluster = options.cluster;
            status.role = "leader";
            status.counters.consensus_commits = manager.consensus_commits();
            return status;
        },
        [&] { ending.request(); }, ending);
    node->activate("Manager", &servant);
    node->activate("Element", &element);
    manager.start();
    node->serve();
    node->bind_name(options.platform, options.name, "manager", "Manager");
    log::info("manager of cluster {} listens at {}", options.cluster, node->address());
    while (!ending.wait(1000)) {
    }
    log::info("ends");
    manager.stop();
    node.reset();  // before the servants: no upcall runs any more
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    orb::DaemonCommand command("juxta-manager", "keeps the directory of a cluster", options);
    command.require_state_dir();
    command.text("--cluster", options.cluster, "cluster to manage", orb::kRequired);
    command.number("--detection-ms", options.detection_ms, "silence that evicts a provider", 50,
                   600'000);
    return command.run(argc, argv, [&](orb::Ending& ending) { run(options, ending); });
}
