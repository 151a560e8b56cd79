#include "agent/corba/servants.h"

#include "agent/corba/child_wire.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"

namespace juxta::agent {

template <class Skeleton>
CORBA::ULong AgentOperations<Skeleton>::join(const Wire::Child& newcomer) {
    return orb::answer([&]() -> CORBA::ULong { return agent_.join(from_wire(newcomer)); });
}

template <class Skeleton>
void AgentOperations<Skeleton>::renew(const char* name, Wire::u64 incarnation) {
    orb::answer([&] { agent_.renew(name, incarnation); });
}

template <class Skeleton>
void AgentOperations<Skeleton>::leave(const char* name, Wire::u64 incarnation) {
    orb::answer([&] { agent_.leave(name, incarnation); });
}

template <class Skeleton>
Wire::Candidates* AgentOperations<Skeleton>::collect(const Wire::ScheduleRequest& request,
                                                     CORBA::ULong limit, CORBA::ULong wait_ms) {
    return orb::answer([&] {
        return new Wire::Candidates(
            orb::to_wire(agent_.offer(orb::from_wire(request), limit, wait_ms)));
    });
}

template <class Skeleton>
Wire::Candidates* AgentOperations<Skeleton>::find_request(const Wire::RequestId& id,
                                                          CORBA::ULong wait_ms) {
    return orb::answer([&] {
        std::vector<Candidate> found;
        if (auto sed = agent_.find_request(orb::from_wire(id), wait_ms)) {
            found.push_back({*sed, {}});
        }
        return new Wire::Candidates(orb::to_wire(found));
    });
}

template class AgentOperations<POA_Wire::Agent>;
template class AgentOperations<POA_Wire::MasterAgent>;

Wire::Candidates* MasterAgentServant::schedule(const Wire::ScheduleRequest& request) {
    return orb::answer([&] {
        return new Wire::Candidates(orb::to_wire(master_.schedule(orb::from_wire(request))));
    });
}

Wire::Profiles* MasterAgentServant::services() {
    return orb::answer([&] { return new Wire::Profiles(orb::to_wire(agent_.services())); });
}

Wire::Profile* MasterAgentServant::profile_of(const char* service) {
    return orb::answer(
        [&] { return new Wire::Profile(orb::to_wire(master_.profile_of(service))); });
}

Wire::PlatformInfo* MasterAgentServant::platform() {
    return orb::answer([&] {
        const PlatformInfo& platform = master_.platform();
        auto* wire = new Wire::PlatformInfo;
        wire->name = platform.name.c_str();
        wire->default_copies = platform.default_copies;
        orb::fill(wire->managers, platform.managers, [](const auto& manager) {
            Wire::ManagerAddress address;
            address.cluster = manager.first.c_str();
            address.address = manager.second.c_str();
            return address;
        });
        return wire;
    });
}

Wire::Decision* MasterAgentServant::explain(const Wire::RequestId& id) {
    return orb::answer([&] {
        const RequestId request = orb::from_wire(id);
        Decision decision;
        try {
            decision = master_.explain(request);
        } catch (const Error& e) {
            if (e.code() != ErrorCode::not_found) throw;
            try {
                decision.waits_for = detached_.why_not_placed(request);
            } catch (const Error&) {
                throw e;
            }
            decision.id = request;
        }
        return new Wire::Decision(orb::to_wire(decision));
    });
}

void MasterAgentServant::detach(const Wire::ScheduleRequest& request, const Wire::CallOrder& order,
                                Wire::Retry repeat) {
    orb::answer([&] {
        detached_.start(orb::from_wire(request), orb::from_wire(order),
                        repeat == Wire::RETRY_NEVER ? Retry::never : Retry::always);
    });
}

Wire::CallResults* MasterAgentServant::wait_detached(const Wire::RequestId& id,
                                                     CORBA::ULong wait_ms) {
    return orb::answer([&] {
        auto results = std::make_unique<Wire::CallResults>();
        if (const auto result = detached_.wait(orb::from_wire(id), wait_ms)) {
            results->length(1);
            (*results)[0] = orb::to_wire(*result);
        }
        return results.release();
    });
}

Wire::PendingOutputs* MasterAgentServant::pending(const Wire::Strings& names) {
    return orb::answer([&] {
        auto found = std::make_unique<Wire::PendingOutputs>();
        orb::fill(*found, orb::from_wire(names), [&](const std::string& name) {
            return orb::to_wire(detached_.producer_of(name));
        });
        return found.release();
    });
}

void MasterAgentServant::cancel_detached(const Wire::RequestId& id) {
    orb::answer([&] { detached_.cancel(orb::from_wire(id)); });
}

Wire::PolicyStatus* MasterAgentServant::policy() {
    return orb::answer(
        [&] { return new Wire::PolicyStatus(orb::to_wire(agent_.ranking().status())); });
}

Wire::PolicyStatus* MasterAgentServant::use_policy(const char* name) {
    return orb::answer([&] {
        agent_.ranking().use(name);
        return policy();
    });
}

Wire::PolicyStatus* MasterAgentServant::load_policy(const char* name, const Wire::Bytes& object) {
    return orb::answer([&] {
        const auto* first = reinterpret_cast<const std::byte*>(object.get_buffer());
        agent_.ranking().load(name, {first, first + object.length()});
        return policy();
    });
}

}  // namespace juxta::agent
