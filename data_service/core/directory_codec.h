// Commands as bytes, for the log that the manager's replicas share. One format, little-endian,
// without padding (protocol/archive.h); entries begin with a format number.
//
// Reading checks everything: bytes that are no such value give Error internal, never a crash and
// never more memory than the bytes at hand could fill.
//
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data_service/core/directory.h"

namespace juxta::data {

// Which proposal of which replica an entry is: for that replica to find what came of it.
struct Origin {
    std::uint64_t replica = 0;  // random, of one life of its process
    std::uint64_t proposal = 0;
};

struct LogEntry {
    Origin origin;
    std::vector<Command> commands;
};

std::string encode(const Origin& origin, const std::vector<Command>& commands);
LogEntry decode_entry(std::string_view bytes);

// Roughly what it takes in an entry.
std::size_t encoded_bytes(const Command& command);

}  // namespace juxta::data
