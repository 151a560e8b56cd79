// One call of a service: what the client sends to the SeD, and what comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/error.h"
#include "common/model/datum.h"
#include "common/model/ids.h"
#include "common/model/types.h"

namespace juxta {

// What the client wants of an OUT argument that is an array. The datum is allocated by the SeD, in
// its cluster, under this spec (type and preferred_host are filled in there).
struct WantedOutput {
    DataSpec spec;
};

// What another call is going to make: an output of it, known by name as long as it is computed. A
// call that takes it is placed once it is there.
struct PendingOutput {
    RequestId producer;
    std::string output;    // argument of the producer
    std::string argument;  // of the call that takes it
    friend bool operator==(const PendingOutput&, const PendingOutput&) = default;
};

// IN: a value or a datum. INOUT: the same (a datum gets a new version; a value comes back as an
// output); or, before it is placed, a PendingOutput. OUT: WantedOutput for arrays, std::monostate
// for scalars, strings and files.
using Argument = std::variant<std::monostate, Value, DataId, WantedOutput, PendingOutput>;

struct CallOrder {
    RequestId id;
    ClientId client;
    std::string service;
    std::vector<Argument> arguments;  // one for each argument of the profile, in order
    double deadline_s = 0;            // from acceptance; 0: none
    std::uint32_t attempt = 1;
    bool keep_result = false;  // until somebody waits for it, whoever that is (--async)
};

enum class CallState : std::uint8_t { queued, running, done, failed, cancelled };
std::string_view name_of(CallState state);

// One OUT or INOUT argument after the call.
struct Output {
    std::string name;
    std::optional<Value> value;  // scalars, strings, files, INOUT values
    std::optional<DataId> id;    // arrays
    DataType type;
    Version version = 0;  // of `id`
};

struct CallResult {
    RequestId id;
    CallState state = CallState::queued;
    std::string sed;
    std::uint32_t attempts = 1;
    std::vector<Output> outputs;  // profile order
    std::vector<Movement> moved;
    double schedule_s = 0, transfer_s = 0, queue_s = 0, run_s = 0;
    ErrorCode error = ErrorCode::internal;  // for failed and cancelled
    std::string message;                    // for people; empty if done

    bool finished() const { return state >= CallState::done; }
    std::uint64_t bytes_moved() const {
        std::uint64_t sum = 0;
        for (const Movement& movement : moved) sum += movement.bytes;
        return sum;
    }
};

// How a call stands at its SeD, for whoever asks why; kept longer than its result.
struct CallReport {
    RequestId id;
    CallState state = CallState::queued;
    std::string reason;  // what a call that is not over waits for, or does
    double transfer_s = 0, queue_s = 0, run_s = 0;  // so far
};

}  // namespace juxta
