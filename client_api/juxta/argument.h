// What a caller gives for one argument of a service.
//
//     client.call("f1", {a, b});                          data handles
//     client.call("scale", {a, 2.5});                     a datum and a number
//     client.call("norm", {Arg(std::span<const double>(v), {147, 147})});
//     client.call("f1", {a, b, Arg::output("C")});        a name for the result
//
// The profile decides what is expected; a number is converted where nothing is lost (3 for a
// double, 3.0 for an int32). For an array argument a string is the id or name of a datum.
//
// Spans are not copied when an Arg is made: their memory must stay unchanged until call() or
// submit() returns. Memory of Arg::output(span) and Arg::inout must stay until the call has ended.
#pragma once

#include <complex>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client_api/core/given.h"
#include "common/model/datum.h"
#include "common/model/ids.h"
#include "common/model/types.h"
#include "juxta/element.h"

namespace juxta {

class Arg {
public:
    template <Element T>
    Arg(T scalar) : content_(scalar_value(scalar)) {}
    Arg(const char* text) : Arg(std::string(text)) {}
    Arg(const std::string& text)
        : content_(bytes_value(ElementType::string, std::as_bytes(std::span(text)))) {}
    Arg(const DataId& id) : content_(id) {}
    // What another call is computing (Future::output).
    Arg(const PendingOutput& pending) : content_(pending) {}
    // Data<T>, DataHandle.
    template <class Handle>
    requires requires(const Handle& handle) {
        { handle.id() } -> std::convertible_to<DataId>;
    }
    Arg(const Handle& handle) : content_(DataId(handle.id())) {}
    Arg(Value value) : content_(std::move(value)) {}
    Arg(ArrayView array) : content_(std::move(array)) {}
    template <Element T>
    Arg(std::span<const T> elements, Shape shape)
        : content_(ArrayView{{ElementOf<T>::value, std::move(shape)}, std::as_bytes(elements)}) {}
    template <Element T>
    Arg(const std::vector<T>& elements)
        : content_(ArrayView{{ElementOf<T>::value, {elements.size()}},
                             std::as_bytes(std::span(elements))}) {}

    // A file's contents, for arguments of type file.
    static Arg file(std::span<const std::byte> contents) {
        return Arg(bytes_value(ElementType::file, contents));
    }

    // OUT arguments: a datum of this name (persistent), or unnamed (lives as long as the client).
    static Arg output(std::string name = {}) { return Arg(OutputWish{std::move(name), {}, {}}); }
    // A datum with these copies, persistence, lifetime.
    static Arg output(DataSpec spec) {
        std::string name = spec.name;
        return Arg(OutputWish{std::move(name), std::move(spec), {}});
    }
    // The result itself. The call fails if it has not exactly as many bytes.
    template <Element T>
    static Arg output(std::span<T> destination) {
        return Arg(OutputWish{{}, {}, std::as_writable_bytes(destination)});
    }
    static Arg output(std::span<std::byte> destination) {
        return Arg(OutputWish{{}, {}, destination});
    }
    // INOUT arrays: the elements go in, the result comes back into the same memory.
    template <Element T>
    static Arg inout(std::span<T> elements, Shape shape) {
        return inout({ElementOf<T>::value, std::move(shape)}, std::as_writable_bytes(elements));
    }
    static Arg inout(DataType type, std::span<std::byte> bytes) {
        return Arg(ArrayView{std::move(type), bytes, bytes});
    }

    const Given& content() const { return content_; }

private:
    explicit Arg(OutputWish wish) : content_(std::move(wish)) {}

    template <class T>
    static Value scalar_value(const T& scalar) {
        Value value{{ElementOf<T>::value, {}}, std::vector<std::byte>(sizeof scalar)};
        std::memcpy(value.bytes.data(), &scalar, sizeof scalar);
        return value;
    }
    static Value bytes_value(ElementType element, std::span<const std::byte> bytes) {
        return Value{{element, {bytes.size()}}, {bytes.begin(), bytes.end()}};
    }

    Given content_;
};

}  // namespace juxta
