// A service's name and typed arguments.
#pragma once

#include <string>
#include <vector>

#include "common/model/types.h"

namespace juxta {

enum class Mode : std::uint8_t { in, inout, out };  // also in idl/model.idl
std::string_view name_of(Mode mode);                // "in", "inout", "out"

struct ArgumentSpec {
    std::string name;
    Mode mode = Mode::in;
    ElementType element = ElementType::float64;
    Rank rank = Rank::scalar;  // scalar for string and file
    // How large an array is, by the call's integers: "n", "2 * n + 1" (extent.h), one for each
    // dimension, slowest first. Empty: the array tells its own shape. With them the array may be
    // given as a plain pointer.
    std::vector<std::string> extents{};

    friend bool operator==(const ArgumentSpec&, const ArgumentSpec&) = default;
};

// Whether a call that may have run already may be run again (its SeD died). `never`: such a call
// fails instead.
enum class Retry : std::uint8_t { always, never };

struct Profile {
    std::string name;    // "matmul"
    std::string module;  // "linalg"; the service is also called as "linalg/matmul"
    std::vector<ArgumentSpec> arguments;
    Retry retry = Retry::always;

    std::string full_name() const { return module + '/' + name; }

    // True for "matmul" and for "linalg/matmul".
    bool answers_to(std::string_view service) const {
        return service == name || service == full_name();
    }

    friend bool operator==(const Profile&, const Profile&) = default;
};

// Whether an argument is an array, so that it may be a datum (scalars, strings and files travel
// by value).
constexpr bool is_array(const ArgumentSpec& argument) { return argument.rank != Rank::scalar; }

// "matmul(in A: double matrix, in B: double matrix, out C: double matrix)".
std::string to_string(const Profile& profile);

}  // namespace juxta
