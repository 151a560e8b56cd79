// Calls that another process submitted, or this one in an earlier life: found by their id. Detached
// ones are asked of the master agent, which sees them through; what it does not know, of the SeDs.
// A master agent that is away is waited for, for some seconds.
//
// Any thread; blocks.
#pragma once

#include <chrono>
#include <optional>

#include "client_api/core/links.h"

namespace juxta::client {

// nullopt if it has not ended by `until`. Throws not_found if no SeD knows the request (any more),
// peer_unreachable if the SeD that has it cannot be asked.
std::optional<CallResult> wait_remote(AgentLink& agent, SedLink& seds, const RequestId& id,
                                      std::chrono::steady_clock::time_point until);

// The same failures.
void cancel_remote(AgentLink& agent, SedLink& seds, const RequestId& id);

}  // namespace juxta::client
