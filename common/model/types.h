// What arguments and data are made of: element types, shapes, and small values that travel inside
// messages.
//
// Arrays are dense and in row-major (C) order, in the host's byte order (all hosts are
// little-endian; a build for another order refuses to compile).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace juxta {

static_assert(std::endian::native == std::endian::little);

// The same order as in idl/model.idl.
enum class ElementType : std::uint8_t {
    int32,
    int64,
    float32,
    float64,
    complex64,
    complex128,
    char8,
    string,
    file
};

// "int32", "int64", "float", "double", "complex_float", "complex_double", "char", "string", "file".
std::string_view name_of(ElementType type);
std::optional<ElementType> parse_element_type(std::string_view name);

// Bytes of one element; 1 for string and file, whose size is their length.
std::size_t size_of(ElementType type);

enum class Rank : std::uint8_t { scalar, vector, matrix };  // also in idl/model.idl
std::string_view name_of(Rank rank);                        // "scalar", "vector", "matrix"

// Extent of each dimension, slowest first. Empty: a scalar. A string or file of n bytes has {n}.
using Shape = std::vector<std::uint64_t>;

// "147x147"; "scalar" if empty.
std::string to_string(const Shape& shape);

struct DataType {
    ElementType element = ElementType::float64;
    Shape shape;

    friend bool operator==(const DataType&, const DataType&) = default;
};

// Bytes of a whole array. nullopt if the product does not fit 63 bits.
std::optional<std::uint64_t> bytes_of(const DataType& type);

// "double 147x147".
std::string to_string(const DataType& type);

// A value small enough to travel inside a message: scalars, strings, arrays up to kInlineLimit.
struct Value {
    DataType type;
    std::vector<std::byte> bytes;  // bytes_of(type) of them

    friend bool operator==(const Value&, const Value&) = default;
};

constexpr std::uint64_t kInlineLimit = 64 * 1024;

}  // namespace juxta
