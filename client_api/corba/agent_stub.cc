#include "client_api/corba/agent_stub.h"

#include <algorithm>

#include "agent.hh"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"

namespace juxta::client {
namespace {

constexpr unsigned kPlaceMs = 5000;
constexpr unsigned kAskMs = 3000;
constexpr unsigned kLoadMs = 8000;  // longer than a policy may take to get ready
constexpr unsigned kFindMs = 1000;  // how long the agents wait for one another

}  // namespace

struct AgentStub::Remote {
    std::string address;
    Wire::MasterAgent_var agent;

    // Runs `call` under a deadline; errors of the connection name the agent.
    template <class Call>
    auto ask(unsigned milliseconds, Call&& call) {
        try {
            return orb::ask([&] {
                orb::Deadline deadline(milliseconds);
                return call();
            });
        } catch (const Error& e) {
            if (e.code() != ErrorCode::peer_unreachable && e.code() != ErrorCode::deadline_exceeded)
                throw;
            throw Error(e.code(), "master agent at " + address + ": " + e.what());
        }
    }
};

AgentStub::AgentStub(orb::Node& node, const std::string& address)
    : remote_(new Remote{address, node.resolve<Wire::MasterAgent>(address, "MasterAgent")}) {}

AgentStub::~AgentStub() = default;

std::vector<Candidate> AgentStub::schedule(const ScheduleRequest& request) {
    return remote_->ask(kPlaceMs, [&] {
        Wire::Candidates_var found = remote_->agent->schedule(orb::to_wire(request));
        return orb::from_wire(found.in());
    });
}

std::vector<Profile> AgentStub::services() {
    return remote_->ask(kAskMs, [&] {
        Wire::Profiles_var found = remote_->agent->services();
        return orb::from_wire(found.in());
    });
}

Profile AgentStub::profile_of(const std::string& service) {
    return remote_->ask(kAskMs, [&] {
        Wire::Profile_var found = remote_->agent->profile_of(service.c_str());
        return orb::from_wire(found.in());
    });
}

std::optional<SedContact> AgentStub::find_request(const RequestId& id) {
    return remote_->ask(kPlaceMs, [&]() -> std::optional<SedContact> {
        Wire::Candidates_var found = remote_->agent->find_request(orb::to_wire(id), kFindMs);
        if (found->length() == 0) return std::nullopt;
        return orb::from_wire(found[0u].sed);
    });
}

void AgentStub::detach(const ScheduleRequest& request, const CallOrder& order, Retry retry) {
    remote_->ask(kAskMs, [&] {
        remote_->agent->detach(orb::to_wire(request), orb::to_wire(order),
                               retry == Retry::never ? Wire::RETRY_NEVER : Wire::RETRY_ALWAYS);
    });
}

std::optional<CallResult> AgentStub::wait_detached(const RequestId& id, unsigned wait_ms) {
    return remote_->ask(wait_ms + kAskMs, [&]() -> std::optional<CallResult> {
        Wire::CallResults_var found = remote_->agent->wait_detached(orb::to_wire(id), wait_ms);
        if (found->length() == 0) return std::nullopt;
        return orb::from_wire(found[0u]);
    });
}

void AgentStub::cancel_detached(const RequestId& id) {
    remote_->ask(kAskMs, [&] { remote_->agent->cancel_detached(orb::to_wire(id)); });
}

std::vector<PendingOutput> AgentStub::pending(const std::vector<std::string>& names) {
    return remote_->ask(kAskMs, [&] {
        Wire::PendingOutputs_var found = remote_->agent->pending(orb::to_wire(names));
        return orb::collect(
            found.in(), [](const Wire::PendingOutput& pending) { return orb::from_wire(pending); });
    });
}

Decision AgentStub::explain(const RequestId& id) {
    return remote_->ask(kAskMs, [&] {
        Wire::Decision_var found = remote_->agent->explain(orb::to_wire(id));
        return orb::from_wire(found.in());
    });
}

PolicyStatus AgentStub::policy() {
    return remote_->ask(kAskMs, [&] {
        Wire::PolicyStatus_var status = remote_->agent->policy();
        return orb::from_wire(status.in());
    });
}

PolicyStatus AgentStub::use_policy(const std::string& shipped) {
    return remote_->ask(kAskMs, [&] {
        Wire::PolicyStatus_var status = remote_->agent->use_policy(shipped.c_str());
        return orb::from_wire(status.in());
    });
}

PolicyStatus AgentStub::load_policy(const std::string& name, const std::vector<std::byte>& object) {
    Wire::Bytes bytes;
    bytes.length(static_cast<CORBA::ULong>(object.size()));
    std::copy(object.begin(), object.end(), reinterpret_cast<std::byte*>(bytes.get_buffer()));
    return remote_->ask(kLoadMs, [&] {
        Wire::PolicyStatus_var status = remote_->agent->load_policy(name.c_str(), bytes);
        return orb::from_wire(status.in());
    });
}

PlatformAnswer AgentStub::platform() {
    return remote_->ask(kAskMs, [&] {
        Wire::PlatformInfo_var found = remote_->agent->platform();
        PlatformAnswer answer{found->name.in(), {}, found->default_copies};
        for (CORBA::ULong i = 0; i < found->managers.length(); ++i) {
            answer.managers.emplace_back(found->managers[i].cluster.in(),
                                         found->managers[i].address.in());
        }
        return answer;
    });
}

}  // namespace juxta::client
