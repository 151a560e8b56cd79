/* In C: the same as service_c.h. */
#ifndef __cplusplus
#include "service_c.h"
#else
// Services in C++: a function is enough, its signature is the profile.
//
//     using namespace juxta::service;
//
//     extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
//         registry.add("scale", {"A", "alpha", "B"},
//             [](Matrix<const double> A, double alpha, Out<Matrix<double>> B) {
//                 Matrix<double> result = B.allocate(A.rows(), A.columns());
//                 for (std::size_t i = 0; i < A.size(); ++i) result.data()[i] = alpha *
//                 A.data()[i];
//             });
//     }
//
// | parameter                          | argument                                               |
// | ---------------------------------- | ------------------------------------------------------ |
// | double x                           | IN scalar (int32, int64, float, double, complex, char) |
// | std::string_view s                 | IN string                                              |
// | File f                             | IN file: f.path() holds the contents                   |
// | Vector<const T> v, Matrix<const T> m | IN array, mapped where it is                         |
// | Out<double>& x                     | x = 1.5                                                |
// | Out<std::string>& s, Out<File>& f  | s = "text"; write to f.path()                          |
// | Out<Vector<T>> v, Out<Matrix<T>> m | v.allocate(n), m.allocate(rows, columns), once         |
// | InOut<...>                         | the contents are there and are changed in place        |
//
// What allocate() gives begins with anything at all: memory of earlier results is used again.
//
// The name of an array may tell its extents, "A[n][n]" (service_c.h): clients may then give it as a
// plain pointer.
//
// A service fails by throwing Failure; any other std::exception does as well. Views are row-major
// and valid until the service returns. Self-contained; links with nothing. The same in C:
// service_c.h.
//
// Threading: one call runs in a process at a time, on its main thread.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "service_c.h"

namespace juxta::service {

class Failure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class T>
class Vector {
public:
    using Element = T;
    Vector(T* data, std::size_t size) : data_(data), size_(size) {}
    T* data() const { return data_; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) const { return data_[i]; }
    T* begin() const { return data_; }
    T* end() const { return data_ + size_; }
    std::span<T> span() const { return {data_, size_}; }

private:
    T* data_;
    std::size_t size_;
};

template <class T>
class Matrix {
public:
    using Element = T;
    Matrix(T* data, std::size_t rows, std::size_t columns)
        : data_(data), rows_(rows), columns_(columns) {}
    T* data() const { return data_; }
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }
    std::size_t size() const { return rows_ * columns_; }
    T& operator()(std::size_t row, std::size_t column) const {
        return data_[row * columns_ + column];
    }
    std::span<T> row(std::size_t i) const { return {data_ + i * columns_, columns_}; }

private:
    T* data_;
    std::size_t rows_;
    std::size_t columns_;
};

// A file argument, as a path. The file is gone after the call.
class File {
public:
    explicit File(const char* path) : path_(path) {}
    const char* path() const { return path_; }

private:
    const char* path_;
};

// The element types that a profile knows.
template <class T>
inline constexpr int kTypeOf = -1;
template <>
inline constexpr int kTypeOf<std::int32_t> = JUXTA_INT32;
template <>
inline constexpr int kTypeOf<std::int64_t> = JUXTA_INT64;
template <>
inline constexpr int kTypeOf<float> = JUXTA_FLOAT;
template <>
inline constexpr int kTypeOf<double> = JUXTA_DOUBLE;
template <>
inline constexpr int kTypeOf<std::complex<float> > = JUXTA_COMPLEX_FLOAT;
template <>
inline constexpr int kTypeOf<std::complex<double> > = JUXTA_COMPLEX_DOUBLE;
template <>
inline constexpr int kTypeOf<char> = JUXTA_CHAR;

namespace detail {

// Thrown where the call has failed already, for a reason that the host knows.
class CallFailed : public std::exception {};

template <class T>
T* data_of(juxta_call* call, std::size_t argument) {
    void* data = juxta_call_data(call, argument);
    if (data == nullptr) throw CallFailed();
    return static_cast<T*>(data);
}

// Of an array, which is null if it has no elements: `size` of them.
template <class T>
T* array_of(juxta_call* call, std::size_t argument, std::uint64_t size) {
    return size == 0 ? nullptr : data_of<T>(call, argument);
}

inline void require(bool holds) {
    if (!holds) throw CallFailed();
}

}  // namespace detail

// An OUT scalar.
template <class T>
class Out {
    static_assert(kTypeOf<T> >= 0, "no such element type in a profile");

public:
    Out(juxta_call* call, std::size_t argument) : value_(detail::data_of<T>(call, argument)) {}
    Out& operator=(const T& value) {
        *value_ = value;
        return *this;
    }

private:
    T* value_;
};

template <>
class Out<std::string> {
public:
    Out(juxta_call* call, std::size_t argument) : call_(call), argument_(argument) {}
    Out& operator=(std::string_view text) {
        const int refused = call_->table->set_bytes(call_, argument_, text.data(), text.size());
        detail::require(refused == 0);
        return *this;
    }

private:
    juxta_call* call_;
    std::size_t argument_;
};

template <>
class Out<File> : public File {
public:
    Out(juxta_call* call, std::size_t argument) : File(juxta_call_path(call, argument)) {
        detail::require(path() != nullptr);
    }
};

template <class T>
class Out<Vector<T> > {
public:
    Out(juxta_call* call, std::size_t argument) : call_(call), argument_(argument) {}
    // The elements are not set. Throws, and fails the call, if there is no room.
    Vector<T> allocate(std::size_t size) {
        void* data = juxta_call_allocate_vector(call_, argument_, size);
        detail::require(data != nullptr);
        return {static_cast<T*>(data), size};
    }

private:
    juxta_call* call_;
    std::size_t argument_;
};

template <class T>
class Out<Matrix<T> > {
public:
    Out(juxta_call* call, std::size_t argument) : call_(call), argument_(argument) {}
    // The elements are not set. Throws, and fails the call, if there is no room.
    Matrix<T> allocate(std::size_t rows, std::size_t columns) {
        void* data = juxta_call_allocate_matrix(call_, argument_, rows, columns);
        detail::require(data != nullptr);
        return {static_cast<T*>(data), rows, columns};
    }

private:
    juxta_call* call_;
    std::size_t argument_;
};

// An INOUT scalar.
template <class T>
class InOut {
    static_assert(kTypeOf<T> >= 0, "no such element type in a profile");

public:
    InOut(juxta_call* call, std::size_t argument) : value_(detail::data_of<T>(call, argument)) {}
    operator const T&() const { return *value_; }
    InOut& operator=(const T& value) {
        *value_ = value;
        return *this;
    }

private:
    T* value_;
};

template <>
class InOut<std::string> : public Out<std::string> {
public:
    InOut(juxta_call* call, std::size_t argument)
        : Out(call, argument),
          before_(detail::data_of<const char>(call, argument), juxta_call_size(call, argument)) {}
    using Out<std::string>::operator=;
    const std::string& get() const { return before_; }  // as it was when the call began

private:
    std::string before_;
};

template <>
class InOut<File> : public Out<File> {
    using Out<File>::Out;
};

template <class T>
class InOut<Vector<T> > : public Vector<T> {
public:
    InOut(juxta_call* call, std::size_t argument)
        : Vector<T>(detail::array_of<T>(call, argument, juxta_call_size(call, argument)),
                    juxta_call_size(call, argument)) {}
};

template <class T>
class InOut<Matrix<T> > : public Matrix<T> {
public:
    InOut(juxta_call* call, std::size_t argument)
        : Matrix<T>(detail::array_of<T>(
                        call, argument,
                        juxta_call_rows(call, argument) * juxta_call_columns(call, argument)),
                    juxta_call_rows(call, argument), juxta_call_columns(call, argument)) {}
};

enum class Retry { always, never };

}  // namespace juxta::service

#include "service_signature.h"

namespace juxta::service {

// The request that a metric is asked about.
class MetricQuestion {
public:
    explicit MetricQuestion(const juxta_metric_question& question) : question_(question) {}
    std::string_view service() const { return question_.service; }  // "MODULE/NAME"
    std::uint64_t inline_bytes() const { return question_.inline_bytes; }
    // Of the argument of this name; 0: it is no datum, or its size is not known.
    std::uint64_t bytes(std::string_view argument) const {
        for (std::size_t i = 0; i < question_.arguments; ++i) {
            if (question_.names[i] == argument) return question_.bytes[i];
        }
        return 0;
    }

private:
    const juxta_metric_question& question_;
};

// What a module's entry fills in.
class Registry {
public:
    explicit Registry(juxta_registry* host) : host_(host) {}

    // Adds a service. `names` are those of its arguments, in the order of the parameters. A refused
    // service (its name taken, wrong number of names) is reported by the server daemon, which then
    // does not start.
    template <class Function>
    void add(const char* name, std::initializer_list<const char*> names, Function function,
             Retry retry = Retry::always) {
        using Signature = detail::SignatureOf<Function>;
        juxta_profile* profile = juxta_profile_new(host_, name);
        if (names.size() != Signature::kArity) {
            throw Failure(std::string(name) + ": " + std::to_string(names.size()) + " names for " +
                          std::to_string(Signature::kArity) + " arguments");
        }
        Signature::describe(profile, names.begin());
        if (retry == Retry::never) juxta_profile_never_retry(profile);
        // Services stay as long as the process; nothing ever removes one.
        juxta_profile_register(profile, &Signature::template solve<Function>,
                               new Function(std::move(function)));
    }

    // A number that estimations carry to whoever schedules (juxta_register_metric); `function`
    // takes a `const MetricQuestion&` and returns a double. What it throws counts as none.
    template <class Function>
    void metric(const char* name, Function function) {
        juxta_register_metric(host_, name, &ask<Function>, new Function(std::move(function)));
    }

    // For what is described by hand.
    juxta_registry* c() const { return host_; }

private:
    template <class Function>
    static double ask(const juxta_metric_question* question, void* context) {
        try {
            return (*static_cast<Function*>(context))(MetricQuestion(*question));
        } catch (...) {
            return std::numeric_limits<double>::quiet_NaN();
        }
    }

    juxta_registry* host_;
};

}  // namespace juxta::service

#endif
