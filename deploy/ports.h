// Ports of this machine: which are free, and which to choose.
//
// Any thread. What is free now may be taken a moment later; the process that then cannot listen
// says so.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace juxta::deploy {

// nullopt if a server could listen there; else why not ("Address already in use").
std::optional<std::string> why_not_free(const std::string& address, std::uint16_t port);

// A free port of `address` that is not in `taken`, outside the range that the system gives to
// outgoing connections, so that a dead element's port stays free for its next start. Throws Error
// unavailable if there is none.
std::uint16_t choose_port(const std::string& address, const std::set<std::uint16_t>& taken);

}  // namespace juxta::deploy
