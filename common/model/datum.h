// What a user asks of a datum, and what the service tells of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/ids.h"
#include "common/model/types.h"

namespace juxta {

// The guarantees of GFD-R-P.186, table 1, and RR-4924's modes. Also in idl/model.idl.
enum class Persistence : std::uint8_t {
    volatile_,          // lives as long as the call or the handle that made it
    strictly_volatile,  // the same, and no trace is left
    persistent,         // stays; may be copied and migrated
    sticky,             // stays where it is; may be copied
    unique_sticky,      // exactly one copy, where it is
};

// It goes with who made it.
constexpr bool is_fleeting(Persistence mode) {
    return mode == Persistence::volatile_ || mode == Persistence::strictly_volatile;
}

// "volatile", "strictly_volatile", "persistent", "sticky", "unique_sticky".
std::string_view name_of(Persistence mode);
std::optional<Persistence> parse_persistence(std::string_view name);

// Why a datum cannot have this name, or empty: it is UTF-8 of at most 255 bytes without control
// characters, and not to be taken for an id ("d:...") or a file ("@..."). An empty name is none.
std::string why_no_name(std::string_view name);

// Who frees a datum that nobody frees. Also in idl/model.idl.
enum class Lifetime : std::uint8_t {
    until_freed,
    client,  // freed when its client (DataSpec::client) ends or falls silent for its lease
    lease,   // freed when nobody has renewed it for DataSpec::lease_ms
};

// The number of committed states before this one. 0: allocated, never written.
using Version = std::uint64_t;

// The words of a distribution, as on the command line: --dist, --grid, --src. What they mean:
// data_service/distribution/layout_text.h.
struct LayoutText {
    std::string dist;  // empty: none
    std::string grid;  // empty: balanced over as many places as somebody says
    std::string src;   // empty: 0 in all dimensions

    friend bool operator==(const LayoutText&, const LayoutText&) = default;
};

struct DataSpec {
    DataType type;
    std::string name;            // may be empty; naming takes the name from whoever had it
    std::uint16_t copies = 1;    // in each of its clusters
    std::uint16_t clusters = 1;  // that keep copies: the owner, and so many others
    Persistence persistence = Persistence::persistent;
    Lifetime lifetime = Lifetime::until_freed;
    ClientId client;             // whose life counts, for Lifetime::client
    std::uint64_t lease_ms = 0;  // for Lifetime::lease
    bool durable = false;        // every copy is on disk too, before anything is acknowledged
    std::string protocol = "sequential";
    std::string preferred_host;  // first copy there if it has a provider with room; may be empty
    // Bytes of each block, in order: the datum's bytes are those of its blocks one after the
    // other. Empty: one block of all.
    std::vector<std::uint64_t> block_bytes;
    // How the array lies over its blocks: block k is the local piece of place k, column-major as
    // ScaLAPACK's, and block_bytes are the sizes of the pieces. No dist: the blocks one after the
    // other are the array.
    LayoutText layout;

    std::size_t block_count() const { return block_bytes.empty() ? 1 : block_bytes.size(); }
    friend bool operator==(const DataSpec&, const DataSpec&) = default;
};

// Where whole copies of a datum's newest known version are. What the scheduler sees.
struct DatumLocation {
    struct Copy {
        std::string provider;
        Place place;
        bool cached = false;  // a cached version: good for reading, counts for no guarantee
        friend bool operator==(const Copy&, const Copy&) = default;
    };
    DataId id;
    DataType type;
    std::uint64_t bytes = 0;
    std::vector<Copy> copies;
    friend bool operator==(const DatumLocation&, const DatumLocation&) = default;
};

// Bytes that went from one host to another for one argument of a call, counted where they arrived.
struct Movement {
    std::string argument;
    std::string from;  // provider, or "client"
    std::string to;    // provider, or "client"
    std::uint64_t bytes = 0;
    friend bool operator==(const Movement&, const Movement&) = default;
};

}  // namespace juxta
