#include "common/model/datum.h"

#include <array>

namespace juxta {
namespace {

constexpr std::array<std::string_view, 5> kModes{"volatile", "strictly_volatile", "persistent",
                                                 "sticky", "unique_sticky"};

constexpr std::size_t kLongestName = 255;

// The bytes that follow a first byte of UTF-8; nullopt if none starts so.
std::optional<std::size_t> followers(unsigned char first) {
    if (first < 0x80) return 0;
    if (first >= 0xc2 && first < 0xe0) return 1;
    if (first >= 0xe0 && first < 0xf0) return 2;
    if (first >= 0xf0 && first < 0xf5) return 3;
    return std::nullopt;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto more = followers(static_cast<unsigned char>(text[at++]));
        if (!more || *more > text.size() - at) return false;
        for (const char c : text.substr(at, *more)) {
            if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return false;
        }
        at += *more;
    }
    return true;
}

}  // namespace

std::string why_no_name(std::string_view name) {
    if (name.size() > kLongestName) {
        return "a name of " + std::to_string(name.size()) +
               " bytes is too long for a datum: " + std::to_string(kLongestName) + " is the most";
    }
    if (!is_utf8(name)) return "a name of a datum has to be UTF-8";
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return "a name of a datum has no control characters, such as line ends";
    }
    if (name.starts_with("d:") || name.starts_with('@')) {
        return "'" + std::string(name) +
               "' cannot name a datum: d: starts ids, and @ the names of files";
    }
    return {};
}

std::string_view name_of(Persistence mode) { return kModes.at(static_cast<std::size_t>(mode)); }

std::optional<Persistence> parse_persistence(std::string_view name) {
    for (std::size_t i = 0; i < kModes.size(); ++i) {
        if (kModes[i] == name) return static_cast<Persistence>(i);
    }
    return std::nullopt;
}

}  // namespace juxta
