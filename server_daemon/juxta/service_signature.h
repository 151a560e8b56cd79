// How a C++ signature becomes a profile (part of service.h; not to be included by itself).
#pragma once

#include "service_c.h"

namespace juxta::service::detail {

template <class T>
inline constexpr bool kUnsupported = false;

// Of one parameter: how it is described, and how it is made from a call.
template <class P>
struct Parameter {
    static_assert(
        kTypeOf<P> >= 0 || kUnsupported<P>,
        "a parameter is a scalar, std::string_view, File, Vector<const T>, Matrix<const T>, "
        "Out<...> or InOut<...>");
    static constexpr juxta_mode mode = JUXTA_IN;
    static constexpr int type = kTypeOf<P>;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
    static P make(juxta_call* call, std::size_t argument) { return *data_of<P>(call, argument); }
};

template <>
struct Parameter<std::string_view> {
    static constexpr juxta_mode mode = JUXTA_IN;
    static constexpr int type = JUXTA_STRING;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
    static std::string_view make(juxta_call* call, std::size_t argument) {
        return {data_of<const char>(call, argument), juxta_call_size(call, argument)};
    }
};
template <>
struct Parameter<std::string> : Parameter<std::string_view> {};

template <>
struct Parameter<File> {
    static constexpr juxta_mode mode = JUXTA_IN;
    static constexpr int type = JUXTA_FILE;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
    static File make(juxta_call* call, std::size_t argument) {
        const char* path = juxta_call_path(call, argument);
        require(path != nullptr);
        return File(path);
    }
};

template <class T>
struct Parameter<Vector<const T>> {
    static constexpr juxta_mode mode = JUXTA_IN;
    static constexpr int type = kTypeOf<T>;
    static constexpr juxta_rank rank = JUXTA_VECTOR;
    static Vector<const T> make(juxta_call* call, std::size_t argument) {
        const std::uint64_t size = juxta_call_size(call, argument);
        return {array_of<const T>(call, argument, size), size};
    }
};
template <class T>
struct Parameter<Matrix<const T>> {
    static constexpr juxta_mode mode = JUXTA_IN;
    static constexpr int type = kTypeOf<T>;
    static constexpr juxta_rank rank = JUXTA_MATRIX;
    static Matrix<const T> make(juxta_call* call, std::size_t argument) {
        const std::uint64_t rows = juxta_call_rows(call, argument);
        const std::uint64_t columns = juxta_call_columns(call, argument);
        return {array_of<const T>(call, argument, rows * columns), rows, columns};
    }
};

// What stands inside Out<...> and InOut<...>.
template <class T>
struct Content {
    static constexpr int type = kTypeOf<T>;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
};
template <>
struct Content<std::string> {
    static constexpr int type = JUXTA_STRING;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
};
template <>
struct Content<File> {
    static constexpr int type = JUXTA_FILE;
    static constexpr juxta_rank rank = JUXTA_SCALAR;
};
template <class T>
struct Content<Vector<T>> {
    static constexpr int type = kTypeOf<T>;
    static constexpr juxta_rank rank = JUXTA_VECTOR;
};
template <class T>
struct Content<Matrix<T>> {
    static constexpr int type = kTypeOf<T>;
    static constexpr juxta_rank rank = JUXTA_MATRIX;
};

template <class T>
struct Parameter<Out<T>> : Content<T> {
    static constexpr juxta_mode mode = JUXTA_OUT;
    static Out<T> make(juxta_call* call, std::size_t argument) { return {call, argument}; }
};
template <class T>
struct Parameter<InOut<T>> : Content<T> {
    static constexpr juxta_mode mode = JUXTA_INOUT;
    static InOut<T> make(juxta_call* call, std::size_t argument) { return {call, argument}; }
};

template <class Result, class... P>
struct Signature {
    static_assert(std::is_void_v<Result>, "a service returns nothing; its results are Out<...>");
    static constexpr std::size_t kArity = sizeof...(P);

    static void describe(juxta_profile* profile, const char* const* names) {
        (describe_one<Parameter<std::remove_cvref_t<P>>>(profile, *names++), ...);
        (void)profile;
        (void)names;
    }

    template <class Function>
    static int solve(juxta_call* call, void* context) {
        try {
            invoke(*static_cast<Function*>(context), call, std::index_sequence_for<P...>{});
            return 0;
        } catch (const CallFailed&) {
        } catch (const std::exception& e) {
            juxta_call_fail(call, e.what());
        } catch (...) {
            juxta_call_fail(call, "the service threw something that is no std::exception");
        }
        return -1;
    }

private:
    template <class One>
    static void describe_one(juxta_profile* profile, const char* name) {
        static_assert(One::type >= 0, "no such element type in a profile");
        juxta_profile_add_argument(profile, name, One::mode, static_cast<juxta_type>(One::type),
                                   One::rank);
    }

    template <class Function, std::size_t... I>
    static void invoke(Function& function, juxta_call* call, std::index_sequence<I...>) {
        (void)call;
        // Braces: the arguments are made in order.
        std::tuple<std::remove_cvref_t<P>...> arguments{
            std::remove_cvref_t<P>(Parameter<std::remove_cvref_t<P>>::make(call, I))...};
        function(static_cast<std::remove_cvref_t<P>&>(std::get<I>(arguments))...);
    }
};

template <class Function>
struct Signed : Signed<decltype(&Function::operator())> {};
template <class Result, class... P>
struct Signed<Result (*)(P...)> {
    using Type = Signature<Result, P...>;
};
template <class Result, class Class, class... P>
struct Signed<Result (Class::*)(P...)> {
    using Type = Signature<Result, P...>;
};
template <class Result, class Class, class... P>
struct Signed<Result (Class::*)(P...) const> {
    using Type = Signature<Result, P...>;
};

template <class Function>
using SignatureOf = typename Signed<Function>::Type;

}  // namespace juxta::service::detail
