// The verb lock, and what commands below it find in their environment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data_service/core/data_access.h"
#include "tools/signals.h"

namespace juxta::tools {

struct LockCommand {
    std::string datum;
    bool shared = false;
    std::optional<double> lease_s;
    std::vector<std::string> command;  // empty: hold the lock until a signal ends it
};

// Waits for the lock, in the order of coming; returns the command's exit code (128 + N where signal
// N ended it), or 0. Throws Error lease_expired when the lock was lost, cancelled when a signal
// ended the wait.
int lock(data::DataAccess& data, const LockCommand& command, Signals& signals, bool json);

// Of JUXTA_LOCK=ID:TOKEN, if it is set and names this datum. Throws Error invalid_argument if it
// is set to something else than an id and a token.
std::optional<data::Token> token_from_environment(const DataId& id);

// Throws Error lease_expired unless the token holds the lock of the datum now.
void expect_held(data::DataAccess& data, const DataId& id, data::Token token);

}  // namespace juxta::tools
