// A cluster manager, as the scheduler asks it where data are (idl/manager.idl, locate).
//
// An edge: it translates, and sets the deadline of each call. Any thread.
#pragma once

#include <string>

#include "agent/core/data_locator.h"
#include "common/orb/node.h"
#include "manager.hh"

namespace juxta::agent {

class CorbaManagerSource final : public LocationSource {
public:
    // Throws invalid_argument if `address` is no "host:port". Asks nobody yet.
    CorbaManagerSource(orb::Node& node, const std::string& address)
        : manager_(node.resolve<Wire::Manager>(address, "Manager")) {}

    std::vector<DatumLocation> locate(const std::vector<DataId>& ids, unsigned wait_ms) override;

private:
    Wire::Manager_var manager_;
};

}  // namespace juxta::agent
