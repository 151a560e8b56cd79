// Reads what an http: URI names, with Boost.Beast. Redirections within http are followed. Blocks;
// any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "client_api/data_uri.h"

namespace juxta::gridrpc {

// Throws Error: peer_unreachable (no server, or silent for 30 s), not_found (404), unavailable (any
// other answer than success).
std::vector<std::byte> http_get(const Uri& uri);

}  // namespace juxta::gridrpc
