// From what was typed to what a service takes; the profile decides.
//
// An array: "d:ID", the name of a datum, or "@FILE" (.npy, .mtx, bytes). A number: as C writes it,
// complex ones as "1.5-2j" or "1.5,-2". A string: itself, or "@FILE" for a file's contents. A file:
// its path, with or without "@".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/model/profile.h"
#include "juxta/argument.h"
#include "tools/formats/array_file.h"

namespace juxta::tools {

struct TypedArguments {
    std::vector<Arg> arguments;                     // of the IN and INOUT arguments, in order
    std::vector<formats::ArraySource> array_files;  // what `arguments` point into
};

// Error invalid_argument, naming the service and the argument: wrong number of arguments, not a
// number, a file whose array is of another type or rank.
TypedArguments typed_arguments(const Profile& profile, const std::vector<std::string>& words);

}  // namespace juxta::tools
