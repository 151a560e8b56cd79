// ChildInfo to and from the wire.
#pragma once

#include "agent.hh"
#include "agent/core/child_info.h"

namespace juxta::agent {

Wire::Child to_wire(const ChildInfo& child);

// Throws invalid_argument for what a later peer may send and this one does not know.
ChildInfo from_wire(const Wire::Child& child);

}  // namespace juxta::agent
