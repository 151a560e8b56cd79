// Turns matched arguments into a call to be run: what travels inside, what is put as data first,
// what is read back and freed at the end.
//
// Values up to 64 KiB travel inside the call, up to 1 MiB in all. Larger arrays become volatile
// data that live for the call. Outputs: named ones are persistent; unnamed ones live as long as the
// client, or until waited for if the call is detached; those wanted in the caller's memory are read
// into it when the call has ended, and freed.
#pragma once

#include <string>
#include <vector>

#include "client_api/core/argument_match.h"
#include "client_api/core/call_runner.h"
#include "data_service/core/data_access.h"

namespace juxta::client {

struct CallTerms {
    double deadline_s = 0;
    std::string server;
    bool server_required = true;
    bool detached = false;
    std::uint16_t copies = 1;  // of named outputs
};

// `access` outlives the call. Blocks while data are put. Afterwards the memory that `arguments`
// borrow may be changed; that of wanted outputs must stay until the call has ended.
NewCall assemble(const Profile& profile, const std::vector<Matched>& arguments,
                 const CallTerms& terms, data::DataAccess& access);

}  // namespace juxta::client
