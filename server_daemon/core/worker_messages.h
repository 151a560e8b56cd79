// What a SeD and a worker say to each other.
//
//     SeD     run: a service and its arguments
//     worker  allocate: room for an output   ->  SeD  place: a descriptor, "by value", or a refusal
//     SeD     measure: a request                     ->  worker  measured: what each metric says
//     worker  done: the values of the outputs, or failed: a code and a text
//
// Encoded with Packer; decoding throws Error internal for what is malformed.
#pragma once

#include <vector>

#include "common/process/channel.h"
#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

enum class MessageKind : std::uint64_t { run, place, allocate, done, failed, measure, measured };

// Descriptors travel beside the bytes: `descriptors` gets those of the order, each once.
void pack_run(Packer& into, const WorkerOrder& order, std::vector<int>& descriptors);

// A received run. `arguments` own their descriptors.
WorkerOrder unpack_run(Unpacker& from, std::vector<UniqueFd>& descriptors);

struct PlaceMessage {
    bool granted = false;
    bool by_value = false;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool keep = false;
    ErrorCode code = ErrorCode::internal;
    std::string why;
};
void pack(Packer& into, const PlaceMessage& message);
PlaceMessage unpack_place(Unpacker& from);

struct AllocateMessage {
    std::uint64_t argument = 0;
    DataType type;
    std::vector<ino_t> reusable;
};
void pack(Packer& into, const AllocateMessage& message);
AllocateMessage unpack_allocate(Unpacker& from);

// Ends a call: either done or failed.
void pack_outcome(Packer& into, const WorkerOutcome& outcome);
WorkerOutcome unpack_outcome(MessageKind kind, Unpacker& from);

// A request that the metrics are asked about. `bytes`: of each of `names`, 0 if not known.
struct MetricQuestion {
    std::string service;  // full name
    std::uint64_t inline_bytes = 0;
    std::vector<std::string> names;  // of the arguments that are data
    std::vector<std::uint64_t> bytes;
};
void pack_measure(Packer& into, const MetricQuestion& question);
MetricQuestion unpack_measure(Unpacker& from);  // after its kind
void pack_measured(Packer& into, const std::vector<double>& values);
std::vector<double> unpack_measured(Unpacker& from);  // after its kind

MessageKind unpack_kind(Unpacker& from);

}  // namespace juxta::sed
