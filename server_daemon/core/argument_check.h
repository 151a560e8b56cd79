// Whether the arguments of a call fit the profile of its service. Pure.
#pragma once

#include <string>

#include "common/model/call.h"
#include "common/model/profile.h"

namespace juxta::sed {

// Everything that can be told without the data service: number, kinds, types and sizes of values.
// Throws Error invalid_argument, naming service and argument.
void check_arguments(const Profile& profile, const CallOrder& order);

// Whether the datum `id` of `type` may be argument `index` of `order`. Throws Error
// invalid_argument: "matmul: argument A: expected a double matrix, got double 5 of datum d:...".
void check_datum(const Profile& profile, const CallOrder& order, std::size_t index,
                 const DataId& id, const DataType& type);

// Whether the service may make a result of `type` for argument `index`: its rank, and the extents
// that the profile promises. Throws Error service_failed.
void check_result(const Profile& profile, const CallOrder& order, std::size_t index,
                  const DataType& type);

// "double matrix", "int32", "string".
std::string describe(const ArgumentSpec& argument);

// Whether an array of `type` fits `argument`: element type and rank.
bool fits(const ArgumentSpec& argument, const DataType& type);

}  // namespace juxta::sed
