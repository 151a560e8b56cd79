// What an agent and a policy's process say to each other.
//
//     agent   load: the shared object, as a descriptor  ->  process  ready, or failed: why
//     agent   rank: a request and its candidates        ->  process  order, or failed: why
//
// Decoding throws Error internal for what is malformed.
#pragma once

#include <string>
#include <vector>

#include "agent/juxta/policy.h"
#include "common/model/scheduling.h"
#include "common/process/channel.h"

namespace juxta::agent {

enum class PolicyMessage : std::uint64_t { load, ready, rank, order, failed };

void pack_kind(Packer& into, PolicyMessage kind);
PolicyMessage unpack_policy_kind(Unpacker& from);

void pack_rank(Packer& into, const ScheduleRequest& request,
               const std::vector<Candidate>& candidates, const std::vector<std::size_t>& order);

// What pack_rank packed, in the order that it was given.
struct Question {
    policy::Request request;
    std::vector<policy::Candidate> candidates;
};
Question unpack_rank(Unpacker& from);

void pack_order(Packer& into, const std::vector<std::size_t>& order);
std::vector<std::size_t> unpack_order(Unpacker& from);

}  // namespace juxta::agent
