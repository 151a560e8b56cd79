// The verbs why and policy (commands_call.h).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/commands_call.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using Json = nlohmann::ordered_json;

// As the policies count it: nothing while a slot is free.
double wait_s(const EstimationVector& seen) {
    if (seen.queued == 0 && seen.running < seen.slots) return 0;
    return seen.backlog_s / seen.slots;
}

double estimate_s(const EstimationVector& seen) {
    return wait_s(seen) + seen.transfer_s + seen.expected_run_s;
}

Json candidate_json(const Candidate& candidate, std::size_t rank) {
    const EstimationVector& seen = candidate.estimation;
    Json arguments = Json::array();
    for (const ArgumentLocality& each : seen.arguments) {
        arguments.push_back({{"name", each.argument},
                             {"bytes", each.bytes},
                             {"bytes_here", each.bytes_here},
                             {"bytes_cluster", each.bytes_cluster},
                             {"bytes_to_move", each.bytes_to_move},
                             {"transfer_s", each.transfer_s}});
    }
    Json metrics = Json::object();
    for (const Metric& each : seen.metrics) metrics[each.name] = each.value;
    return {{"sed", candidate.sed.name},
            {"rank", rank},
            {"bytes_here", seen.bytes_here},
            {"bytes_cluster", seen.bytes_cluster},
            {"bytes_to_move", seen.bytes_to_move},
            {"transfer_s", seen.transfer_s},
            {"queue", seen.queued},
            {"estimate_s", estimate_s(seen)},
            {"arguments", arguments},
            {"host", candidate.sed.place.host},
            {"cluster", candidate.sed.place.cluster},
            {"slots", seen.slots},
            {"running", seen.running},
            {"wait_s", wait_s(seen)},
            {"run_s", seen.expected_run_s},
            {"speed", seen.speed},
            {"free_memory", seen.free_memory},
            {"free_cores", seen.free_cores},
            {"since_last_s", seen.since_last_s},
            {"metrics", metrics}};
}

std::string state_of(const Explanation& why) {
    if (!why.decision.waits_for.empty()) return std::string(name_of(CallState::queued));
    return why.report ? std::string(name_of(why.report->state)) : "unknown";
}

std::string reason_of(const Explanation& why) {
    if (!why.decision.waits_for.empty()) return why.decision.waits_for;
    if (why.report) return why.report->reason;
    return "no server that answers has it: it is on its way to one, or its server died, or it was "
           "over long ago";
}

std::string chosen(const Explanation& why) {
    if (!why.sed.empty()) return why.sed;
    return why.decision.candidates.empty() ? "" : why.decision.candidates.front().sed.name;
}

void print_json(const Json& document) {
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void print_table(const Explanation& why) {
    fmt::print("{:<4} {:<16} {:>12} {:>12} {:>12} {:>11} {:>6} {:>11} {:>11} {:>11}\n", "rank",
               "sed", "here", "in cluster", "to move", "transfer", "queue", "wait", "run",
               "estimate");
    std::size_t rank = 0;
    for (const Candidate& candidate : why.decision.candidates) {
        const EstimationVector& seen = candidate.estimation;
        fmt::print("{:<4} {:<16} {:>12} {:>12} {:>12} {:>11} {:>6} {:>11} {:>11} {:>11}\n", ++rank,
                   candidate.sed.name, human_bytes(seen.bytes_here),
                   human_bytes(seen.bytes_cluster), human_bytes(seen.bytes_to_move),
                   human_seconds(seen.transfer_s), seen.queued, human_seconds(wait_s(seen)),
                   seen.expected_run_s > 0 ? human_seconds(seen.expected_run_s) : "never ran",
                   human_seconds(estimate_s(seen)));
    }
}

void print_policy(const PolicyStatus& status) {
    fmt::print("{}{}, {} calls ranked\n", status.name, status.loaded ? " (loaded)" : "",
               status.ranked);
    if (!status.disabled.empty()) {
        fmt::print("{} is disabled: {}\n", status.disabled, one_line(status.why_disabled));
    }
    fmt::print("shipped: {}\n", fmt::join(status.shipped, ", "));
}

}  // namespace

int why(const Client& client, const std::string& request, bool as_json) {
    const Explanation why = client.explain(request_id(request));
    const Decision& decision = why.decision;
    if (!as_json && !decision.waits_for.empty()) {
        fmt::print("{}: not placed yet\n{}\n", to_string(decision.id), decision.waits_for);
        return kSuccess;
    }
    if (!as_json) {
        fmt::print("{} of {}: placed by {} {} ago{}, at {}: {}\n", to_string(decision.id),
                   decision.service, decision.policy, human_seconds(decision.age_s),
                   decision.attempt > 1 ? fmt::format(", for the {}. time", decision.attempt) : "",
                   chosen(why), state_of(why));
        if (const std::string reason = reason_of(why); !reason.empty()) fmt::print("{}\n", reason);
        print_table(why);
        if (!why.report) return kSuccess;
        fmt::print("really: transferred {}, queued {}, run {}\n",
                   human_seconds(why.report->transfer_s), human_seconds(why.report->queue_s),
                   human_seconds(why.report->run_s));
        return kSuccess;
    }
    Json candidates = Json::array();
    for (const Candidate& each : decision.candidates)
        candidates.push_back(candidate_json(each, candidates.size() + 1));
    Json document{{"request", to_string(decision.id)},
                  {"policy", decision.policy},
                  {"chosen", chosen(why)},
                  {"candidates", candidates},
                  {"service", decision.service},
                  {"attempt", decision.attempt},
                  {"age_s", decision.age_s},
                  {"state", state_of(why)},
                  {"reason", reason_of(why)},
                  {"seconds", nullptr}};
    if (why.report) {
        document["seconds"] = {{"transfer", why.report->transfer_s},
                               {"queue", why.report->queue_s},
                               {"run", why.report->run_s}};
    }
    print_json(document);
    return kSuccess;
}

int policy(const Client& client, const PolicyCommand& command, bool as_json) {
    const PolicyStatus status = command.action == "use"    ? client.use_policy(command.what)
                                : command.action == "load" ? client.load_policy(command.what)
                                                           : client.policy();
    if (!as_json) {
        print_policy(status);
        return kSuccess;
    }
    Json document{{"policy", status.name},
                  {"loaded", status.loaded},
                  {"ranked", status.ranked},
                  {"disabled", nullptr},
                  {"shipped", status.shipped}};
    if (!status.disabled.empty()) {
        document["disabled"] = {{"policy", status.disabled}, {"why", status.why_disabled}};
    }
    print_json(document);
    return kSuccess;
}

}  // namespace juxta::tools
