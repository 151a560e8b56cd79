// juxta-manager: a replica of a cluster's manager.
#include <memory>

#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/consensus/raft_log.h"
#include "data_service/corba/consensus_links.h"
#include "data_service/corba/manager_servant.h"
#include "data_service/corba/other_clusters.h"
#include "data_service/corba/provider_calls.h"
#include "data_service/core/cluster_manager.h"

namespace {

using namespace juxta;

struct Options : orb::DaemonOptions {
    std::string cluster;
    std::uint64_t detection_ms = 1000;
    orb::ManagerList managers;
    std::vector<std::string> replica_texts;
    std::vector<data::Replica> replicas;
};

// All other durations follow from the detection time (docs/protocol.md, section 3).
data::Durations durations_for(std::uint64_t detection_ms) {
    data::Durations durations;
    durations.detection = static_cast<Duration>(detection_ms) * kMillisecond;
    durations.heartbeat = durations.detection / 5;
    durations.primary_lease = durations.detection * 3 / 5;
    return durations;
}

std::vector<data::Replica> replicas_of(const Options& options) {
    std::vector<data::Replica> replicas;
    for (const std::string& text : options.replica_texts) {
        const auto equals = text.find('=');
        if (equals == 0 || equals == text.npos || text.find(':', equals) == text.npos) {
            throw Error(ErrorCode::invalid_argument,
                        "--replica '" + text + "': write NAME=HOST:PORT");
        }
        replicas.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    return replicas;
}

void run(const Options& options, orb::Ending& ending) {
    auto node = std::make_unique<orb::Node>(options.node());
    const Incarnation incarnation = options.next_incarnation();
    auto replicas = options.replicas;
    if (replicas.empty()) replicas.push_back({options.name, node->address()});
    data::CorbaPeerTransport peers(*node);
    std::atomic<bool> failed{false};
    data::RaftLog log({.group = options.cluster,
                       .folder = options.state_dir / "consensus",
                       .self = options.name,
                       .replicas = replicas,
                       .on_failure =
                           [&](const std::string&) {
                               failed = true;
                               ending.request();
                           }},
                      peers);
    data::CorbaProviderCalls calls(*node);
    data::CorbaOtherClusters others(*node, options.cluster, orb::by_cluster(options.managers));
    data::ClusterManager manager(
        {.cluster = options.cluster, .durations = durations_for(options.detection_ms)}, log, calls,
        &others);
    data::ManagerServant servant(manager);
    data::ConsensusServant consensus(log);
    orb::ElementServant element(
        [&] {
            ElementStatus status = options.status(ElementKind::manager, incarnation);
            status.place.cluster = options.cluster;
            status.role = log.role().leads ? "leader" : "follower";
            status.counters.consensus_commits = manager.consensus_commits();
            return status;
        },
        [&] { ending.request(); }, ending);
    manager.start();
    node->activate("Manager", &servant);
    node->activate("Consensus", &consensus);
    node->activate("Element", &element);
    node->serve();
    node->bind_name(options.platform, options.name, "manager", "Manager");
    log::info("manager of cluster {} listens at {}, one of {}", options.cluster, node->address(),
              replicas.size());
    while (!ending.wait(1000)) {
    }
    log::info("ends");
    manager.stop();
    node.reset();  // before the servants: no upcall runs any more
    if (failed) throw Error(ErrorCode::unavailable, "the replicated log failed; see above");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    orb::DaemonCommand command("juxta-manager", "keeps the directory of a cluster", options);
    command.require_state_dir();
    command.text("--cluster", options.cluster, "cluster to manage", orb::kRequired);
    command.managers(options.managers);
    command.texts("--replica", options.replica_texts,
                  "NAME=HOST:PORT of each replica of this manager, itself included; none: alone");
    command.number("--detection-ms", options.detection_ms, "silence that evicts a provider", 50,
                   600'000);
    return command.run(
        argc, argv, [&](orb::Ending& ending) { run(options, ending); },
        [&] { options.replicas = replicas_of(options); });
}
