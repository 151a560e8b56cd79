#include "common/model/types.h"

#include <array>

namespace juxta {
namespace {

struct Described {
    std::string_view name;
    std::size_t bytes;
};

constexpr std::array<Described, 9> kElements{{{"int32", 4},
                                              {"int64", 8},
                                              {"float", 4},
                                              {"double", 8},
                                              {"complex_float", 8},
                                              {"complex_double", 16},
                                              {"char", 1},
                                              {"string", 1},
                                              {"file", 1}}};

}  // namespace

std::string_view name_of(ElementType type) {
    return kElements.at(static_cast<std::size_t>(type)).name;
}

std::optional<ElementType> parse_element_type(std::string_view name) {
    for (std::size_t i = 0; i < kElements.size(); ++i) {
        if (kElements[i].name == name) return static_cast<ElementType>(i);
    }
    return std::nullopt;
}

std::size_t size_of(ElementType type) { return kElements.at(static_cast<std::size_t>(type)).bytes; }

std::string_view name_of(Rank rank) {
    switch (rank) {
        case Rank::scalar: return "scalar";
        case Rank::vector: return "vector";
        case Rank::matrix: break;
    }
    return "matrix";
}

std::string to_string(const Shape& shape) {
    if (shape.empty()) return "scalar";
    std::string text;
    for (std::uint64_t extent : shape) {
        if (!text.empty()) text += 'x';
        text += std::to_string(extent);
    }
    return text;
}

std::optional<std::uint64_t> bytes_of(const DataType& type) {
    std::uint64_t bytes = size_of(type.element);
    for (std::uint64_t extent : type.shape) {
        if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
    }
    if (bytes >> 63 != 0) return std::nullopt;
    return bytes;
}

std::string to_string(const DataType& type) {
    return std::string(name_of(type.element)) + ' ' + to_string(type.shape);
}

}  // namespace juxta
