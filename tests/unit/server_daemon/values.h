// Values and calls, written shortly.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "common/model/call.h"

namespace juxta::sed {

template <class T>
constexpr ElementType element_of() {
    if constexpr (std::is_same_v<T, std::int32_t>) return ElementType::int32;
    if constexpr (std::is_same_v<T, std::int64_t>) return ElementType::int64;
    if constexpr (std::is_same_v<T, float>) return ElementType::float32;
    if constexpr (std::is_same_v<T, double>) return ElementType::float64;
    return ElementType::char8;
}

inline Value blob(ElementType element, const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {{element, {text.size()}}, {bytes.begin(), bytes.end()}};
}
inline Value text(const std::string& content) { return blob(ElementType::string, content); }

template <class T>
Value raw(ElementType element, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {{element, {}}, {bytes.begin(), bytes.end()}};
}
template <class T>
Value scalar(T value) {
    return raw(element_of<T>(), value);
}
template <class T>
Value array(const Shape& shape, const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {{element_of<T>(), shape}, {bytes.begin(), bytes.end()}};
}

template <class T>
T as(const Value& value) {
    T result{};
    std::memcpy(&result, value.bytes.data(), sizeof result);
    return result;
}
inline std::string as_text(const Value& value) {
    return {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()};
}

inline CallOrder order(const std::string& service, std::vector<Argument> arguments = {}) {
    CallOrder order;
    order.id = RequestId::make();
    order.service = service;
    order.arguments = std::move(arguments);
    return order;
}

}  // namespace juxta::sed
