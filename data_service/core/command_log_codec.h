// Commands and directories as bytes, for the manager's log. One format, little-endian, without
// padding; a format number in the log's header tells a later one apart.
//
// Reading checks everything: bytes that are no such value give Error internal, never a crash and
// never more memory than the bytes at hand could fill.
//
// Threading: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data_service/core/directory.h"

namespace juxta::data {

// Appends to `out`.
void encode(std::string& out, const std::vector<Command>& commands);
void encode(std::string& out, const Directory& directory);

std::vector<Command> decode_commands(std::string_view bytes);
Directory decode_directory(std::string_view bytes);

// CRC-32C (Castagnoli) of `bytes`.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace juxta::data
