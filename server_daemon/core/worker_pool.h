// The port through which a SeD runs calls in worker processes, and the values that pass.
// Implemented by ProcessPool (process_pool.h); by a fake in unit tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/model/types.h"
#include "data_service/core/data_access.h"

namespace juxta::sed {

using SteadyTime = std::chrono::steady_clock::time_point;

// Where an array that the worker makes is to be: a writable descriptor, or, without one, memory of
// the worker, from which it comes back by value.
struct OutputPlace {
    std::shared_ptr<const UniqueFd> fd;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool keep = false;  // mapped after the call, to be lent again (kept_outputs.h)
};

// One argument as a worker gets it.
struct WorkerArgument {
    DataType type;                         // of OUT arguments only the element type counts
    std::optional<Value> value;            // by value
    std::vector<data::LocalPiece> pieces;  // a datum; what no piece covers is zero
    bool is_datum = false;
    std::optional<OutputPlace> place;  // INOUT data: where the new version is made
};

struct WorkerOrder {
    std::string service;  // full name
    std::vector<WorkerArgument> arguments;
    std::optional<SteadyTime> deadline;
};

// Asked while a call runs, by the thread in WorkerRun::wait. `reusable`: the files of places that
// the worker keeps mapped. Throws Error, which fails the call.
class OutputPlaces {
public:
    virtual ~OutputPlaces() = default;
    virtual OutputPlace allocate(std::size_t argument, const DataType& type,
                                 const std::vector<ino_t>& reusable) = 0;
};

// How a run ended. `failure` empty: it is done, and `values` holds what came back by value, one for
// each argument. Where it ended by stop(): cancelled or deadline_exceeded.
struct WorkerOutcome {
    std::optional<Error> failure;
    std::vector<std::optional<Value>> values;
};

// A call in a worker process. Given back by its destructor: a worker in the middle of a call is
// killed.
class WorkerRun {
public:
    virtual ~WorkerRun() = default;

    // Goes on with the run until it has ended or it is `until`; true if it has ended. One thread at
    // a time, not necessarily always the same. `places` must outlive the run.
    virtual bool wait(SteadyTime until) = 0;

    // Once ended.
    virtual WorkerOutcome take_outcome() = 0;

    // Ends it soon: the worker's process group is killed. Any thread; no effect if it has ended.
    virtual void stop() = 0;
};

class WorkerPool {
public:
    virtual ~WorkerPool() = default;

    // Whether a start needs no new process.
    virtual bool has_idle() = 0;

    // Throws Error unavailable if no process can be started.
    virtual std::shared_ptr<WorkerRun> start(const WorkerOrder& order, OutputPlaces& places) = 0;
};

}  // namespace juxta::sed
