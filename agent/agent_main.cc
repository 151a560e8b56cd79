// juxta-agent: a master agent, or, with --parent, a local agent.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "agent/corba/connector.h"
#include "agent/corba/manager_source.h"
#include "agent/corba/parent_link.h"
#include "agent/corba/servants.h"
#include "agent/core/master.h"
#include "agent/core/membership.h"
#include "agent/detached_runner.h"
#include "agent/policy/policy_worker.h"
#include "agent/policy/registry.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/daemon.h"

namespace juxta::agent {
namespace {

// How long a child that joins waits for the agents above to learn of its services.
constexpr unsigned kSettle_ms = 400;

struct Options : orb::DaemonOptions {
    std::string parent;
    orb::ManagerList managers;
    std::string policy{kDefaultPolicy};
    std::uint64_t default_copies = 1;
};

std::shared_ptr<UntrustedPolicy> load_policy(const std::vector<std::byte>& object) {
    WorkerProgram program;
    program.name = "juxta-agent";
    return std::make_shared<LoadedPolicy>(std::move(program), object);
}

// Everything but the node. It outlives the node, whose end lets the last request out.
class Daemon {
public:
    Daemon(const Options& options, orb::Ending& ending) : options_(options), ending_(ending) {
        policy_ = make_policy(options.policy, secure_random());
    }

    void start(orb::Node& node);
    void stop() {
        if (membership_) membership_->leave();
        // Without draining, the whole platform ends: nothing is to be taken up again.
        if (detached_) detached_->end(draining_);
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
    Incarnation incarnation_ = 0;
    std::atomic<bool> draining_{false};

    std::unique_ptr<CorbaConnector> connector_;
    std::unique_ptr<Agent> agent_;
    std::unique_ptr<DataLocator> locator_;
    std::unique_ptr<Master> master_;
    std::unique_ptr<DetachedRunner> detached_;
    std::unique_ptr<CorbaParentLink> parent_;
    std::unique_ptr<Membership> membership_;
    std::unique_ptr<orb::ElementServant> element_servant_;
    std::unique_ptr<AgentServant> agent_servant_;
    // Two, because a servant answers under one key.
    std::unique_ptr<MasterAgentServant> master_servant_, master_as_agent_servant_;
};

void Daemon::start(orb::Node& node) {
    incarnation_ = options_.next_incarnation();
    connector_ = std::make_unique<CorbaConnector>(node);
    AgentSettings settings;
    settings.name = options_.name;
    settings.ranking.name = options_.policy;
    settings.ranking.seed = secure_random();
    if (is_master()) settings.loader = load_policy;
    agent_ = std::make_unique<Agent>(std::move(settings), *connector_, std::move(policy_));
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
    for (const auto& [cluster, address] : options_.managers) {
        sources.push_back({cluster, std::make_shared<CorbaManagerSource>(node, address)});
    }
    locator_ = std::make_unique<DataLocator>(std::move(sources));
    master_ =
        std::make_unique<Master>(*agent_, *locator_,
                                 PlatformInfo{options_.platform, options_.managers,
                                              static_cast<std::uint16_t>(options_.default_copies)});
    detached_ = std::make_unique<DetachedRunner>(
        node, *agent_, *master_,
        options_.state_dir.empty() ? std::filesystem::path{} : options_.state_dir / "detached");
    master_servant_ = std::make_unique<MasterAgentServant>(*agent_, *master_, *detached_);
    master_as_agent_servant_ = std::make_unique<MasterAgentServant>(*agent_, *master_, *detached_);
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
    ElementStatus status =
        options_.status(is_master() ? ElementKind::ma : ElementKind::la, incarnation_);
    status.parent = parent_ ? parent_->parent_name() : "";
    if (draining_) {
        status.state = ElementState::draining;
    } else if (membership_ && !membership_->joined()) {
        status.state = ElementState::joining;
    }
    return status;
}

void run(const Options& options, orb::Ending& ending) {
    Daemon daemon(options, ending);
    orb::Node node(options.node());
    daemon.start(node);
    while (!ending.wait(60'000)) {
    }
    daemon.stop();
    log::info("ends");
}

}  // namespace
}  // namespace juxta::agent

int main(int argc, char** argv) {
    // Before anything else: a policy's process is no daemon.
    if (argc >= 3 && std::strcmp(argv[1], "--worker") == 0) {
        return juxta::agent::work_as_policy(std::atoi(argv[2]));
    }
    using namespace juxta;
    agent::Options options;
    orb::DaemonCommand command("juxta-agent", "a master agent, or with --parent a local agent",
                               options);
    command.contact("--parent", options.parent, "HOST:PORT of the agent above; none: master agent");
    command.managers(options.managers);
    command.text("--policy", options.policy, "how candidates are ranked");
    command.number("--default-copies", options.default_copies, "copies of data, if not said", 1,
                   1000);
    return command.run(
        argc, argv, [&](orb::Ending& ending) { agent::run(options, ending); },
        [&] { agent::make_policy(options.policy, 1); });
}
