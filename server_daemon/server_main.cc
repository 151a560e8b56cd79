// juxta-sed: a server daemon; with --worker, one of its worker processes.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "agent/corba/parent_link.h"
#include "agent/core/membership.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/client/data_session.h"
#include "server_daemon/corba/server_daemon_servant.h"
#include "server_daemon/core/module_loader.h"
#include "server_daemon/core/process_pool.h"
#include "server_daemon/core/worker_loop.h"

namespace juxta::sed {
namespace {

struct Options : orb::DaemonOptions {
    std::string cluster;
    std::string parent;
    orb::ManagerList managers;
    std::uint64_t slots = 1;
    std::uint64_t queue = 100;
    std::vector<std::string> modules;
    std::string client_config;

    Place place() const { return {host, cluster}; }
};

// What a service finds in its environment: itself as a client of this platform, on this host, and
// its share of the cores.
std::vector<std::string> worker_environment(const Options& options) {
    std::vector<std::string> environment{"JUXTA_HOST=" + options.host,
                                         "JUXTA_CLUSTER=" + options.cluster};
    if (!options.client_config.empty()) {
        environment.push_back("JUXTA_CONFIG=" +
                              std::filesystem::absolute(options.client_config).string());
    }
    if (std::getenv("OPENBLAS_NUM_THREADS") == nullptr) {
        const std::uint64_t share = std::thread::hardware_concurrency() / options.slots;
        environment.push_back("OPENBLAS_NUM_THREADS=" +
                              std::to_string(std::max<std::uint64_t>(1, share)));
    }
    return environment;
}

class Daemon {
public:
    Daemon(const Options& options, orb::Ending& ending);
    ~Daemon();

    void start();
    // Whether it has drained and may end.
    bool done() const { return sed_->drained(); }

private:
    agent::ChildInfo describe() const;
    ElementStatus status() const;
    void drain();

    const Options& options_;
    orb::Ending& ending_;
    Incarnation incarnation_ = 0;
    ServiceTable services_;
    std::unique_ptr<orb::Node> node_;
    std::unique_ptr<data::DataSession> session_;
    std::unique_ptr<ProcessPool> pool_;
    std::unique_ptr<MetricProcess> metrics_;
    std::unique_ptr<Sed> sed_;
    std::unique_ptr<ServerDaemonServant> servant_;
    std::unique_ptr<orb::ElementServant> element_servant_;
    std::unique_ptr<agent::CorbaParentLink> parent_;
    std::unique_ptr<agent::Membership> membership_;
};

Daemon::Daemon(const Options& options, orb::Ending& ending) : options_(options), ending_(ending) {
    std::vector<std::string> files;
    for (const std::string& module : options.modules) {
        files.push_back(
            std::filesystem::absolute(module_path(module, default_modules_folder())).string());
        load_module(files.back(), services_);
    }
    node_ = std::make_unique<orb::Node>(options.node());
    parent_ = std::make_unique<agent::CorbaParentLink>(*node_, options.parent);
    incarnation_ = options.next_incarnation();
    session_ = std::make_unique<data::DataSession>(
        *node_, options.place(), ClientId{secure_random()},
        data::ClusterManagers{orb::by_cluster(options.managers)});

    PoolSettings pool;
    pool.program.arguments = files;
    pool.program.environment = worker_environment(options);
    pool.warm = static_cast<unsigned>(options.slots);
    std::vector<std::string> metrics;
    for (const MetricFunction& each : services_.metrics()) metrics.push_back(each.name);
    if (!metrics.empty()) {
        metrics_ = std::make_unique<MetricProcess>(pool.program, std::move(metrics));
    }
    pool_ = std::make_unique<ProcessPool>(std::move(pool));
    SedSettings settings{options.name, options.place(), {}};
    settings.speed = core_speed();
    settings.limits.slots = static_cast<unsigned>(options.slots);
    settings.limits.waiting = static_cast<unsigned>(options.queue);
    sed_ = std::make_unique<Sed>(std::move(settings), services_, *session_, *pool_, metrics_.get());
}

// Calls end first, so that no request is left inside; then what calls others; then the ORB lets the
// last request out.
Daemon::~Daemon() {
    sed_->end();
    if (membership_) membership_->leave();
    session_.reset();
    node_.reset();
}

void Daemon::start() {
    servant_ = std::make_unique<ServerDaemonServant>(*sed_, incarnation_);
    element_servant_ = std::make_unique<orb::ElementServant>([this] { return status(); },
                                                             [this] { drain(); }, ending_);
    membership_ = std::make_unique<agent::Membership>(*parent_, [this] { return describe(); });
    node_->activate("ServerDaemon", servant_.get());
    node_->activate("Element", element_servant_.get());
    node_->serve();
    node_->bind_name(options_.platform, options_.name, "sed", "ServerDaemon");
    log::info("server daemon {} of platform {} serves {} services at {}, incarnation {}, slots {}",
              options_.name, options_.platform, services_.size(), node_->address(), incarnation_,
              options_.slots);
}

agent::ChildInfo Daemon::describe() const {
    agent::ChildInfo self;
    self.name = options_.name;
    self.address = node_->address();
    self.incarnation = incarnation_;
    self.place = options_.place();
    // Draining, it offers nothing more to whoever schedules.
    if (!sed_->draining()) self.services = services_.profiles();
    return self;
}

ElementStatus Daemon::status() const {
    ElementStatus status = options_.status(ElementKind::sed, incarnation_);
    status.parent = parent_->parent_name();
    status.place = options_.place();
    status.state = sed_->draining()        ? ElementState::draining
                   : membership_->joined() ? ElementState::up
                                           : ElementState::joining;
    return status;
}

void Daemon::drain() {
    log::info("draining: nothing new is accepted, what was accepted is finished");
    sed_->drain();
    membership_->changed();
}

void run(const Options& options, orb::Ending& ending) {
    Daemon daemon(options, ending);
    daemon.start();
    while (!ending.wait(100) && !daemon.done()) {
    }
    log::info("ends");
}

}  // namespace
}  // namespace juxta::sed

int main(int argc, char** argv) {
    // Before anything else: a worker is not a daemon.
    if (argc >= 3 && std::strcmp(argv[1], "--worker") == 0) {
        return juxta::sed::work_as_worker(std::atoi(argv[2]), {argv + 3, argv + argc});
    }
    using namespace juxta;
    sed::Options options;
    orb::DaemonCommand command("juxta-sed", "runs services for the platform", options);
    command.text("--cluster", options.cluster, "name of the cluster it counts to", orb::kRequired);
    command.contact("--parent", options.parent, "HOST:PORT of the agent above", orb::kRequired);
    command.managers(options.managers);
    command.number("--slots", options.slots, "calls that run at once", 1, 1024);
    command.number("--queue", options.queue, "calls that may wait", 0, 1'000'000);
    command.texts("--module", options.modules, "service module: a name or a path to a .so");
    command.text("--client-config", options.client_config, "what services that are clients use");
    return command.run(argc, argv, [&](orb::Ending& ending) { sed::run(options, ending); });
}
