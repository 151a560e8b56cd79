// A number for each start of an element, greater than all before.
#pragma once

#include <cstdint>
#include <filesystem>

namespace juxta {

// Reads the last number from `file` in the element's store, writes the next one (temporary file,
// sync, rename) and returns it. An empty path (a process without a store): microseconds of the
// wall clock. Throws std::filesystem::filesystem_error if the file cannot be written.
std::uint64_t next_incarnation(const std::filesystem::path& file);

}  // namespace juxta
