// For programs of this project that have an ORB already, or a configuration of their own.
#pragma once

#include <memory>

#include "client_api/core/configuration.h"
#include "client_api/juxta/client.h"

namespace juxta::orb {
class Node;
}

namespace juxta {

// Asks the master agent for its platform. Throws Error: peer_unreachable (after 3 s of trying),
// invalid_argument (the platform has no such cluster).
std::shared_ptr<Connection> connect(std::shared_ptr<orb::Node> node,
                                    const client::Configuration& configuration);

}  // namespace juxta
