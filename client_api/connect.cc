// Where the client meets the ORB: a Connection over CORBA.
#include "client_api/connect.h"

#include <chrono>
#include <memory>
#include <set>
#include <thread>

#include "client_api/connection.h"
#include "client_api/corba/agent_stub.h"
#include "client_api/corba/sed_stubs.h"
#include "common/base/guarded.h"
#include "common/base/random.h"
#include "data_service/client/data_session.h"

namespace juxta {
namespace {

// While a platform's master agent restarts; a platform that is down is told of soon.
constexpr auto kConnectPatience = std::chrono::seconds(3);
constexpr auto kPause = std::chrono::milliseconds(100);

client::PlatformAnswer ask_platform(client::AgentStub& agent) {
    const auto end = std::chrono::steady_clock::now() + kConnectPatience;
    for (;;) {
        try {
            return agent.platform();
        } catch (const Error& e) {
            if (e.code() != ErrorCode::peer_unreachable) throw;
            if (std::chrono::steady_clock::now() >= end) {
                throw Error(e.code(),
                            std::string(e.what()) + "; is the platform up? See 'juxta status'");
            }
        }
        std::this_thread::sleep_for(kPause);
    }
}

// The ORB is one a process: every Client of it shares one node, and the last to go destroys it.
// Made and destroyed under the lock, since a node made meanwhile would get the dying ORB.
struct SharedNode {
    std::unique_ptr<orb::Node> node;
    unsigned users = 0;
};

std::shared_ptr<orb::Node> share_node() {
    // Never destroyed: a client that a program keeps in a static variable may go later.
    static auto& shared = *new Guarded<SharedNode>;
    orb::Node* node = shared.with([](SharedNode& state) {
        if (!state.node)
            state.node = std::make_unique<orb::Node>(orb::NodeSettings{.serves = false});
        ++state.users;
        return state.node.get();
    });
    return {node, [](orb::Node*) {
                shared.with([](SharedNode& state) {
                    if (--state.users == 0) state.node.reset();
                });
            }};
}

// Keeps the client's lease in every cluster where a SeD is about to allocate for it.
class LeasedSeds final : public client::SedLink {
public:
    LeasedSeds(orb::Node& node, data::DataSession& session) : seds_(node), session_(session) {}

    CallResult submit(const SedContact& sed, const CallOrder& order, unsigned wait_ms) override {
        if (allocates(order)) live_in(sed.place.cluster);
        return seds_.submit(sed, order, wait_ms);
    }
    std::vector<CallResult> wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                 unsigned wait_ms) override {
        return seds_.wait(sed, ids, wait_ms);
    }
    void cancel(const SedContact& sed, const RequestId& id) override { seds_.cancel(sed, id); }
    bool knows(const SedContact& sed, const RequestId& id) override { return seds_.knows(sed, id); }
    CallReport report(const SedContact& sed, const RequestId& id) override {
        return seds_.report(sed, id);
    }

private:
    static bool allocates(const CallOrder& order) {
        for (const Argument& argument : order.arguments) {
            const auto* wanted = std::get_if<WantedOutput>(&argument);
            if (wanted != nullptr && wanted->spec.lifetime == Lifetime::client) return true;
        }
        return false;
    }

    void live_in(const std::string& cluster) {
        if (clusters_.with([&](const auto& known) { return known.contains(cluster); })) return;
        session_.live_in(cluster);
        clusters_.with([&](auto& known) { known.insert(cluster); });
    }

    client::SedStubs seds_;
    data::DataSession& session_;
    Guarded<std::set<std::string>> clusters_;
};

}  // namespace

std::shared_ptr<Connection> connect(std::shared_ptr<orb::Node> node,
                                    const client::Configuration& configuration) {
    auto agent = std::make_unique<client::AgentStub>(*node, configuration.master_agent);
    const client::PlatformAnswer platform = ask_platform(*agent);

    ConnectionParts parts;
    parts.platform.name = platform.name;
    parts.platform.default_copies = platform.default_copies;
    data::ClusterManagers managers;
    for (const auto& [cluster, address] : platform.managers) {
        auto& replicas = managers.addresses[cluster];
        if (replicas.empty()) parts.platform.clusters.push_back(cluster);
        replicas.push_back(address);
    }
    Place place{configuration.host, configuration.cluster};
    if (place.cluster.empty() && !parts.platform.clusters.empty())
        place.cluster = parts.platform.clusters.front();
    if (!managers.addresses.contains(place.cluster)) {
        throw Error(ErrorCode::invalid_argument,
                    "the client's cluster is '" + place.cluster + "', which platform '" +
                        platform.name +
                        "' has not: see 'cluster' in the configuration, or JUXTA_CLUSTER");
    }
    auto session =
        std::make_unique<data::DataSession>(*node, place, ClientId{secure_random()}, managers);
    parts.seds = std::make_unique<LeasedSeds>(*node, *session);
    parts.access = std::move(session);
    parts.agent = std::move(agent);
    parts.base = std::move(node);
    return std::make_shared<Connection>(std::move(parts));
}

Client Client::connect(const std::string& config_file) {
    const client::Configuration configuration = client::find_configuration(config_file);
    return Client(juxta::connect(share_node(), configuration));
}

}  // namespace juxta
