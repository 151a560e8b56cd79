// Which C++ types are elements of arrays, and as what the platform knows them.
#pragma once

#include <complex>
#include <concepts>
#include <cstdint>

#include "common/model/types.h"

namespace juxta {

template <class T>
struct ElementOf;
template <>
struct ElementOf<std::int32_t> {
    static constexpr ElementType value = ElementType::int32;
};
template <>
struct ElementOf<std::int64_t> {
    static constexpr ElementType value = ElementType::int64;
};
template <>
struct ElementOf<float> {
    static constexpr ElementType value = ElementType::float32;
};
template <>
struct ElementOf<double> {
    static constexpr ElementType value = ElementType::float64;
};
template <>
struct ElementOf<std::complex<float>> {
    static constexpr ElementType value = ElementType::complex64;
};
template <>
struct ElementOf<std::complex<double>> {
    static constexpr ElementType value = ElementType::complex128;
};
template <>
struct ElementOf<char> {
    static constexpr ElementType value = ElementType::char8;
};

template <class T>
concept Element = requires {
    { ElementOf<T>::value } -> std::convertible_to<ElementType>;
};

}  // namespace juxta
