#include "tools/typed_arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <complex>
#include <optional>

#include "common/base/error.h"

namespace juxta::tools {
namespace {

[[noreturn]] void refuse(const Profile& profile, const ArgumentSpec& argument,
                         const std::string& why) {
    throw Error(ErrorCode::invalid_argument, fmt::format("{}: argument {}: {}; nothing was called",
                                                         profile.name, argument.name, why));
}

// The whole of `text` as a number, or what is left of it.
template <class Number>
std::optional<Number> parse(std::string_view text, std::string_view* rest = nullptr) {
    if (text.starts_with('+')) {  // which from_chars does not know
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (rest != nullptr) {
        *rest = text;
    } else if (!text.empty()) {
        return std::nullopt;
    }
    return number;
}

// "1.5", "1.5-2j", "-2j", "1.5,-2".
template <class Real>
std::optional<std::complex<Real>> parse_complex(std::string_view text) {
    std::string_view rest;
    const auto first = parse<Real>(text, &rest);
    if (!first) return std::nullopt;
    if (rest.empty()) return std::complex<Real>(*first, 0);
    if (rest == "j" || rest == "i") return std::complex<Real>(0, *first);
    const bool comma = rest.starts_with(',');
    if (comma) rest.remove_prefix(1);
    if (!comma && (rest.back() == 'j' || rest.back() == 'i')) {
        rest.remove_suffix(1);
    } else if (!comma) {
        return std::nullopt;
    }
    const auto second = parse<Real>(rest);
    if (!second) return std::nullopt;
    return std::complex<Real>(*first, *second);
}

template <class T>
Arg number_or_refuse(const Profile& profile, const ArgumentSpec& argument, const std::string& word,
                     const std::optional<T>& number) {
    if (number) return Arg(*number);
    refuse(profile, argument,
           fmt::format("expected {}, got '{}'", name_of(argument.element), word));
}

std::span<const std::byte> contents_of(const std::string& path, TypedArguments& typed) {
    typed.array_files.push_back(formats::read_raw(path));
    return typed.array_files.back().content();
}

Arg scalar_argument(const Profile& profile, const ArgumentSpec& argument, const std::string& word,
                    TypedArguments& typed) {
    const bool from_file = word.starts_with('@');
    switch (argument.element) {
        case ElementType::int32:
            return number_or_refuse(profile, argument, word, parse<std::int32_t>(word));
        case ElementType::int64:
            return number_or_refuse(profile, argument, word, parse<std::int64_t>(word));
        case ElementType::float32:
            return number_or_refuse(profile, argument, word, parse<float>(word));
        case ElementType::float64:
            return number_or_refuse(profile, argument, word, parse<double>(word));
        case ElementType::complex64:
            return number_or_refuse(profile, argument, word, parse_complex<float>(word));
        case ElementType::complex128:
            return number_or_refuse(profile, argument, word, parse_complex<double>(word));
        case ElementType::char8:
            if (word.size() == 1) return Arg(word.front());
            refuse(profile, argument, fmt::format("expected one character, got '{}'", word));
        case ElementType::string: {
            if (!from_file) return Arg(word);
            const auto content = contents_of(word.substr(1), typed);
            return Arg(std::string(reinterpret_cast<const char*>(content.data()), content.size()));
        }
        case ElementType::file: break;
    }
    return Arg::file(contents_of(from_file ? word.substr(1) : word, typed));
}

Arg array_argument(const Profile& profile, const ArgumentSpec& argument, const std::string& word,
                   TypedArguments& typed) {
    if (!word.starts_with('@')) return Arg(word);  // the id or name of a datum
    typed.array_files.push_back(formats::ArraySource::open(word.substr(1)));
    const formats::ArraySource& source = typed.array_files.back();
    DataType type = source.type();
    // Matrix Market knows no vectors: a matrix of one column or row is one.
    if (argument.rank == Rank::vector && type.shape.size() == 2 &&
        (type.shape[0] == 1 || type.shape[1] == 1)) {
        type.shape = {type.shape[0] * type.shape[1]};
    }
    const std::size_t dimensions = argument.rank == Rank::vector ? 1 : 2;
    if (type.element != argument.element || type.shape.size() != dimensions) {
        refuse(profile, argument,
               fmt::format("expected a {} {}, but {} holds {}", name_of(argument.element),
                           name_of(argument.rank), word.substr(1), to_string(type)));
    }
    return Arg(ArrayView{std::move(type), source.content()});
}

}  // namespace

TypedArguments typed_arguments(const Profile& profile, const std::vector<std::string>& words) {
    TypedArguments typed;
    std::string expected;
    std::size_t given = 0;
    typed.array_files.reserve(words.size());  // arguments point into them
    for (const ArgumentSpec& argument : profile.arguments) {
        if (argument.mode == Mode::out) continue;
        expected += (expected.empty() ? "" : " ") + argument.name;
        if (given < words.size()) {
            typed.arguments.push_back(
                is_array(argument) ? array_argument(profile, argument, words[given], typed)
                                   : scalar_argument(profile, argument, words[given], typed));
        }
        ++given;
    }
    if (given != words.size()) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("{} takes {} argument{} ({}), {} given; nothing was called", profile.name,
                        given, given == 1 ? "" : "s", expected, words.size()));
    }
    return typed;
}

}  // namespace juxta::tools
