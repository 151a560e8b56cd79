// Children over CORBA: SeDs (ServerDaemon) and agents below (Agent). References are made once for
// each child and kept.
//
// An edge: it translates, and sets the deadline of each call. Any thread.
#pragma once

#include "agent/core/child_link.h"
#include "common/orb/node.h"

namespace juxta::agent {

class CorbaConnector final : public Connector {
public:
    explicit CorbaConnector(orb::Node& node) : node_(node) {}

    std::shared_ptr<ChildLink> connect(const ChildInfo& child) override;

private:
    orb::Node& node_;
};

}  // namespace juxta::agent
