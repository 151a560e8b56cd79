// juxta-manager: a cluster's manager.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "common/base/error.h"
#include "common/base/incarnation.h"
#include "common/log/log.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"
#include "data_service/corba/manager_servant.h"
#include "data_service/corba/provider_calls.h"
#include "data_service/core/cluster_manager.h"

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
    unsigned detection_ms = 1000;
};

// All other durations follow from the detection time (docs/protocol.md, section 3).
data::Durations durations_for(unsigned detection_ms) {
    data::Durations durations;
    durations.detection = detection_ms * kMillisecond;
    durations.heartbeat = durations.detection / 5;
    durations.primary_lease = durations.detection * 3 / 5;
    return durations;
}

void run(const Options& options) {
    orb::Ending ending;
    orb::end_on_signals(ending);
    orb::end_with_parent();
    log::start({.element = options.name});

    const Incarnation incarnation = next_incarnation(options.state_dir / "incarnation");
    auto node = std::make_unique<orb::Node>(orb::NodeSettings{
        .address = options.address, .port = options.port, .name_service = options.name_service});
    data::CorbaProviderCalls calls(*node);
    data::ClusterManager manager({.cluster = options.cluster,
                                  .durations = durations_for(options.detection_ms),
                                  .folder = options.state_dir},
                                 calls);
    data::ManagerServant servant(manager);
    orb::ElementServant element(
        [&] {
            ElementStatus status;
            status.kind = ElementKind::manager;
            status.name = options.name;
            status.place = {options.host, options.cluster};
            status.incarnation = incarnation;
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
    CLI::App app("juxta-manager: keeps the directory of a cluster");
    app.add_option("--platform", options.platform, "name of the platform");
    app.add_option("--name", options.name, "name of this element")->required();
    app.add_option("--host", options.host, "host name of this element")->required();
    app.add_option("--address", options.address, "address to listen on");
    app.add_option("--port", options.port, "port to listen on; 0: any");
    app.add_option("--state-dir", options.state_dir, "folder of this element's own")->required();
    app.add_option("--name-service", options.name_service, "corbaloc of an omniNames");
    app.add_option("--cluster", options.cluster, "cluster to manage")->required();
    app.add_option("--detection-ms", options.detection_ms, "silence that evicts a provider")
        ->check(CLI::Range(50, 600000));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        run(options);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "juxta-manager: %s\n", e.what());
        return 1;
    }
}
