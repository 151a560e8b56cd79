// juxta-agent: a master agent, or, with --parent, a local agent.
#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "agent/corba/connector.h"
#include "agent/corba/manager_source.h"
#include "agent/corba/parent_link.h"
#include "agent/corba/servants.h"
#include "agent/core/master.h"
#include "agent/core/membership.h"
#include "agent/policy/registry.h"
#include "common/base/incarnation.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"

namespace juxta::agent {
namespace {

// How long a child that joins waits for the agents above to learn of its services.
constexpr unsigned kSettle_ms = 400;

struct Options {
    std::string platform;
    std::string name;
    std::string host;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::filesystem::path state_dir;
    std::string name_service;
    std::string parent;
    std::vector<std::string> managers;
    std::string policy{kDefaultPolicy};
    std::uint16_t default_copies = 1;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--platform", options.platform, "name of the platform")->required();
    app.add_option("--name", options.name, "name of this agent")->required();
    app.add_option("--host", options.host, "name of the host it counts to")->required();
    app.add_option("--address", options.address, "address to listen on");
    app.add_option("--port", options.port, "port to listen on; 0: any");
    app.add_option("--state-dir", options.state_dir, "where it keeps what outlives it");
    app.add_option("--name-service", options.name_service, "corbaloc of an omniNames");
    app.add_option("--parent", options.parent, "HOST:PORT of the agent above; none: master agent");
    app.add_option("--manager", options.managers, "CLUSTER=HOST:PORT, for each manager");
    app.add_option("--policy", options.policy, "how candidates are ranked");
    app.add_option("--default-copies", options.default_copies, "copies of data, if not said");
}

// "c1=127.0.0.1:4000" as cluster and address.
std::pair<std::string, std::string> split_manager(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == text.npos || equals + 1 == text.size()) {
        throw Error(ErrorCode::invalid_argument,
                    "--manager '" + text + "': write CLUSTER=HOST:PORT");
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

void check_address(const std::string& option, const std::string& text) {
    const auto colon = text.rfind(':');
    unsigned port = 0;
    if (colon != text.npos && colon > 0) {
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
        if (parsed.ptr != end || port > 65535) port = 0;
    }
    if (port == 0) {
        throw Error(ErrorCode::invalid_argument,
                    option + " '" + text + "': an address is written HOST:PORT");
    }
}

// What can be known to be wrong before anything is started: Error invalid_argument.
void check(const Options& options) {
    make_policy(options.policy, 1);
    if (!options.parent.empty()) check_address("--parent", options.parent);
    for (const auto& text : options.managers)
        check_address("--manager", split_manager(text).second);
}

// Everything but the node. It outlives the node, whose end lets the last request out.
class Daemon {
public:
    Daemon(const Options& options, orb::Ending& ending) : options_(options), ending_(ending) {
        policy_ = make_policy(options.policy, secure_random());
        for (const auto& text : options.managers) managers_.push_back(split_manager(text));
    }

    void start(orb::Node& node);
    void stop() {
        if (membership_) membership_->leave();
    }

private:
    bool is_master() const { return options_.parent.empty(); }
    void start_master(orb::Node& node);
    void start_local(orb::Node& node);
    ChildInfo describe(const std::string& address);
    ElementStatus status() const;

    const Options& options_;
    orb::Ending& ending_;
    std::unique_ptr<Policy> policy_;
    std::vector<std::pair<std::string, std::string>> managers_;
    Incarnation incarnation_ = 0;
    std::atomic<bool> draining_{false};

    std::unique_ptr<CorbaConnector> connector_;
    std::unique_ptr<Agent> agent_;
    std::unique_ptr<DataLocator> locator_;
    std::unique_ptr<Master> master_;
    std::unique_ptr<CorbaParentLink> parent_;
    std::unique_ptr<Membership> membership_;
    std::unique_ptr<orb::ElementServant> element_servant_;
    std::unique_ptr<AgentServant> agent_servant_;
    // Two, because a servant answers under one key.
    std::unique_ptr<MasterAgentServant> master_servant_, master_as_agent_servant_;
};

void Daemon::start(orb::Node& node) {
    incarnation_ = next_incarnation(
        options_.state_dir.empty() ? std::filesystem::path{} : options_.state_dir / "incarnation");
    connector_ = std::make_unique<CorbaConnector>(node);
    agent_ = std::make_unique<Agent>(AgentSettings{.name = options_.name}, *connector_,
                                     std::move(policy_));
    element_servant_ = std::make_unique<orb::ElementServant>([this] { return status(); },
                                                             [this] {
                                                                 draining_ = true;
                                                                 ending_.request();
                                                             },
                                                             ending_);
    if (is_master()) {
        start_master(node);
    } else {
        start_local(node);
    }
    node.activate("Element", element_servant_.get());
    node.serve();
    node.bind_name(options_.platform, options_.name, "agent",
                   is_master() ? "MasterAgent" : "Agent");
    log::info("{} {} of platform {} serves at {}, incarnation {}, policy {}",
              is_master() ? "master agent" : "local agent", options_.name, options_.platform,
              node.address(), incarnation_, options_.policy);
}

void Daemon::start_master(orb::Node& node) {
    std::vector<ManagerOfCluster> sources;
    for (const auto& [cluster, address] : managers_) {
        sources.push_back({cluster, std::make_shared<CorbaManagerSource>(node, address)});
    }
    locator_ = std::make_unique<DataLocator>(std::move(sources));
    master_ = std::make_unique<Master>(
        *agent_, *locator_, PlatformInfo{options_.platform, managers_, options_.default_copies});
    master_servant_ = std::make_unique<MasterAgentServant>(*agent_, *master_);
    master_as_agent_servant_ = std::make_unique<MasterAgentServant>(*agent_, *master_);
    node.activate("MasterAgent", master_servant_.get());
    node.activate("Agent", master_as_agent_servant_.get());
}

void Daemon::start_local(orb::Node& node) {
    parent_ = std::make_unique<CorbaParentLink>(node, options_.parent);
    membership_ = std::make_unique<Membership>(
        *parent_, [this, address = node.address()] { return describe(address); });
    agent_->when_services_change([this](bool wait) {
        membership_->changed();
        if (wait && membership_->joined()) membership_->settle(kSettle_ms);
    });
    agent_servant_ = std::make_unique<AgentServant>(*agent_);
    node.activate("Agent", agent_servant_.get());
}

ChildInfo Daemon::describe(const std::string& address) {
    ChildInfo self;
    self.name = options_.name;
    self.is_agent = true;
    self.address = address;
    self.incarnation = incarnation_;
    self.place.host = options_.host;
    self.services = agent_->services();
    return self;
}

ElementStatus Daemon::status() const {
    ElementStatus status;
    status.kind = is_master() ? ElementKind::ma : ElementKind::la;
    status.name = options_.name;
    status.parent = parent_ ? parent_->parent_name() : "";
    status.place.host = options_.host;
    status.incarnation = incarnation_;
    if (draining_) {
        status.state = ElementState::draining;
    } else if (membership_ && !membership_->joined()) {
        status.state = ElementState::joining;
    }
    return status;
}

int run(const Options& options) {
    orb::Ending ending;
    orb::end_on_signals(ending);
    orb::end_with_parent();
    Daemon daemon(options, ending);
    orb::Node node(
        {.address = options.address, .port = options.port, .name_service = options.name_service});
    daemon.start(node);
    while (!ending.wait(60'000)) {
    }
    daemon.stop();
    log::info("ends");
    return 0;
}

}  // namespace
}  // namespace juxta::agent

int main(int argc, char** argv) {
    juxta::agent::Options options;
    CLI::App app("juxta-agent: a master agent, or with --parent a local agent, of a platform");
    juxta::agent::declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        std::fprintf(stderr, "juxta-agent: %s; --help lists the options\n", e.what());
        return 2;
    }
    juxta::log::start({.element = options.name});
    try {
        juxta::agent::check(options);
    } catch (const juxta::Error& e) {
        std::fprintf(stderr, "juxta-agent: %s\n", e.what());
        return 2;
    }
    try {
        return juxta::agent::run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "juxta-agent %s: %s\n", options.name.c_str(), e.what());
        return 1;
    }
}
