// What managers told, as users see it.
#pragma once

#include "data_service/core/data_access.h"
#include "data_service/core/datum_info.h"

namespace juxta::data {

DatumDescription describe(const DatumInfo& info);

}  // namespace juxta::data
