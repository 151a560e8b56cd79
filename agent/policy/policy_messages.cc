#include "agent/policy/policy_messages.h"

#include <bit>

#include "common/base/error.h"

namespace juxta::agent {
namespace {

void real(Packer& into, double value) { into.number(std::bit_cast<std::uint64_t>(value)); }
double real(Unpacker& from) { return std::bit_cast<double>(from.number()); }

void pack_candidate(Packer& into, const Candidate& candidate) {
    const EstimationVector& seen = candidate.estimation;
    into.text(candidate.sed.name);
    into.text(candidate.sed.place.host);
    into.text(candidate.sed.place.cluster);
    for (std::uint64_t number :
         {std::uint64_t{seen.slots}, std::uint64_t{seen.running}, std::uint64_t{seen.queued},
          seen.bytes_here, seen.bytes_cluster, seen.bytes_to_move})
        into.number(number);
    for (double value : {seen.free_memory, seen.free_cores, seen.speed, seen.expected_run_s,
                         seen.backlog_s, seen.since_last_s, seen.transfer_s})
        real(into, value);
    into.number(seen.arguments.size());
    for (const ArgumentLocality& argument : seen.arguments) {
        into.text(argument.argument);
        for (std::uint64_t number :
             {argument.bytes, argument.bytes_here, argument.bytes_cluster, argument.bytes_to_move})
            into.number(number);
        real(into, argument.transfer_s);
    }
    into.number(seen.metrics.size());
    for (const Metric& metric : seen.metrics) {
        into.text(metric.name);
        real(into, metric.value);
    }
}

policy::Candidate unpack_candidate(Unpacker& from) {
    policy::Candidate candidate;
    for (std::string* text : {&candidate.sed, &candidate.host, &candidate.cluster})
        *text = from.text();
    for (std::uint32_t* number : {&candidate.slots, &candidate.running, &candidate.queued})
        *number = static_cast<std::uint32_t>(from.number());
    for (std::uint64_t* number :
         {&candidate.bytes_here, &candidate.bytes_cluster, &candidate.bytes_to_move})
        *number = from.number();
    for (double* value : {&candidate.free_memory, &candidate.free_cores, &candidate.speed,
                          &candidate.expected_run_s, &candidate.backlog_s, &candidate.since_last_s,
                          &candidate.transfer_s})
        *value = real(from);
    for (std::uint64_t left = from.number(); left > 0; --left) {
        policy::Argument argument;
        argument.name = from.text();
        for (std::uint64_t* number : {&argument.bytes, &argument.bytes_here,
                                      &argument.bytes_cluster, &argument.bytes_to_move})
            *number = from.number();
        argument.transfer_s = real(from);
        candidate.arguments.push_back(std::move(argument));
    }
    for (std::uint64_t left = from.number(); left > 0; --left) {
        std::string name = from.text();
        candidate.metrics[std::move(name)] = real(from);
    }
    return candidate;
}

}  // namespace

void pack_kind(Packer& into, PolicyMessage kind) { into.number(static_cast<std::uint64_t>(kind)); }

PolicyMessage unpack_policy_kind(Unpacker& from) {
    const std::uint64_t kind = from.number();
    if (kind > static_cast<std::uint64_t>(PolicyMessage::failed)) {
        throw Error(ErrorCode::internal, "an unknown message between agent and policy");
    }
    return static_cast<PolicyMessage>(kind);
}

void pack_rank(Packer& into, const ScheduleRequest& request,
               const std::vector<Candidate>& candidates, const std::vector<std::size_t>& order) {
    pack_kind(into, PolicyMessage::rank);
    into.text(to_string(request.id));
    into.text(request.service);
    into.number(request.inline_bytes);
    into.number(order.size());
    for (std::size_t i : order) pack_candidate(into, candidates[i]);
}

Question unpack_rank(Unpacker& from) {
    Question question;
    question.request.id = from.text();
    question.request.service = from.text();
    question.request.inline_bytes = from.number();
    for (std::uint64_t left = from.number(); left > 0; --left) {
        question.candidates.push_back(unpack_candidate(from));
    }
    return question;
}

void pack_order(Packer& into, const std::vector<std::size_t>& order) {
    pack_kind(into, PolicyMessage::order);
    into.number(order.size());
    for (std::size_t i : order) into.number(i);
}

std::vector<std::size_t> unpack_order(Unpacker& from) {
    std::vector<std::size_t> order;
    for (std::uint64_t left = from.number(); left > 0; --left) order.push_back(from.number());
    return order;
}

}  // namespace juxta::agent
