// What was typed, as values. CLI11 is named in command_line.cc only.
#pragma once

#include <functional>
#include <string>

#include "tools/commands_bench.h"
#include "tools/commands_call.h"
#include "tools/commands_data.h"
#include "tools/commands_lock.h"
#include "tools/commands_platform.h"

namespace juxta::tools {

enum class Verb {
    up,
    deploy,
    down,
    validate,
    start,
    stop,
    status,
    services,
    call,
    wait,
    cancel,
    why,
    policy,
    put,
    get,
    set,
    data,
    rm,
    lock,
    bench
};

struct CommandLine {
    Verb verb = Verb::status;
    bool json = false;
    std::string platform;  // NAME or a client configuration's path; empty: the last one
    std::string subject;   // the one positional argument of most verbs
    bool purge = false;
    UpOptions up;
    PutOptions put;
    GetOptions get;
    SetOptions set;
    LockCommand lock;
    CallCommand call;
    PolicyCommand policy;
    BenchOptions bench;
};

// Runs `command` with what was typed; or prints help (exit 0) or one line that says what is wrong
// (exit 2).
int with_command_line(int argc, char** argv, const std::function<int(const CommandLine&)>& command);

}  // namespace juxta::tools
