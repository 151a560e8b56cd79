// Scheduling and calls (model_wire.h).
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/wire_enum.h"

namespace juxta::orb {

Wire::SedContact to_wire(const SedContact& sed) {
    Wire::SedContact wire;
    wire.name = sed.name.c_str();
    wire.address = sed.address.c_str();
    wire.incarnation = sed.incarnation;
    wire.where = to_wire(sed.place);
    return wire;
}
SedContact from_wire(const Wire::SedContact& wire) {
    return {wire.name.in(), wire.address.in(), wire.incarnation, from_wire(wire.where)};
}

Wire::ScheduleRequest to_wire(const ScheduleRequest& request) {
    Wire::ScheduleRequest wire;
    wire.id = to_wire(request.id);
    wire.service = request.service.c_str();
    wire.server = request.server.c_str();
    wire.excluded = to_wire(request.excluded);
    wire.data = to_wire(request.data);
    wire.data_arguments = to_wire(request.data_arguments);
    wire.inline_bytes = request.inline_bytes;
    wire.locations = to_wire(request.locations);
    wire.ranked_by = request.policy.c_str();
    return wire;
}
ScheduleRequest from_wire(const Wire::ScheduleRequest& wire) {
    return {from_wire(wire.id),       wire.service.in(),         wire.server.in(),
            from_wire(wire.excluded), from_wire(wire.data),      from_wire(wire.data_arguments),
            wire.inline_bytes,        from_wire(wire.locations), wire.ranked_by.in()};
}

Wire::EstimationVector to_wire(const EstimationVector& vector) {
    Wire::EstimationVector wire;
    wire.slots = vector.slots;
    wire.running = vector.running;
    wire.queued = vector.queued;
    wire.free_memory = vector.free_memory;
    wire.free_cores = vector.free_cores;
    wire.expected_run_s = vector.expected_run_s;
    wire.backlog_s = vector.backlog_s;
    wire.since_last_s = vector.since_last_s;
    wire.accepted = vector.accepted;
    wire.speed = vector.speed;
    wire.links = {vector.links.cluster, vector.links.afar};
    fill(wire.reported, vector.metrics, [](const Metric& metric) {
        Wire::Metric reported;
        reported.name = metric.name.c_str();
        reported.reading = metric.value;
        return reported;
    });
    fill(wire.arguments, vector.arguments, [](const ArgumentLocality& argument) {
        Wire::ArgumentLocality locality;
        locality.argument = argument.argument.c_str();
        locality.size_bytes = argument.bytes;
        locality.bytes_here = argument.bytes_here;
        locality.bytes_cluster = argument.bytes_cluster;
        locality.bytes_to_move = argument.bytes_to_move;
        locality.transfer_s = argument.transfer_s;
        return locality;
    });
    wire.bytes_here = vector.bytes_here;
    wire.bytes_cluster = vector.bytes_cluster;
    wire.bytes_to_move = vector.bytes_to_move;
    wire.transfer_s = vector.transfer_s;
    return wire;
}
EstimationVector from_wire(const Wire::EstimationVector& wire) {
    EstimationVector vector;
    vector.slots = wire.slots;
    vector.running = wire.running;
    vector.queued = wire.queued;
    vector.free_memory = wire.free_memory;
    vector.free_cores = wire.free_cores;
    vector.expected_run_s = wire.expected_run_s;
    vector.backlog_s = wire.backlog_s;
    vector.since_last_s = wire.since_last_s;
    vector.accepted = wire.accepted;
    vector.speed = wire.speed;
    vector.links = {wire.links.cluster_link, wire.links.afar};
    vector.metrics = collect(wire.reported, [](const Wire::Metric& reported) {
        return Metric{reported.name.in(), reported.reading};
    });
    vector.arguments = collect(wire.arguments, [](const Wire::ArgumentLocality& locality) {
        return ArgumentLocality{locality.argument.in(), locality.size_bytes,
                                locality.bytes_here,    locality.bytes_cluster,
                                locality.bytes_to_move, locality.transfer_s};
    });
    vector.bytes_here = wire.bytes_here;
    vector.bytes_cluster = wire.bytes_cluster;
    vector.bytes_to_move = wire.bytes_to_move;
    vector.transfer_s = wire.transfer_s;
    return vector;
}

Wire::Candidates to_wire(const std::vector<Candidate>& candidates) {
    Wire::Candidates wire;
    fill(wire, candidates, [](const Candidate& candidate) {
        return Wire::Candidate{to_wire(candidate.sed), to_wire(candidate.estimation)};
    });
    return wire;
}
std::vector<Candidate> from_wire(const Wire::Candidates& candidates) {
    return collect(candidates, [](const Wire::Candidate& candidate) {
        return Candidate{from_wire(candidate.sed), from_wire(candidate.estimation)};
    });
}

Wire::PolicyStatus to_wire(const PolicyStatus& status) {
    Wire::PolicyStatus wire;
    wire.name = status.name.c_str();
    wire.loaded = status.loaded;
    wire.disabled = status.disabled.c_str();
    wire.why_disabled = status.why_disabled.c_str();
    wire.ranked = status.ranked;
    wire.shipped = to_wire(status.shipped);
    return wire;
}
PolicyStatus from_wire(const Wire::PolicyStatus& wire) {
    return {wire.name.in(),     static_cast<bool>(wire.loaded),
            wire.disabled.in(), wire.why_disabled.in(),
            wire.ranked,        from_wire(wire.shipped)};
}

Wire::Decision to_wire(const Decision& decision) {
    Wire::Decision wire;
    wire.id = to_wire(decision.id);
    wire.service = decision.service.c_str();
    wire.ranked_by = decision.policy.c_str();
    wire.attempt = decision.attempt;
    wire.age_s = decision.age_s;
    wire.ranked = to_wire(decision.candidates);
    wire.waits_for = decision.waits_for.c_str();
    return wire;
}
Decision from_wire(const Wire::Decision& wire) {
    return {from_wire(wire.id), wire.service.in(),      wire.ranked_by.in(), wire.attempt,
            wire.age_s,         from_wire(wire.ranked), wire.waits_for.in()};
}

namespace {

Wire::Argument argument_value_to_wire(const Argument& argument) {
    Wire::Argument wire;
    if (const auto* value = std::get_if<Value>(&argument)) {
        wire.content(to_wire(*value));
    } else if (const auto* id = std::get_if<DataId>(&argument)) {
        wire.id(to_wire(*id));
    } else if (const auto* wanted = std::get_if<WantedOutput>(&argument)) {
        wire.wanted(to_wire(wanted->spec));
    } else if (const auto* pending = std::get_if<PendingOutput>(&argument)) {
        wire.awaited(to_wire(*pending));
    } else {
        wire._default();
        wire._d(Wire::ARGUMENT_NOTHING);
    }
    return wire;
}

Argument argument_value_from_wire(const Wire::Argument& wire) {
    switch (wire._d()) {
        case Wire::ARGUMENT_VALUE: return from_wire(wire.content());
        case Wire::ARGUMENT_DATUM: return from_wire(wire.id());
        case Wire::ARGUMENT_WANTED: return WantedOutput{from_wire(wire.wanted())};
        case Wire::ARGUMENT_PENDING: return from_wire(wire.awaited());
        case Wire::ARGUMENT_NOTHING: break;
    }
    return std::monostate{};
}

}  // namespace

Wire::PendingOutput to_wire(const PendingOutput& pending) {
    Wire::PendingOutput wire;
    wire.producer = to_wire(pending.producer);
    wire.produced = pending.output.c_str();
    wire.argument = pending.argument.c_str();
    return wire;
}
PendingOutput from_wire(const Wire::PendingOutput& wire) {
    return {from_wire(wire.producer), wire.produced.in(), wire.argument.in()};
}

Wire::CallOrder to_wire(const CallOrder& order) {
    Wire::CallOrder wire;
    wire.id = to_wire(order.id);
    wire.client = order.client.value;
    wire.service = order.service.c_str();
    fill(wire.given, order.arguments, argument_value_to_wire);
    wire.deadline_s = order.deadline_s;
    wire.attempt = order.attempt;
    wire.keep_result = order.keep_result;
    return wire;
}
CallOrder from_wire(const Wire::CallOrder& wire) {
    return {from_wire(wire.id), ClientId{wire.client},
            wire.service.in(),  collect(wire.given, argument_value_from_wire),
            wire.deadline_s,    wire.attempt,
            wire.keep_result};
}

Wire::CallResult to_wire(const CallResult& result) {
    Wire::CallResult wire;
    wire.id = to_wire(result.id);
    wire.state = static_cast<Wire::CallState>(result.state);
    wire.sed = result.sed.c_str();
    wire.attempts = result.attempts;
    fill(wire.produced, result.outputs, [](const Output& output) {
        Wire::Output produced;
        produced.name = output.name.c_str();
        produced.has_value = output.value.has_value();
        if (output.value) {
            produced.content = to_wire(*output.value);
        } else {
            produced.content.type.element = Wire::INT32;
        }
        produced.has_id = output.id.has_value();
        produced.id = to_wire(output.id.value_or(DataId{}));
        produced.type = to_wire(output.type);
        produced.version = output.version;
        return produced;
    });
    wire.moved = to_wire(result.moved);
    wire.schedule_s = result.schedule_s;
    wire.transfer_s = result.transfer_s;
    wire.queue_s = result.queue_s;
    wire.run_s = result.run_s;
    wire.error = to_wire(result.error);
    wire.message = result.message.c_str();
    return wire;
}
CallResult from_wire(const Wire::CallResult& wire) {
    CallResult result;
    result.id = from_wire(wire.id);
    result.state = checked<CallState>(wire.state, Wire::CALL_CANCELLED, "call state");
    result.sed = wire.sed.in();
    result.attempts = wire.attempts;
    result.outputs = collect(wire.produced, [](const Wire::Output& produced) {
        Output output;
        output.name = produced.name.in();
        if (produced.has_value) output.value = from_wire(produced.content);
        if (produced.has_id) output.id = from_wire(produced.id);
        output.type = from_wire(produced.type);
        output.version = produced.version;
        return output;
    });
    result.moved = from_wire(wire.moved);
    result.schedule_s = wire.schedule_s;
    result.transfer_s = wire.transfer_s;
    result.queue_s = wire.queue_s;
    result.run_s = wire.run_s;
    result.error = from_wire(wire.error);
    result.message = wire.message.in();
    return result;
}

Wire::CallReport to_wire(const CallReport& report) {
    Wire::CallReport wire;
    wire.id = to_wire(report.id);
    wire.state = static_cast<Wire::CallState>(report.state);
    wire.reason = report.reason.c_str();
    wire.transfer_s = report.transfer_s;
    wire.queue_s = report.queue_s;
    wire.run_s = report.run_s;
    return wire;
}
CallReport from_wire(const Wire::CallReport& wire) {
    return {from_wire(wire.id), checked<CallState>(wire.state, Wire::CALL_CANCELLED, "call state"),
            wire.reason.in(),   wire.transfer_s,
            wire.queue_s,       wire.run_s};
}

}  // namespace juxta::orb
