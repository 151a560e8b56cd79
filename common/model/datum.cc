#include "common/model/datum.h"

#include <array>

namespace juxta {
namespace {

constexpr std::array<std::string_view, 5> kModes{"volatile", "strictly_volatile", "persistent",
                                                 "sticky", "unique_sticky"};

}  // namespace

std::string_view name_of(Persistence mode) { return kModes.at(static_cast<std::size_t>(mode)); }

std::optional<Persistence> parse_persistence(std::string_view name) {
    for (std::size_t i = 0; i < kModes.size(); ++i) {
        if (kModes[i] == name) return static_cast<Persistence>(i);
    }
    return std::nullopt;
}

}  // namespace juxta
