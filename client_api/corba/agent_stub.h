// The master agent, over CORBA. Translates; decides nothing.
//
// Deadlines: 5 s for a request to be placed or found, 3 s for everything else. Any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client_api/core/links.h"
#include "common/orb/node.h"

namespace juxta::client {

// What the master agent tells of its platform.
struct PlatformAnswer {
    std::string name;
    std::vector<std::pair<std::string, std::string>> managers;  // cluster, "host:port"; in order
    std::uint16_t default_copies = 1;
};

class AgentStub final : public AgentLink {
public:
    // `node` outlives this. Asks nobody yet.
    AgentStub(orb::Node& node, const std::string& address);
    ~AgentStub() override;

    std::vector<Candidate> schedule(const ScheduleRequest& request) override;
    std::vector<Profile> services() override;
    Profile profile_of(const std::string& service) override;
    std::optional<SedContact> find_request(const RequestId& id) override;
    void detach(const ScheduleRequest& request, const CallOrder& order, Retry retry) override;
    std::optional<CallResult> wait_detached(const RequestId& id, unsigned wait_ms) override;
    void cancel_detached(const RequestId& id) override;
    std::vector<PendingOutput> pending(const std::vector<std::string>& names) override;
    Decision explain(const RequestId& id) override;
    PolicyStatus policy() override;
    PolicyStatus use_policy(const std::string& shipped) override;
    PolicyStatus load_policy(const std::string& name,
                             const std::vector<std::byte>& object) override;
    PlatformAnswer platform();

private:
    struct Remote;
    std::unique_ptr<Remote> remote_;
};

}  // namespace juxta::client
