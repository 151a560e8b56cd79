// juxta-sed: a server daemon; with --worker, one of its worker processes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "agent/corba/parent_link.h"
#include "agent/core/membership.h"
#include "common/base/incarnation.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"
#include "data_service/client/data_session.h"
#include "server_daemon/corba/server_daemon_servant.h"
#include "server_daemon/core/module_loader.h"
#include "server_daemon/core/process_pool.h"
#include "server_daemon/core/worker_loop.h"

namespace juxta::sed {
namespace {

struct Options {
    std::string platform;
    std::string name;
    std::string host;
    std::string cluster;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::filesystem::path state_dir;
    std::string name_service;
    std::string parent;
    std::vector<std::string> managers;
    unsigned slots = 1;
    unsigned queue = 100;
    std::vector<std::string> modules;
    std::string client_config;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--platform", options.platform, "name of the platform")->required();
    app.add_option("--name", options.name, "name of this server daemon")->required();
    app.add_option("--host", options.host, "name of the host it counts to")->required();
    app.add_option("--cluster", options.cluster, "name of the cluster it counts to")->required();
    app.add_option("--address", options.address, "address to listen on");
    app.add_option("--port", options.port, "port to listen on; 0: any");
    app.add_option("--state-dir", options.state_dir, "where it keeps what outlives it");
    app.add_option("--name-service", options.name_service, "corbaloc of an omniNames");
    app.add_option("--parent", options.parent, "HOST:PORT of the agent above")->required();
    app.add_option("--manager", options.managers, "CLUSTER=HOST:PORT, for each manager");
    app.add_option("--slots", options.slots, "calls that run at once")->check(CLI::Range(1, 1024));
    app.add_option("--queue", options.queue, "calls that may wait")
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--module", options.modules, "service module: a name or a path to a .so");
    app.add_option("--client-config", options.client_config, "what services that are clients use");
}

data::ClusterManagers split_managers(const std::vector<std::string>& texts) {
    data::ClusterManagers managers;
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        if (equals == 0 || equals == text.npos || equals + 1 == text.size()) {
            throw Error(ErrorCode::invalid_argument,
                        "--manager '" + text + "': write CLUSTER=HOST:PORT");
        }
        managers.addresses[text.substr(0, equals)].push_back(text.substr(equals + 1));
    }
    return managers;
}

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
        const unsigned share = std::thread::hardware_concurrency() / options.slots;
        environment.push_back("OPENBLAS_NUM_THREADS=" + std::to_string(std::max(1u, share)));
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
    const auto managers = split_managers(options.managers);
    const Place place{options.host, options.cluster};
    node_ = std::make_unique<orb::Node>(orb::NodeSettings{
        .address = options.address, .port = options.port, .name_service = options.name_service});
    parent_ = std::make_unique<agent::CorbaParentLink>(*node_, options.parent);
    // After the port is known to be free: a second start on it must not spend the number.
    incarnation_ = next_incarnation(options.state_dir.empty() ? std::filesystem::path{}
                                                              : options.state_dir / "incarnation");
    session_ =
        std::make_unique<data::DataSession>(*node_, place, ClientId{secure_random()}, managers);

    PoolSettings pool;
    pool.program.modules = files;
    pool.program.environment = worker_environment(options);
    pool.warm = options.slots;
    pool_ = std::make_unique<ProcessPool>(std::move(pool));
    SedSettings settings{options.name, place, {}};
    settings.limits.slots = options.slots;
    settings.limits.waiting = options.queue;
    sed_ = std::make_unique<Sed>(std::move(settings), services_, *session_, *pool_);
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
    self.place = {options_.host, options_.cluster};
    // Draining, it offers nothing more to whoever schedules.
    if (!sed_->draining()) self.services = services_.profiles();
    return self;
}

ElementStatus Daemon::status() const {
    ElementStatus status;
    status.kind = ElementKind::sed;
    status.name = options_.name;
    status.parent = parent_->parent_name();
    status.place = {options_.host, options_.cluster};
    status.state = sed_->draining()        ? ElementState::draining
                   : membership_->joined() ? ElementState::up
                                           : ElementState::joining;
    status.incarnation = incarnation_;
    return status;
}

void Daemon::drain() {
    log::info("draining: nothing new is accepted, what was accepted is finished");
    sed_->drain();
    membership_->changed();
}

int run(const Options& options) {
    log::start({.element = options.name});
    orb::Ending ending;
    orb::end_on_signals(ending);
    orb::end_with_parent();
    Daemon daemon(options, ending);
    daemon.start();
    while (!ending.wait(100) && !daemon.done()) {
    }
    log::info("ending");
    return 0;
}

}  // namespace
}  // namespace juxta::sed

int main(int argc, char** argv) {
    // Before anything else: a worker is not a daemon.
    if (argc >= 3 && std::strcmp(argv[1], "--worker") == 0) {
        return juxta::sed::work_as_worker(std::atoi(argv[2]), {argv + 3, argv + argc});
    }
    CLI::App app("A server daemon: runs services for the platform");
    juxta::sed::Options options;
    juxta::sed::declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        std::fprintf(stderr, "juxta-sed: %s; --help lists the options\n", e.what());
        return 2;
    }
    try {
        return juxta::sed::run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "juxta-sed %s: %s\n", options.name.c_str(), e.what());
        return 1;
    }
}
