// What a user is told of a datum that cannot be reached.
#pragma once

#include "common/base/error.h"
#include "data_service/core/datum_info.h"

namespace juxta::data {

// "d:... 'name' (copies 1, persistent, cluster c1)".
std::string label_of(const DatumInfo& info);

Error lost_error(const DatumInfo& info);
// `last`: what the last attempt met.
Error unavailable_error(const DatumInfo& info, const std::string& last);

// The failure may pass: look up the views again and repeat.
bool may_pass(ErrorCode code);

}  // namespace juxta::data
