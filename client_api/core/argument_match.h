// Holds what a caller gave against a service's profile, before anything is sent. Pure.
//
// Errors are invalid_argument and name the service, the argument, what it expects and what it got.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client_api/core/given.h"
#include "common/model/profile.h"

namespace juxta::client {

// The id or name of a datum, not yet looked up.
struct DatumName {
    std::string text;
};

// One argument of the profile, matched. monostate: an OUT argument that travels by value.
using Matched =
    std::variant<std::monostate, Value, ArrayView, DataId, DatumName, OutputWish, PendingOutput>;

// `given` has one item for each IN and INOUT argument, or one for every argument. `names` are for
// the OUT arrays, in order, and override nothing that `given` says. Array values borrow from
// `given`, which must outlive the result.
std::vector<Matched> match_arguments(const Profile& profile, const std::vector<Given>& given,
                                     const std::vector<std::string>& names = {});

// The same number as another element type; nullopt if it cannot be that exactly. Scalars only.
std::optional<Value> converted(const Value& scalar, ElementType wanted);

}  // namespace juxta::client
