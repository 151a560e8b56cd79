// What managers tell clients, to and from the wire. For the manager's servant and the client's
// session.
#pragma once

#include "data_service/core/datum_info.h"
#include "manager.hh"

namespace juxta::data {

Wire::DatumInfo to_wire(const DatumInfo& info);
DatumInfo from_wire(const Wire::DatumInfo& wire);

}  // namespace juxta::data
