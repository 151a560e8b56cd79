// The parent agent over CORBA: what a Membership uses (agent/core/membership.h).
//
// An edge: it translates, and sets the deadline of each call. Any thread.
#pragma once

#include <string>

#include "agent.hh"
#include "agent/core/membership.h"
#include "common/base/guarded.h"
#include "common/orb/node.h"
#include "element.hh"

namespace juxta::agent {

class CorbaParentLink final : public ParentLink {
public:
    // `address`: "host:port" of the parent. Asks nobody yet; throws invalid_argument if `address`
    // is none. `node` must outlive the link.
    CorbaParentLink(orb::Node& node, const std::string& address);

    unsigned join(const ChildInfo& self) override;                          // within 1500 ms
    void renew(const std::string& name, Incarnation incarnation) override;  // within 1000 ms
    void leave(const std::string& name, Incarnation incarnation) override;  // within 300 ms

    // The parent's element name; empty until the first join has succeeded.
    std::string parent_name() const;

private:
    void learn_name();

    Wire::Agent_var agent_;
    Wire::Element_var element_;
    Guarded<std::string> name_;
};

}  // namespace juxta::agent
