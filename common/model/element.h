// What every process of a platform tells about itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/model/ids.h"

namespace juxta {

enum class ElementKind : std::uint8_t { ma, la, sed, manager, provider };  // also in idl/model.idl
std::string_view name_of(ElementKind kind);
std::optional<ElementKind> parse_element_kind(std::string_view name);

enum class ElementState : std::uint8_t { up, down, joining, draining };  // also in idl/model.idl
std::string_view name_of(ElementState state);

// Counted where it happens, never computed from sizes.
struct Counters {
    std::uint64_t calls_in = 0;       // CORBA requests that arrived
    std::uint64_t calls_out = 0;      // CORBA requests that were sent
    std::uint64_t data_bytes_in = 0;  // operands and results, over sockets
    std::uint64_t data_bytes_out = 0;
    std::uint64_t data_bytes_mapped = 0;  // handed out as mappings
    std::uint64_t consensus_commits = 0;
};

struct ElementStatus {
    ElementKind kind = ElementKind::sed;
    std::string name;
    std::string parent;  // the agent above, or empty
    Place place;
    std::int64_t pid = 0;
    ElementState state = ElementState::up;
    Incarnation incarnation = 0;
    std::string role;            // managers: "leader" or "follower"
    std::uint64_t capacity = 0;  // providers: bytes offered
    std::uint64_t used = 0;      // providers: bytes reserved
    Counters counters;
};

}  // namespace juxta
