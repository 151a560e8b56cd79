// The names of things, as every layer and every process knows them.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/strong_id.h"

namespace juxta {

// 128 bits that nobody can guess. The upper 16 bits tag the cluster where the thing was made, so
// that a datum of another cluster is found by asking one other cluster; the rest is random.
struct Id128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend auto operator<=>(const Id128&, const Id128&) = default;
    bool is_nil() const { return high == 0 && low == 0; }
};

// The tag that data ids made in `cluster` carry. Two clusters of a platform with the same tag are
// refused when the platform is validated.
std::uint16_t cluster_tag(std::string_view cluster);

// What the user allocates and names; printed "d:" and 32 hexadecimal digits.
struct DataId : Id128 {
    static DataId make(std::string_view cluster);
    std::uint16_t birth_tag() const { return static_cast<std::uint16_t>(high >> 48); }
    friend auto operator<=>(const DataId&, const DataId&) = default;
};

// One submitted call; printed "r:" and 32 hexadecimal digits. Kept across the retries of the call,
// also by every operation on data that the call causes, so that a repeat does nothing twice.
struct RequestId : Id128 {
    static RequestId make();
    friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

std::string to_string(const DataId& id);
std::string to_string(const RequestId& id);

// nullopt unless `text` is exactly what to_string prints.
std::optional<DataId> parse_data_id(std::string_view text);
std::optional<RequestId> parse_request_id(std::string_view text);

// A process that uses the data service: a client, a SeD. Random, new at each start.
using ClientId = StrongId<struct ClientIdTag>;

// A provider, named the same over restarts: a hash of its element name (collisions are refused at
// registration).
using ProviderId = StrongId<struct ProviderIdTag>;
ProviderId provider_id(std::string_view element_name);

// Counts the starts of one element; each start is a new incarnation, greater than all before.
using Incarnation = std::uint64_t;

// Where a process is. Processes whose host names differ share nothing but the network.
struct Place {
    std::string host;
    std::string cluster;

    friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace juxta

template <>
struct std::hash<juxta::DataId> {
    std::size_t operator()(const juxta::DataId& id) const noexcept { return id.low ^ id.high; }
};
template <>
struct std::hash<juxta::RequestId> {
    std::size_t operator()(const juxta::RequestId& id) const noexcept { return id.low ^ id.high; }
};
