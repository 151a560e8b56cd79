// The master agent's part of scheduling: from a client's request to an ordered list of servers.
//
// Decides which service is meant, asks where the data are, lets the agent collect, and says why
// nobody can be called. The ranking is the agent's policy's.
//
// Threading: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/agent.h"
#include "agent/core/data_locator.h"
#include "agent/core/decisions.h"

namespace juxta::agent {

// What a client needs to know of a platform, beyond the address of its master agent.
struct PlatformInfo {
    std::string name;
    std::vector<std::pair<std::string, std::string>> managers;  // cluster, "host:port"
    std::uint16_t default_copies = 1;
};

struct MasterSettings {
    std::uint32_t limit = 8;  // candidates that a client gets
    unsigned collect_ms = 800;
    unsigned locate_ms = 600;
    // After its start an agent that does not know a service waits for its children to join.
    unsigned gathering_ms = 2500;
    std::size_t decisions = 5000;  // remembered, with their best candidates
};

class Master {
public:
    // `agent` and `locator` must outlive it.
    Master(Agent& agent, DataLocator& locator, PlatformInfo platform, MasterSettings settings = {});

    // Never empty: call the first, fall to the next. Throws not_found, no_server,
    // invalid_argument (several services of this name).
    std::vector<Candidate> schedule(ScheduleRequest request);

    // From what the request was placed. Throws not_found.
    Decision explain(const RequestId& id) const;

    Profile profile_of(const std::string& service) { return agent_.profile_of(service, gathered_); }
    const PlatformInfo& platform() const { return platform_; }

private:
    Agent& agent_;
    DataLocator& locator_;
    const PlatformInfo platform_;
    const MasterSettings settings_;
    const Crew::Deadline gathered_;
    Guarded<Decisions> decisions_;
};

}  // namespace juxta::agent
