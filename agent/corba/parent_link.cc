#include "agent/corba/parent_link.h"

#include "agent/corba/child_wire.h"
#include "common/orb/error_bridge.h"

namespace juxta::agent {

CorbaParentLink::CorbaParentLink(orb::Node& node, const std::string& address)
    : agent_(node.resolve<Wire::Agent>(address, "Agent")),
      element_(node.resolve<Wire::Element>(address, "Element")) {}

unsigned CorbaParentLink::join(const ChildInfo& self) {
    const auto lease_ms = orb::ask([&] {
        orb::Deadline deadline(1500);
        return agent_->join(to_wire(self));
    });
    learn_name();
    return lease_ms;
}

void CorbaParentLink::renew(const std::string& name, Incarnation incarnation) {
    orb::ask([&] {
        orb::Deadline deadline(1000);
        agent_->renew(name.c_str(), incarnation);
    });
}

void CorbaParentLink::leave(const std::string& name, Incarnation incarnation) {
    orb::ask([&] {
        orb::Deadline deadline(300);
        agent_->leave(name.c_str(), incarnation);
    });
}

std::string CorbaParentLink::parent_name() const {
    return name_.with([](const std::string& name) { return name; });
}

// Joining has succeeded; a name that does not come now comes with a later join.
void CorbaParentLink::learn_name() {
    if (!parent_name().empty()) return;
    try {
        const std::string name = orb::ask([&] {
            orb::Deadline deadline(500);
            Wire::ElementStatus_var status = element_->status();
            return std::string(status->name.in());
        });
        name_.with([&](std::string& known) { known = name; });
    } catch (const Error&) {
    }
}

}  // namespace juxta::agent
