// The verbs services, call, wait, cancel, why and policy. Each returns the exit code; failures are
// thrown as Error, but for a call that ended as failed or cancelled: it is told in full, with exit
// code 1.
#pragma once

#include <string>
#include <vector>

#include "juxta/client.h"

namespace juxta::tools {

struct CallCommand {
    std::string service;
    std::vector<std::string> arguments;  // as typed
    std::vector<std::string> outputs;    // names for the array outputs, in profile order
    bool async = false;
    double deadline_s = 0;
};

struct PolicyCommand {
    std::string action;  // empty: show; "use" a shipped one, or "load" a file
    std::string what;
};

// What somebody typed. Throws Error invalid_argument.
RequestId request_id(const std::string& text);

int services(const Client& client, bool json);
int call(const Client& client, const CallCommand& command, bool json);
int wait(const Client& client, const std::string& request, bool json);
int cancel(const Client& client, const std::string& request, bool json);
int why(const Client& client, const std::string& request, bool json);
int policy(const Client& client, const PolicyCommand& command, bool json);

}  // namespace juxta::tools
