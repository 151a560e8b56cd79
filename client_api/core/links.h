// The ports of the client core: the scheduling tree and the SeDs, as the client needs them.
// Implemented over CORBA by client_api/corba, by fakes in unit tests.
//
// Every operation ends within a deadline of its own and throws Error: peer_unreachable (refused,
// broken) or deadline_exceeded (silent), and what the IDL (agent.idl, server_daemon.idl) lists.
// Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/model/call.h"
#include "common/model/ids.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"

namespace juxta::client {

// Whoever places calls: the master agent, or, in its own process, what it places by.
class Scheduling {
public:
    virtual ~Scheduling() = default;

    virtual std::vector<Candidate> schedule(const ScheduleRequest& request) = 0;
};

class AgentLink : public Scheduling {
public:
    virtual std::vector<Profile> services() = 0;
    virtual Profile profile_of(const std::string& service) = 0;
    // The SeD that knows the request, if any does.
    virtual std::optional<SedContact> find_request(const RequestId& id) = 0;

    // A call that the master agent sees through, whatever becomes of this client.
    virtual void detach(const ScheduleRequest& request, const CallOrder& order, Retry retry) = 0;
    // Its result once it is over; nullopt after `wait_ms`. not_found: the master agent does not
    // know it (any more).
    virtual std::optional<CallResult> wait_detached(const RequestId& id, unsigned wait_ms) = 0;
    virtual void cancel_detached(const RequestId& id) = 0;
    // Who computes the datum of this name, of the detached calls: one for each name, nil: nobody.
    virtual std::vector<PendingOutput> pending(const std::vector<std::string>& names) = 0;

    virtual Decision explain(const RequestId& id) = 0;
    virtual PolicyStatus policy() = 0;
    virtual PolicyStatus use_policy(const std::string& shipped) = 0;
    virtual PolicyStatus load_policy(const std::string& name,
                                     const std::vector<std::byte>& object) = 0;
};

class SedLink {
public:
    virtual ~SedLink() = default;

    virtual CallResult submit(const SedContact& sed, const CallOrder& order, unsigned wait_ms) = 0;
    virtual std::vector<CallResult> wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                         unsigned wait_ms) = 0;
    virtual void cancel(const SedContact& sed, const RequestId& id) = 0;
    virtual bool knows(const SedContact& sed, const RequestId& id) = 0;
    virtual CallReport report(const SedContact& sed, const RequestId& id) = 0;
};

}  // namespace juxta::client
