// Where data are or are to go, as GridRPC's data management names it (GFD-R-P.186, 4.1.1):
// scheme:[//host[:port]]/path. The schemes are told in grpc_data.h. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace juxta::gridrpc {

struct Uri {
    enum class Kind { memory, file, http, platform };

    Kind kind = Kind::file;
    std::string host;        // empty: this one, or any
    std::uint16_t port = 0;  // 0: the usual
    // memory: the key; file: the path; http: the target, from its '/'; platform: a name or id.
    std::string path;
    std::string text;  // as it was given

    friend bool operator==(const Uri&, const Uri&) = default;
};

// nullopt: it is none that is understood here.
std::optional<Uri> parse_uri(std::string_view text);

}  // namespace juxta::gridrpc
