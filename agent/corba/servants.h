// Agents as CORBA objects (idl/agent.idl): "Agent" at every agent, "MasterAgent" at the MA too.
//
// Edges: they translate.
#pragma once

#include "agent.hh"
#include "agent/core/agent.h"
#include "agent/core/detached_calls.h"
#include "agent/core/master.h"

namespace juxta::agent {

// What both interfaces have in common. `Skeleton`: POA_Wire::Agent or POA_Wire::MasterAgent.
template <class Skeleton>
class AgentOperations : public Skeleton {
public:
    // The agent must outlive the servant's activation.
    explicit AgentOperations(Agent& agent) : agent_(agent) {}

    CORBA::ULong join(const Wire::Child& newcomer) override;
    void renew(const char* name, Wire::u64 incarnation) override;
    void leave(const char* name, Wire::u64 incarnation) override;
    Wire::Candidates* collect(const Wire::ScheduleRequest& request, CORBA::ULong limit,
                              CORBA::ULong wait_ms) override;
    Wire::Candidates* find_request(const Wire::RequestId& id, CORBA::ULong wait_ms) override;

protected:
    Agent& agent_;
};

using AgentServant = AgentOperations<POA_Wire::Agent>;

class MasterAgentServant final : public AgentOperations<POA_Wire::MasterAgent> {
public:
    // `agent::Agent`: plain `Agent` is the skeleton here.
    MasterAgentServant(agent::Agent& agent, Master& master, DetachedCalls& detached)
        : AgentOperations(agent), master_(master), detached_(detached) {}

    Wire::Candidates* schedule(const Wire::ScheduleRequest& request) override;
    Wire::Profiles* services() override;
    Wire::Profile* profile_of(const char* service) override;
    Wire::PlatformInfo* platform() override;
    Wire::Decision* explain(const Wire::RequestId& id) override;
    void detach(const Wire::ScheduleRequest& request, const Wire::CallOrder& order,
                Wire::Retry repeat) override;
    Wire::CallResults* wait_detached(const Wire::RequestId& id, CORBA::ULong wait_ms) override;
    void cancel_detached(const Wire::RequestId& id) override;
    Wire::PendingOutputs* pending(const Wire::Strings& names) override;
    Wire::PolicyStatus* policy() override;
    Wire::PolicyStatus* use_policy(const char* name) override;
    Wire::PolicyStatus* load_policy(const char* name, const Wire::Bytes& object) override;

private:
    Master& master_;
    DetachedCalls& detached_;
};

}  // namespace juxta::agent
