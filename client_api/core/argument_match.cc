#include "client_api/core/argument_match.h"

#include <cmath>
#include <complex>
#include <cstring>

#include "common/base/error.h"

namespace juxta::client {
namespace {

template <class T>
T scalar_in(const Value& value) {
    T scalar{};
    std::memcpy(&scalar, value.bytes.data(), sizeof scalar);
    return scalar;
}

template <class T>
Value scalar_value(ElementType element, T scalar) {
    Value value{{element, {}}, std::vector<std::byte>(sizeof scalar)};
    std::memcpy(value.bytes.data(), &scalar, sizeof scalar);
    return value;
}

bool is_integer(ElementType type) {
    return type == ElementType::int32 || type == ElementType::int64;
}
bool is_text(ElementType type) { return type == ElementType::string || type == ElementType::file; }

std::optional<Value> from_integer(std::int64_t number, ElementType wanted) {
    switch (wanted) {
        case ElementType::int64: return scalar_value(wanted, number);
        case ElementType::int32:
            if (number != static_cast<std::int32_t>(number)) return std::nullopt;
            return scalar_value(wanted, static_cast<std::int32_t>(number));
        case ElementType::char8:
            if (number != static_cast<char>(number)) return std::nullopt;
            return scalar_value(wanted, static_cast<char>(number));
        default: break;
    }
    const auto real = static_cast<double>(number);
    // 2^63 itself is not an int64: compare below it only.
    if (real >= 0x1p63 || static_cast<std::int64_t>(real) != number) return std::nullopt;
    switch (wanted) {
        case ElementType::float64: return scalar_value(wanted, real);
        case ElementType::float32:
            if (static_cast<double>(static_cast<float>(real)) != real) return std::nullopt;
            return scalar_value(wanted, static_cast<float>(real));
        case ElementType::complex128: return scalar_value(wanted, std::complex<double>(real));
        case ElementType::complex64:
            return scalar_value(wanted, std::complex<float>(static_cast<float>(real)));
        default: return std::nullopt;
    }
}

// Between float and double, rounding is what everybody expects.
std::optional<Value> from_real(double number, ElementType wanted) {
    if (is_integer(wanted)) {
        if (std::trunc(number) != number || std::abs(number) >= 0x1p63) return std::nullopt;
        return from_integer(static_cast<std::int64_t>(number), wanted);
    }
    switch (wanted) {
        case ElementType::float64: return scalar_value(wanted, number);
        case ElementType::float32: return scalar_value(wanted, static_cast<float>(number));
        case ElementType::complex128: return scalar_value(wanted, std::complex<double>(number));
        case ElementType::complex64:
            return scalar_value(wanted, std::complex<float>(static_cast<float>(number)));
        default: return std::nullopt;
    }
}

std::optional<Value> from_complex(std::complex<double> number, ElementType wanted) {
    if (wanted == ElementType::complex128) return scalar_value(wanted, number);
    if (wanted == ElementType::complex64) return scalar_value(wanted, std::complex<float>(number));
    return std::nullopt;
}

std::string expected(const ArgumentSpec& spec) {
    return std::string(name_of(spec.element)) +
           (is_array(spec) ? ' ' + std::string(name_of(spec.rank)) : "");
}

struct Described {
    std::string operator()(const Value& value) const {
        if (is_text(value.type.element)) return "a " + std::string(name_of(value.type.element));
        return "a value: " + to_string(value.type);
    }
    std::string operator()(const ArrayView& array) const {
        return "an array: " + to_string(array.type);
    }
    std::string operator()(const DataId& id) const { return "the datum " + to_string(id); }
    std::string operator()(const OutputWish&) const { return "a place for an output"; }
    std::string operator()(const PendingOutput& pending) const {
        return "output " + pending.output + " of " + to_string(pending.producer);
    }
};

class Matcher {
public:
    Matcher(const Profile& profile, const ArgumentSpec& spec) : profile_(profile), spec_(spec) {}

    Matched input(const Given& given) const {
        if (const auto* pending = std::get_if<PendingOutput>(&given)) {
            return PendingOutput{pending->producer, pending->output, spec_.name};
        }
        return is_array(spec_) ? array_input(given) : scalar_input(given);
    }

    Matched output(const OutputWish& wish) const {
        if (is_array(spec_)) return wish;
        if (!wish.name.empty() || wish.spec) refuse("a name", "by value: only arrays become data");
        if (wish.destination) refuse("memory", "by value: it is in the result");
        return std::monostate{};
    }

    [[noreturn]] void refuse(const std::string& got, const std::string& hint = {}) const {
        throw Error(ErrorCode::invalid_argument,
                    profile_.name + ": argument " + spec_.name + " (" +
                        std::string(name_of(spec_.mode)) + ") is " + expected(spec_) +
                        (hint.empty() ? "" : ", " + hint) + "; given: " + got);
    }

private:
    void check_array(const DataType& type, std::size_t bytes, const Given& given) const {
        const std::size_t dimensions = spec_.rank == Rank::vector ? 1 : 2;
        if (type.element != spec_.element || type.shape.size() != dimensions) {
            refuse(std::visit(Described{}, given));
        }
        if (bytes_of(type) != bytes) {
            refuse(std::to_string(bytes) + " bytes as " + to_string(type));
        }
    }

    Matched array_input(const Given& given) const {
        if (const auto* id = std::get_if<DataId>(&given)) return *id;
        if (const auto* array = std::get_if<ArrayView>(&given)) {
            check_array(array->type, array->bytes.size(), given);
            return *array;
        }
        if (const auto* value = std::get_if<Value>(&given)) {
            if (value->type.element == ElementType::string) {
                return DatumName{
                    {reinterpret_cast<const char*>(value->bytes.data()), value->bytes.size()}};
            }
            check_array(value->type, value->bytes.size(), given);
            // Borrowed: large ones are put as data.
            return ArrayView{value->type, value->bytes};
        }
        refuse(std::visit(Described{}, given));
    }

    Matched scalar_input(const Given& given) const {
        const auto* value = std::get_if<Value>(&given);
        if (value == nullptr) refuse(std::visit(Described{}, given));
        if (is_text(spec_.element) || is_text(value->type.element)) {
            if (!is_text(spec_.element) || !is_text(value->type.element))
                refuse(Described{}(*value));
            return Value{{spec_.element, {value->bytes.size()}}, value->bytes};
        }
        if (!value->type.shape.empty()) refuse(Described{}(*value));
        auto exact = converted(*value, spec_.element);
        if (!exact) refuse(Described{}(*value) + ", which it cannot hold");
        return std::move(*exact);
    }

    const Profile& profile_;
    const ArgumentSpec& spec_;
};

[[noreturn]] void refuse_count(const Profile& profile, std::size_t inputs, std::size_t given) {
    throw Error(ErrorCode::invalid_argument, profile.name + " takes " + std::to_string(inputs) +
                                                 (inputs == 1 ? " argument" : " arguments") +
                                                 ", given: " + std::to_string(given) + "; it is " +
                                                 to_string(profile));
}

}  // namespace

std::optional<Value> converted(const Value& scalar, ElementType wanted) {
    const ElementType given = scalar.type.element;
    if (!scalar.type.shape.empty() || scalar.bytes.size() != size_of(given)) return std::nullopt;
    if (given == wanted) return scalar;
    if (given == ElementType::int32) return from_integer(scalar_in<std::int32_t>(scalar), wanted);
    if (given == ElementType::int64) return from_integer(scalar_in<std::int64_t>(scalar), wanted);
    if (given == ElementType::char8) return from_integer(scalar_in<char>(scalar), wanted);
    if (given == ElementType::float32) return from_real(scalar_in<float>(scalar), wanted);
    if (given == ElementType::float64) return from_real(scalar_in<double>(scalar), wanted);
    if (given == ElementType::complex64) {
        return from_complex(std::complex<double>(scalar_in<std::complex<float>>(scalar)), wanted);
    }
    if (given == ElementType::complex128)
        return from_complex(scalar_in<std::complex<double>>(scalar), wanted);
    return std::nullopt;
}

std::vector<Matched> match_arguments(const Profile& profile, const std::vector<Given>& given,
                                     const std::vector<std::string>& names) {
    std::size_t inputs = 0;
    std::size_t array_outputs = 0;
    for (const ArgumentSpec& spec : profile.arguments) {
        if (spec.mode != Mode::out) ++inputs;
        if (spec.mode == Mode::out && is_array(spec)) ++array_outputs;
    }
    const bool all_given = given.size() == profile.arguments.size();
    if (!all_given && given.size() != inputs) refuse_count(profile, inputs, given.size());
    if (names.size() > array_outputs) {
        throw Error(ErrorCode::invalid_argument,
                    profile.name + " has " + std::to_string(array_outputs) +
                        " array outputs to be named, " + std::to_string(names.size()) +
                        " names were given; it is " + to_string(profile));
    }
    for (const std::string& name : names) {
        const std::string why = why_no_name(name);
        if (!why.empty())
            throw Error(ErrorCode::invalid_argument, why + "; " + profile.name + " was not called");
    }
    std::vector<Matched> matched;
    matched.reserve(profile.arguments.size());
    auto next = given.begin();
    auto name = names.begin();
    for (const ArgumentSpec& spec : profile.arguments) {
        const Matcher matcher(profile, spec);
        if (spec.mode != Mode::out) {
            matched.push_back(matcher.input(*next++));
            continue;
        }
        OutputWish wish;
        if (all_given) {
            const auto* asked = std::get_if<OutputWish>(&*next);
            if (asked == nullptr) matcher.refuse(std::visit(Described{}, *next));
            wish = *asked;
            ++next;
        }
        if (is_array(spec) && name != names.end()) {
            if (wish.name.empty() && !wish.destination) wish.name = *name;
            ++name;
        }
        matched.push_back(matcher.output(wish));
    }
    return matched;
}

}  // namespace juxta::client
