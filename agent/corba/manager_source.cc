#include "agent/corba/manager_source.h"

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"

namespace juxta::agent {

std::vector<DatumLocation> CorbaManagerSource::locate(const std::vector<DataId>& ids,
                                                      unsigned wait_ms) {
    return orb::ask([&] {
        orb::Deadline deadline(wait_ms);
        Wire::DatumLocations_var found = manager_->locate(orb::to_wire(ids));
        return orb::from_wire(found.in());
    });
}

}  // namespace juxta::agent
