#include "agent/corba/child_wire.h"

#include "common/orb/model_wire.h"

namespace juxta::agent {

Wire::Child to_wire(const ChildInfo& child) {
    Wire::Child wire;
    wire.name = child.name.c_str();
    wire.is_agent = child.is_agent;
    wire.address = child.address.c_str();
    wire.incarnation = child.incarnation;
    wire.where = orb::to_wire(child.place);
    wire.services = orb::to_wire(child.services);
    return wire;
}

ChildInfo from_wire(const Wire::Child& wire) {
    return {wire.name.in(),
            wire.is_agent,
            wire.address.in(),
            wire.incarnation,
            orb::from_wire(wire.where),
            orb::from_wire(wire.services)};
}

}  // namespace juxta::agent
