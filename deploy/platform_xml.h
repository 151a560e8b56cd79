// Platform descriptors: XML, validated by deploy/platform.xsd, which is compiled in.
//
// DTDs and entities are refused, nothing outside the descriptor is ever opened, and only UTF-8 is
// read. Every complaint is one Error invalid_argument: "FILE:LINE:COLUMN: text".
//
// Threading: one reader at a time a process (Xerces' start and end are not thread-safe).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "deploy/platform.h"

namespace juxta::deploy {

constexpr std::size_t kDescriptorLimit = 16 * 1024 * 1024;  // bytes

// Read, validated and checked (platform_check.h). Relative module paths and storage folders are
// taken from the folder of `file`. not_found if there is no such file.
Platform read_platform(const std::filesystem::path& file);

// The same from memory; `name` stands for the file in complaints.
Platform read_platform_text(const std::string& text, const std::string& name,
                            const std::filesystem::path& folder);

// A descriptor that reads back as an equal platform.
std::string write_platform(const Platform& platform);

}  // namespace juxta::deploy
