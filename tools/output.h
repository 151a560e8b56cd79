// What a command tells: one JSON document with --json, else lines for people on standard output;
// failures always one clear line on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/data_access.h"

namespace juxta::tools {

// Exit codes of every command.
constexpr int kSuccess = 0;
constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

// Runs `command` and turns an exception into the failure's line (and, with `json`, its document
// {"error": {"code", "message"}} on standard output) and exit code 1.
int run_reporting(bool json, const std::function<int()>& command);

// A text from elsewhere as a part of one line: no control characters, cut where it is very long.
std::string one_line(std::string text);

void print_error(bool json, const Error& error);

// "1.5 MiB".
std::string human_bytes(std::uint64_t bytes);
// "1.25 ms".
std::string human_seconds(double seconds);

// Of commands that moved something: its line or document; returns kSuccess. `verb`: "put", "got".
int tell_moved(const DataId& id, const std::string& name, Version version, std::uint64_t bytes,
               std::uint64_t moved, bool as_json, const char* verb);
std::uint64_t bytes_of(const std::vector<Movement>& moved);

// All of it, or invalid_argument.
void write_stdout(std::span<const std::byte> content);

// Progress lines of a transfer, on standard error, once it has taken two seconds: rewritten in
// place on a terminal, one line every five seconds otherwise. `what`: "put A.npy".
data::Progress progress_of(std::string what);

}  // namespace juxta::tools
