#include "common/orb/model_wire.h"

#include <cstring>

#include "common/base/error.h"
#include "common/orb/wire_enum.h"

namespace juxta::orb {
namespace {

Wire::ArgumentSpec argument_to_wire(const ArgumentSpec& argument) {
    Wire::ArgumentSpec wire;
    wire.name = argument.name.c_str();
    wire.direction = static_cast<Wire::Mode>(argument.mode);
    wire.element = static_cast<Wire::ElementType>(argument.element);
    wire.dimensions = static_cast<Wire::Rank>(argument.rank);
    wire.sizes = to_wire(argument.extents);
    return wire;
}

ArgumentSpec argument_from_wire(const Wire::ArgumentSpec& wire) {
    return {wire.name.in(), checked<Mode>(wire.direction, Wire::MODE_OUT, "argument mode"),
            checked<ElementType>(wire.element, Wire::FILE_BYTES, "element type"),
            checked<Rank>(wire.dimensions, Wire::MATRIX, "rank"), from_wire(wire.sizes)};
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
        throw Error(ErrorCode::invalid_argument,
                    "the shape " + to_string(ours.shape) + " is too large");
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
        throw Error(ErrorCode::invalid_argument, "a value said to be " + to_string(value.type) +
                                                     " has " + std::to_string(value.bytes.size()) +
                                                     " bytes");
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
    wire.clusters = spec.clusters;
    wire.kept = to_wire(spec.persistence);
    wire.ends = static_cast<Wire::Lifetime>(spec.lifetime);
    wire.client = spec.client.value;
    wire.lease_ms = spec.lease_ms;
    wire.durable = spec.durable;
    wire.protocol = spec.protocol.c_str();
    wire.preferred_host = spec.preferred_host.c_str();
    fill(wire.block_bytes, spec.block_bytes, [](std::uint64_t bytes) { return bytes; });
    wire.dist = spec.layout.dist.c_str();
    wire.grid = spec.layout.grid.c_str();
    wire.src = spec.layout.src.c_str();
    return wire;
}
DataSpec from_wire(const Wire::DataSpec& wire) {
    return {
        from_wire(wire.type),
        wire.name.in(),
        wire.copies,
        wire.clusters,
        from_wire(wire.kept),
        checked<Lifetime>(wire.ends, Wire::WITH_LEASE, "lifetime"),
        ClientId{wire.client},
        wire.lease_ms,
        static_cast<bool>(wire.durable),
        wire.protocol.in(),
        wire.preferred_host.in(),
        collect(wire.block_bytes, [](CORBA::ULongLong bytes) -> std::uint64_t { return bytes; }),
        {wire.dist.in(), wire.grid.in(), wire.src.in()}};
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
    return {
        from_wire(wire.id), from_wire(wire.type), wire.size_bytes,
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
    return collect(locations,
                   [](const Wire::DatumLocation& location) { return from_wire(location); });
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
        return Movement{moved.argument.in(), moved.source.in(), moved.target.in(),
                        moved.size_bytes};
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
    wire.counts = {status.counters.calls_in,          status.counters.calls_out,
                   status.counters.data_bytes_in,     status.counters.data_bytes_out,
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
    status.counters = {wire.counts.calls_in,          wire.counts.calls_out,
                       wire.counts.data_bytes_in,     wire.counts.data_bytes_out,
                       wire.counts.data_bytes_mapped, wire.counts.consensus_commits};
    return status;
}

}  // namespace juxta::orb
