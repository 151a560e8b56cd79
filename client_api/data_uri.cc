#include "client_api/data_uri.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace juxta::gridrpc {
namespace {

std::optional<Uri::Kind> kind_of(std::string scheme) {
    std::ranges::transform(scheme, scheme.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (scheme == "memory") return Uri::Kind::memory;
    if (scheme == "file" || scheme == "lfs" || scheme == "dfs") return Uri::Kind::file;
    if (scheme == "http") return Uri::Kind::http;
    if (scheme == "juxta") return Uri::Kind::platform;
    return std::nullopt;
}

// "host:port"; false if the port is none.
bool split_authority(std::string_view authority, Uri& uri) {
    const std::size_t colon = authority.rfind(':');
    uri.host = authority.substr(0, colon);
    if (colon == std::string_view::npos) return true;
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), uri.port);
    return error == std::errc{} && end == port.data() + port.size() && uri.port != 0;
}

}  // namespace

std::optional<Uri> parse_uri(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto kind = kind_of(std::string(text.substr(0, colon)));
    if (!kind) return std::nullopt;
    Uri uri;
    uri.kind = *kind;
    uri.text = text;
    std::string_view rest = text.substr(colon + 1);
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        const std::size_t slash = rest.find('/');
        if (!split_authority(rest.substr(0, slash), uri)) return std::nullopt;
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    }
    uri.path = rest;
    switch (uri.kind) {
        case Uri::Kind::http:
            if (uri.host.empty() || (!uri.path.empty() && uri.path[0] != '/')) return std::nullopt;
            if (uri.path.empty()) uri.path = "/";
            return uri;
        case Uri::Kind::memory:
        case Uri::Kind::platform: uri.path.erase(0, uri.path.find_first_not_of('/')); break;
        case Uri::Kind::file: break;
    }
    const bool control = std::ranges::any_of(uri.path, [](unsigned char c) { return c < ' '; });
    if (uri.path.empty() || control) return std::nullopt;
    return uri;
}

}  // namespace juxta::gridrpc
