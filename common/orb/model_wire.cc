#include "common/orb/model_wire.h"

#include <cstring>

#include "common/base/error.h"
#include "common/orb/error_bridge.h"

namespace juxta::orb {
namespace {

// IDL enumerations are in the order of ours; a newer peer may send one that we do not know.
template <class Ours, class Theirs>
Ours checked(Theirs theirs, Theirs last, const char* what) {
    if (theirs > last) {
        throw Error(ErrorCode::invalid_argument, std::string("unknown ") + what + " on the wire");
    }
    return static_cast<Ours>(theirs);
}

Wire::ArgumentSpec argument_to_wire(const ArgumentSpec& argument) {
    Wire::ArgumentSpec wire;
    wire.name = argument.name.c_str();
    wire.direction = static_cast<Wire::Mode>(argument.mode);
    wire.element = static_cast<Wire::ElementType>(argument.element);
    wire.dimensions = static_cast<Wire::Rank>(argument.rank);
    return wire;
}

ArgumentSpec argument_from_wire(const Wire::ArgumentSpec& wire) {
    return {wire.name.in(), checked<Mode>(wire.direction, Wire::MODE_OUT, "argument mode"),
            checked<ElementType>(wire.element, Wire::FILE_BYTES, "element type"),
            checked<Rank>(wire.dimensions, Wire::MATRIX, "rank")};
}

}  // namespace

Wire::DataId to_wire(const DataId& id) { return {id.high, id.low}; }
DataId from_wire(const Wire::DataId& id) { return DataId{{id.high, id.low}}; }
Wire::RequestId to_wire(const RequestId& id) { return {id.high, id.low}; }
RequestId from_wire(const Wire::RequestId& id) { return RequestId{{id.high, id.low}}; }

Wire::Place to_wire(const Place& place) {
    Wire::Place wire;
    wire.host = place.host.c_str();
    wire.cluster = place.cluster.c_str();
    return wire;
}
Place from_wire(const Wire::Place& place) { return {place.host.in(), place.cluster.in()}; }

Wire::Strings to_wire(const std::vector<std::string>& strings) {
    Wire::Strings wire;
    fill(wire, strings, [](const std::string& text) { return text.c_str(); });
    return wire;
}
std::vector<std::string> from_wire(const Wire::Strings& strings) {
    return collect(strings, [](const char* text) { return std::string(text); });
}

Wire::DataIds to_wire(const std::vector<DataId>& ids) {
    Wire::DataIds wire;
    fill(wire, ids, [](const DataId& id) { return to_wire(id); });
    return wire;
}
std::vector<DataId> from_wire(const Wire::DataIds& ids) {
    return collect(ids, [](const Wire::DataId& id) { return from_wire(id); });
}

Wire::DataType to_wire(const DataType& type) {
    Wire::DataType wire;
    wire.element = static_cast<Wire::ElementType>(type.element);
    fill(wire.extents, type.shape, [](std::uint64_t extent) { return extent; });
    return wire;
}
DataType from_wire(const Wire::DataType& type) {
    DataType ours;
    ours.element = checked<ElementType>(type.element, Wire::FILE_BYTES, "element type");
    for (CORBA::ULong i = 0; i < type.extents.length(); ++i) ours.shape.push_back(type.extents[i]);
    if (!bytes_of(ours)) {
        throw Error(ErrorCode::invalid_argument, "the shape " + to_string(ours.shape) + " is too large");
    }
    return ours;
}

Wire::Value to_wire(const Value& value) {
    Wire::Value wire;
    wire.type = to_wire(value.type);
    wire.content.length(static_cast<CORBA::ULong>(value.bytes.size()));
    if (!value.bytes.empty()) {
        std::memcpy(wire.content.get_buffer(), value.bytes.data(), value.bytes.size());
    }
    return wire;
}
Value from_wire(const Wire::Value& wire) {
    Value value;
    value.type = from_wire(wire.type);
    const auto* first = reinterpret_cast<const std::byte*>(wire.content.get_buffer());
    value.bytes.assign(first, first + wire.content.length());
    if (bytes_of(value.type) != value.bytes.size()) {
        throw Error(ErrorCode::invalid_argument,
                    "a value said to be " + to_string(value.type) + " has " +
                        std::to_string(value.bytes.size()) + " bytes");
    }
    return value;
}

Wire::Profile to_wire(const Profile& profile) {
    Wire::Profile wire;
    wire.name = profile.name.c_str();
    wire.service_module = profile.module.c_str();
    fill(wire.arguments, profile.arguments, argument_to_wire);
    wire.repeat = profile.retry == Retry::never ? Wire::RETRY_NEVER : Wire::RETRY_ALWAYS;
    return wire;
}
Profile from_wire(const Wire::Profile& wire) {
    return {wire.name.in(), wire.service_module.in(), collect(wire.arguments, argument_from_wire),
            wire.repeat == Wire::RETRY_NEVER ? Retry::never : Retry::always};
}
Wire::Profiles to_wire(const std::vector<Profile>& profiles) {
    Wire::Profiles wire;
    fill(wire, profiles, [](const Profile& profile) { return to_wire(profile); });
    return wire;
}
std::vector<Profile> from_wire(const Wire::Profiles& profiles) {
    return collect(profiles, [](const Wire::Profile& profile) { return from_wire(profile); });
}

Wire::Persistence to_wire(Persistence mode) { return static_cast<Wire::Persistence>(mode); }
Persistence from_wire(Wire::Persistence mode) {
    return checked<Persistence>(mode, Wire::UNIQUE_STICKY, "persistence mode");
}

Wire::DataSpec to_wire(const DataSpec& spec) {
    Wire::DataSpec wire;
    wire.type = to_wire(spec.type);
    wire.name = spec.name.c_str();
    wire.copies = spec.copies;
    wire.kept = to_wire(spec.persistence);
    wire.ends = static_cast<Wire::Lifetime>(spec.lifetime);
    wire.client = spec.client.value;
    wire.protocol = spec.protocol.c_str();
    wire.preferred_host = spec.preferred_host.c_str();
    return wire;
}
DataSpec from_wire(const Wire::DataSpec& wire) {
    return {from_wire(wire.type), wire.name.in(), wire.copies, from_wire(wire.kept),
            checked<Lifetime>(wire.ends, Wire::WITH_CLIENT, "lifetime"), ClientId{wire.client},
            wire.protocol.in(), wire.preferred_host.in()};
}

Wire::DatumLocation to_wire(const DatumLocation& location) {
    Wire::DatumLocation wire;
    wire.id = to_wire(location.id);
    wire.type = to_wire(location.type);
    wire.size_bytes = location.bytes;
    fill(wire.copies, location.copies, [](const DatumLocation::Copy& copy) {
        Wire::LocatedCopy located;
        located.provider_name = copy.provider.c_str();
        located.where = to_wire(copy.place);
        located.cached = copy.cached;
        return located;
    });
    return wire;
}
DatumLocation from_wire(const Wire::DatumLocation& wire) {
    return {from_wire(wire.id), from_wire(wire.type), wire.size_bytes,
            collect(wire.copies, [](const Wire::LocatedCopy& copy) {
                return DatumLocation::Copy{copy.provider_name.in(), from_wire(copy.where), copy.cached};
            })};
}
Wire::DatumLocations to_wire(const std::vector<DatumLocation>& locations) {
    Wire::DatumLocations wire;
    fill(wire, locations, [](const DatumLocation& location) { return to_wire(location); });
    return wire;
}
std::vector<DatumLocation> from_wire(const Wire::DatumLocations& locations) {
    return collect(locations, [](const Wire::DatumLocation& location) { return from_wire(location); });
}

Wire::Movements to_wire(const std::vector<Movement>& movements) {
    Wire::Movements wire;
    fill(wire, movements, [](const Movement& movement) {
        Wire::Movement moved;
        moved.argument = movement.argument.c_str();
        moved.source = movement.from.c_str();
        moved.target = movement.to.c_str();
        moved.size_bytes = movement.bytes;
        return moved;
    });
    return wire;
}
std::vector<Movement> from_wire(const Wire::Movements& movements) {
    return collect(movements, [](const Wire::Movement& moved) {
        return Movement{moved.argument.in(), moved.source.in(), moved.target.in(), moved.size_bytes};
    });
}

Wire::ElementStatus to_wire(const ElementStatus& status) {
    Wire::ElementStatus wire;
    wire.kind = static_cast<Wire::ElementKind>(status.kind);
    wire.name = status.name.c_str();
    wire.parent = status.parent.c_str();
    wire.where = to_wire(status.place);
    wire.pid = status.pid;
    wire.state = static_cast<Wire::ElementState>(status.state);
    wire.incarnation = status.incarnation;
    wire.role = status.role.c_str();
    wire.capacity_bytes = status.capacity;
    wire.used_bytes = status.used;
    wire.counts = {status.counters.calls_in,       status.counters.calls_out,
                   status.counters.data_bytes_in,  status.counters.data_bytes_out,
                   status.counters.data_bytes_mapped, status.counters.consensus_commits};
    return wire;
}
ElementStatus from_wire(const Wire::ElementStatus& wire) {
    ElementStatus status;
    status.kind = checked<ElementKind>(wire.kind, Wire::KIND_PROVIDER, "element kind");
    status.name = wire.name.in();
    status.parent = wire.parent.in();
    status.place = from_wire(wire.where);
    status.pid = wire.pid;
    status.state = checked<ElementState>(wire.state, Wire::STATE_DRAINING, "element state");
    status.incarnation = wire.incarnation;
    status.role = wire.role.in();
    status.capacity = wire.capacity_bytes;
    status.used = wire.used_bytes;
    status.counters = {wire.counts.calls_in,       wire.counts.calls_out,
                       wire.counts.data_bytes_in,  wire.counts.data_bytes_out,
                       wire.counts.data_bytes_mapped, wire.counts.consensus_commits};
    return status;
}

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
    return wire;
}
ScheduleRequest from_wire(const Wire::ScheduleRequest& wire) {
    return {from_wire(wire.id),   wire.service.in(),
            wire.server.in(),     from_wire(wire.excluded),
            from_wire(wire.data), from_wire(wire.data_arguments),
            wire.inline_bytes,    from_wire(wire.locations)};
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
    fill(wire.arguments, vector.arguments, [](const ArgumentLocality& argument) {
        Wire::ArgumentLocality locality;
        locality.argument = argument.argument.c_str();
        locality.size_bytes = argument.bytes;
        locality.bytes_here = argument.bytes_here;
        locality.bytes_cluster = argument.bytes_cluster;
        locality.bytes_to_move = argument.bytes_to_move;
        return locality;
    });
    wire.bytes_here = vector.bytes_here;
    wire.bytes_cluster = vector.bytes_cluster;
    wire.bytes_to_move = vector.bytes_to_move;
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
    vector.arguments = collect(wire.arguments, [](const Wire::ArgumentLocality& locality) {
        return ArgumentLocality{locality.argument.in(), locality.size_bytes, locality.bytes_here,
                                locality.bytes_cluster, locality.bytes_to_move};
    });
    vector.bytes_here = wire.bytes_here;
    vector.bytes_cluster = wire.bytes_cluster;
    vector.bytes_to_move = wire.bytes_to_move;
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

namespace {

Wire::Argument argument_value_to_wire(const Argument& argument) {
    Wire::Argument wire;
    if (const auto* value = std::get_if<Value>(&argument)) {
        wire.content(to_wire(*value));
    } else if (const auto* id = std::get_if<DataId>(&argument)) {
        wire.id(to_wire(*id));
    } else if (const auto* wanted = std::get_if<WantedOutput>(&argument)) {
        wire.wanted(to_wire(wanted->spec));
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
        case Wire::ARGUMENT_NOTHING: break;
    }
    return std::monostate{};
}

}  // namespace

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
    result.transfer_s = wire.transfer_s;
    result.queue_s = wire.queue_s;
    result.run_s = wire.run_s;
    result.error = from_wire(wire.error);
    result.message = wire.message.in();
    return result;
}

}  // namespace juxta::orb
