#include "common/model/element.h"

#include <array>
#include <optional>

namespace juxta {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"ma", "la", "sed", "manager", "provider"};
constexpr std::array<std::string_view, 4> kStates{"up", "down", "joining", "draining"};

}  // namespace

std::string_view name_of(ElementKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

std::optional<ElementKind> parse_element_kind(std::string_view name) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (kKinds[i] == name) return static_cast<ElementKind>(i);
    }
    return std::nullopt;
}

std::string_view name_of(ElementState state) { return kStates.at(static_cast<std::size_t>(state)); }

}  // namespace juxta
