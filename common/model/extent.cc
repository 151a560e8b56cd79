#include "common/model/extent.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "common/base/error.h"

namespace juxta {
namespace {

constexpr int kDeepest = 64;  // parentheses and signs within one another

bool is_integer(const ArgumentSpec& argument) {
    return argument.rank == Rank::scalar && argument.mode != Mode::out &&
           (argument.element == ElementType::int32 || argument.element == ElementType::int64);
}

// Reads an expression and computes on the way; without a lookup it only reads.
class Reader {
public:
    Reader(std::string_view text, const IntegerLookup* value_of)
        : text_(text), value_of_(value_of) {}

    std::int64_t read() {
        const std::int64_t value = expression();
        if (next() != '\0') refuse("'" + std::string(1, next()) + "' is not expected there");
        return value;
    }

    std::vector<std::string> take_names() { return std::move(names_); }

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(ErrorCode::invalid_argument, "the extent '" + std::string(text_) + "': " + why);
    }

private:
    char next() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    bool take(char wanted) {
        if (next() != wanted) return false;
        ++at_;
        return true;
    }

    void expect(char wanted) {
        if (!take(wanted)) refuse("'" + std::string(1, wanted) + "' is missing");
    }

    std::int64_t expression() {
        std::int64_t value = term();
        for (;;) {
            if (take('+')) {
                value = checked(__builtin_add_overflow(value, term(), &result_));
            } else if (take('-')) {
                value = checked(__builtin_sub_overflow(value, term(), &result_));
            } else {
                return value;
            }
        }
    }

    std::int64_t term() {
        std::int64_t value = factor();
        for (;;) {
            if (take('*')) {
                value = checked(__builtin_mul_overflow(value, factor(), &result_));
            } else if (take('/')) {
                value = quotient(value, factor(), '/');
            } else if (take('%')) {
                value = quotient(value, factor(), '%');
            } else {
                return value;
            }
        }
    }

    std::int64_t factor() {
        if (++depth_ > kDeepest) refuse("it is nested too deeply");
        const std::int64_t value = one_factor();
        --depth_;
        return value;
    }

    std::int64_t one_factor() {
        if (take('-')) return checked(__builtin_sub_overflow(std::int64_t{0}, factor(), &result_));
        if (take('(')) {
            const std::int64_t value = expression();
            expect(')');
            return value;
        }
        const char first = next();
        if (std::isdigit(static_cast<unsigned char>(first))) return number();
        if (std::isalpha(static_cast<unsigned char>(first)) || first == '_') return name();
        refuse(first == '\0' ? "it ends too early"
                             : "'" + std::string(1, first) + "' is not expected there");
    }

    std::int64_t number() {
        std::int64_t value = 0;
        while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
            const int digit = text_[at_++] - '0';
            value = checked(__builtin_mul_overflow(value, 10, &result_));
            value = checked(__builtin_add_overflow(value, digit, &result_));
        }
        return value;
    }

    std::int64_t name() {
        const std::size_t from = at_;
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) {
            ++at_;
        }
        const std::string name(text_.substr(from, at_ - from));
        if ((name == "min" || name == "max") && take('(')) {
            const std::int64_t left = expression();
            expect(',');
            const std::int64_t right = expression();
            expect(')');
            return name == "min" ? std::min(left, right) : std::max(left, right);
        }
        if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
        return value_of_ == nullptr ? 0 : (*value_of_)(name);
    }

    std::int64_t quotient(std::int64_t left, std::int64_t right, char kind) {
        if (value_of_ == nullptr) return 0;
        if (right == 0) refuse("it divides by zero");
        if (right == -1)
            return kind == '%' ? 0
                               : checked(__builtin_sub_overflow(std::int64_t{0}, left, &result_));
        return kind == '/' ? left / right : left % right;
    }

    std::int64_t checked(bool overflowed) {
        if (overflowed) refuse("it is larger than 2^63");
        return result_;
    }

    std::string_view text_;
    const IntegerLookup* value_of_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::int64_t result_ = 0;
    std::vector<std::string> names_;
};

}  // namespace

std::uint64_t evaluate_extent(std::string_view expression, const IntegerLookup& value_of) {
    Reader reader(expression, &value_of);
    const std::int64_t value = reader.read();
    if (value < 0) reader.refuse("it is " + std::to_string(value));
    return static_cast<std::uint64_t>(value);
}

std::vector<std::string> names_in_extent(std::string_view expression) {
    Reader reader(expression, nullptr);
    reader.read();
    return reader.take_names();
}

std::string why_no_extents(const Profile& profile, const ArgumentSpec& argument) {
    if (argument.extents.empty()) return {};
    if (argument.extents.size() != static_cast<std::size_t>(argument.rank)) {
        return "a " + std::string(name_of(argument.rank)) + " with " +
               std::to_string(argument.extents.size()) + " extents";
    }
    for (const std::string& extent : argument.extents) {
        try {
            for (const std::string& name : names_in_extent(extent)) {
                const auto named = [&](const ArgumentSpec& each) { return each.name == name; };
                const auto found = std::ranges::find_if(profile.arguments, named);
                if (found == profile.arguments.end()) {
                    return "the extent '" + extent + "' names '" + name + "', which is no argument";
                }
                if (!is_integer(*found)) {
                    return "the extent '" + extent + "' names '" + name +
                           "', which is no integer that goes in";
                }
            }
        } catch (const Error& e) {
            return e.what();
        }
    }
    return {};
}

Shape shape_by_extents(const Profile& profile, const ArgumentSpec& argument,
                       const IntegerLookup& value_of) {
    Shape shape;
    try {
        for (const std::string& extent : argument.extents) {
            shape.push_back(evaluate_extent(extent, value_of));
        }
        if (!bytes_of({argument.element, shape})) {
            throw Error(ErrorCode::invalid_argument,
                        to_string(shape) + " is larger than any memory");
        }
    } catch (const Error& e) {
        throw Error(e.code(), profile.name + ": argument " + argument.name + ": " + e.what());
    }
    return shape;
}

IntegerLookup integers_of(const Profile& profile,
                          std::function<const std::byte*(std::size_t argument)> value) {
    return [&profile, value = std::move(value)](std::string_view name) -> std::int64_t {
        for (std::size_t i = 0; i < profile.arguments.size(); ++i) {
            const ArgumentSpec& argument = profile.arguments[i];
            if (argument.name != name || !is_integer(argument)) continue;
            const std::byte* bytes = value(i);
            if (bytes == nullptr) break;
            std::int64_t integer = 0;
            if (argument.element == ElementType::int64) {
                std::memcpy(&integer, bytes, sizeof integer);
                return integer;
            }
            std::int32_t small = 0;
            std::memcpy(&small, bytes, sizeof small);
            return small;
        }
        throw Error(ErrorCode::invalid_argument, "there is no integer '" + std::string(name) + "'");
    };
}

}  // namespace juxta
