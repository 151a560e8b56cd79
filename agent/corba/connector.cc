#include "agent/corba/connector.h"

#include "agent.hh"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "server_daemon.hh"

namespace juxta::agent {
namespace {

class SedLink final : public ChildLink {
public:
    SedLink(Wire::ServerDaemon_ptr sed, const ChildInfo& info)
        : sed_(Wire::ServerDaemon::_duplicate(sed)),
          contact_{info.name, info.address, info.incarnation, info.place} {}

    std::vector<Candidate> collect(const ScheduleRequest& request, std::uint32_t,
                                   unsigned wait_ms) override {
        return orb::ask([&] {
            orb::Deadline deadline(wait_ms);
            Wire::EstimationVector_var vector = sed_->estimate(orb::to_wire(request));
            return std::vector<Candidate>{{contact_, orb::from_wire(vector.in())}};
        });
    }

    std::optional<SedContact> find_request(const RequestId& id, unsigned wait_ms) override {
        return orb::ask([&] {
            orb::Deadline deadline(wait_ms);
            return sed_->knows(orb::to_wire(id)) ? std::optional(contact_) : std::nullopt;
        });
    }

private:
    Wire::ServerDaemon_var sed_;
    SedContact contact_;
};

class AgentLink final : public ChildLink {
public:
    explicit AgentLink(Wire::Agent_ptr agent) : agent_(Wire::Agent::_duplicate(agent)) {}

    std::vector<Candidate> collect(const ScheduleRequest& request, std::uint32_t limit,
                                   unsigned wait_ms) override {
        return orb::ask([&] {
            orb::Deadline deadline(wait_ms);
            Wire::Candidates_var found = agent_->collect(orb::to_wire(request), limit, wait_ms);
            return orb::from_wire(found.in());
        });
    }

    std::optional<SedContact> find_request(const RequestId& id, unsigned wait_ms) override {
        return orb::ask([&]() -> std::optional<SedContact> {
            orb::Deadline deadline(wait_ms);
            Wire::Candidates_var found = agent_->find_request(orb::to_wire(id), wait_ms);
            if (found->length() == 0) return std::nullopt;
            return orb::from_wire(found[0].sed);
        });
    }

private:
    Wire::Agent_var agent_;
};

}  // namespace

std::shared_ptr<ChildLink> CorbaConnector::connect(const ChildInfo& child) {
    if (child.is_agent) {
        Wire::Agent_var agent = node_.resolve<Wire::Agent>(child.address, "Agent");
        return std::make_shared<AgentLink>(agent);
    }
    Wire::ServerDaemon_var sed = node_.resolve<Wire::ServerDaemon>(child.address, "ServerDaemon");
    return std::make_shared<SedLink>(sed, child);
}

}  // namespace juxta::agent
