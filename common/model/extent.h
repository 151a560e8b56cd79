// How large an array is that comes without its size: expressions over a call's integers, as in
// GridRPC's interface descriptions: A[n][n], work[2 * n + 1].
//
//     expression = term { ("+" | "-") term }
//     term       = factor { ("*" | "/" | "%") factor }
//     factor     = number | name | "-" factor | "(" expression ")" | ("min" | "max") "(" expression
//                  "," expression ")"
//
// Names are those of the service's IN or INOUT integers. Arithmetic is that of int64; what leaves
// it, divides by zero or comes out negative is refused. Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/profile.h"
#include "common/model/types.h"

namespace juxta {

// The value of an integer argument, by name. Throws Error for what has none.
using IntegerLookup = std::function<std::int64_t(std::string_view name)>;

// Throws Error invalid_argument: the expression, and what is wrong with it.
std::uint64_t evaluate_extent(std::string_view expression, const IntegerLookup& value_of);

// The names in it, each once. Throws Error invalid_argument if it is no expression.
std::vector<std::string> names_in_extent(std::string_view expression);

// Why the extents of this argument cannot stand in the profile; empty if they can, or there are
// none.
std::string why_no_extents(const Profile& profile, const ArgumentSpec& argument);

// The shape that the argument's extents give; it has some. Throws Error invalid_argument, naming
// the argument.
Shape shape_by_extents(const Profile& profile, const ArgumentSpec& argument,
                       const IntegerLookup& value_of);

// For shape_by_extents: looks names up among `profile`'s arguments. `value` gives the value of the
// argument with this number, null if there is none there; it is int32 or int64.
IntegerLookup integers_of(const Profile& profile,
                          std::function<const std::byte*(std::size_t argument)> value);

}  // namespace juxta
