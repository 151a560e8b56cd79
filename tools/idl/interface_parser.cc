#include <algorithm>
#include <cctype>
#include <map>

#include "common/base/error.h"
#include "common/model/extent.h"
#include "tools/idl/interface.h"

namespace juxta::idl {
namespace {

const std::map<std::string, ElementType, std::less<>> kTypes{
    {"int", ElementType::int32},          {"long", ElementType::int64},
    {"float", ElementType::float32},      {"double", ElementType::float64},
    {"scomplex", ElementType::complex64}, {"dcomplex", ElementType::complex128},
    {"char", ElementType::char8},         {"string", ElementType::string},
    {"filename", ElementType::file},
};

// What only concerns whoever builds the module; each is followed by one string.
const std::vector<std::string> kForTheBuilder{"Required", "CompileOptions", "Library",
                                              "Language", "Backend",        "Shrink"};

// The text, word by word. A word is a name, a number, a string without its quotes, or a character.
class Words {
public:
    Words(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

    [[noreturn]] void refuse(const std::string& why) {
        skip_blanks();
        refuse_at(at_, why);
    }

    bool at_end() {
        skip_blanks();
        return at_ == text_.size();
    }

    int line() {
        skip_blanks();
        return 1 + static_cast<int>(std::count(text_.begin(), text_.begin() + at_, '\n'));
    }

    std::string_view peek_name() {
        skip_blanks();
        std::size_t end = at_;
        while (end < text_.size() && (std::isalnum(byte(end)) || text_[end] == '_')) ++end;
        return text_.substr(at_, end - at_);
    }

    std::string name(const char* what) {
        const std::string_view found = peek_name();
        if (found.empty() || std::isdigit(static_cast<unsigned char>(found[0])))
            refuse(std::string(what) + " is expected");
        at_ += found.size();
        return std::string(found);
    }

    bool take_name(std::string_view wanted) {
        if (peek_name() != wanted) return false;
        at_ += wanted.size();
        return true;
    }

    bool take(char wanted) {
        skip_blanks();
        if (at_ == text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }

    void expect(char wanted) {
        if (!take(wanted)) refuse("'" + std::string(1, wanted) + "' is expected");
    }

    bool at_string() {
        skip_blanks();
        return at_ < text_.size() && text_[at_] == '"';
    }

    std::string string() {
        expect('"');
        const std::size_t end = text_.find('"', at_);
        if (end == std::string_view::npos) refuse_at(at_, "this string does not end");
        const std::string found(text_.substr(at_, end - at_));
        at_ = end + 1;
        return found;
    }

    // Up to `end`, which is taken as well.
    std::string up_to(char end) {
        const std::size_t found = text_.find(end, at_);
        if (found == std::string_view::npos) refuse("'" + std::string(1, end) + "' is missing");
        const std::string text(text_.substr(at_, found - at_));
        at_ = found + 1;
        return text;
    }

    // C code between braces, the first of which was taken. Braces in strings, characters and
    // comments are none.
    std::string code() {
        const std::size_t from = at_;
        int depth = 1;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"' || c == '\'') {
                skip_quoted(c);
                continue;
            }
            if (const std::size_t length = comment(); length > 0) {
                at_ += length;
                continue;
            }
            if (c == '{') ++depth;
            if (c == '}' && --depth == 0) return std::string(text_.substr(from, at_++ - from));
            ++at_;
        }
        refuse_at(from, "this code has no closing '}'");
    }

private:
    unsigned char byte(std::size_t at) const { return static_cast<unsigned char>(text_[at]); }

    [[noreturn]] void refuse_at(std::size_t at, const std::string& why) const {
        const std::string_view before = text_.substr(0, at);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t start = before.rfind('\n');
        const std::size_t column = at - (start == std::string_view::npos ? 0 : start + 1) + 1;
        throw Error(ErrorCode::invalid_argument,
                    file_ + ':' + std::to_string(line) + ':' + std::to_string(column) + ": " + why);
    }

    // The length of the comment that begins here; 0 if none does.
    std::size_t comment() const {
        const std::string_view rest = text_.substr(at_);
        if (rest.starts_with("//")) return std::min(rest.find('\n'), rest.size());
        if (!rest.starts_with("/*")) return 0;
        const std::size_t end = rest.find("*/", 2);
        return end == std::string_view::npos ? rest.size() : end + 2;
    }

    void skip_quoted(char quote) {
        for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        at_ = std::min(at_ + 1, text_.size());
    }

    void skip_blanks() {
        while (at_ < text_.size()) {
            if (std::isspace(byte(at_))) {
                ++at_;
            } else if (const std::size_t length = comment(); length > 0) {
                at_ += length;
            } else {
                return;
            }
        }
    }

    std::string_view text_;
    std::string file_;
    std::size_t at_ = 0;
};

class Parser {
public:
    Parser(std::string_view text, const std::string& file) : words_(text, file) {}

    Interface parse() {
        while (!words_.at_end()) {
            if (words_.take(';')) continue;
            if (words_.take_name("Module")) {
                interface_.module = words_.name("the name of the module");
                words_.expect(';');
            } else if (words_.take_name("Globals")) {
                words_.expect('{');
                interface_.globals += words_.code();
            } else if (words_.take_name("FortranFormat")) {
                fortran_format();
            } else if (words_.take_name("Define")) {
                define();
            } else if (!builders_word()) {
                words_.refuse("'Module', 'Globals', 'FortranFormat' or 'Define' is expected");
            }
        }
        if (interface_.module.empty()) words_.refuse("'Module NAME;' is missing");
        if (interface_.services.empty()) words_.refuse("no service is defined");
        return std::move(interface_);
    }

private:
    bool builders_word() {
        for (const std::string& word : kForTheBuilder) {
            if (!words_.take_name(word)) continue;
            if (words_.at_string()) {
                words_.string();
            } else {
                words_.name("a string or a name");
            }
            words_.take(';');
            return true;
        }
        return false;
    }

    void fortran_format() {
        interface_.fortran_format = words_.string();
        const std::size_t place = interface_.fortran_format.find("%s");
        if (place == std::string::npos) words_.refuse("a format has '%s' where the name goes");
        words_.take(';');
    }

    void define() {
        Service service;
        service.line = words_.line();
        service.name = words_.name("the name of a service");
        // "module/name", as some write it.
        if (words_.take('/')) service.name = words_.name("the name of a service");
        words_.expect('(');
        if (!words_.take(')')) {
            do {
                service.parameters.push_back(parameter());
            } while (words_.take(','));
            words_.expect(')');
        }
        check(service);
        while (words_.at_string()) service.description += words_.string();
        for (;;) {
            if (words_.take_name("Calls")) {
                calls(service);
                break;
            }
            if (words_.take('{')) {
                service.code = words_.code();
                break;
            }
            if (words_.take_name("Retry")) {
                if (!words_.take_name("never")) words_.refuse("'never' is expected");
                words_.take(';');
                service.retry = false;
            } else if (!builders_word()) {
                words_.refuse("'Calls \"C\" function(...);' or '{ code }' is expected");
            }
        }
        for (const Service& other : interface_.services) {
            if (other.name == service.name)
                words_.refuse("'" + service.name + "' is defined twice");
        }
        interface_.services.push_back(std::move(service));
    }

    Parameter parameter() {
        Parameter parameter;
        mode(parameter);
        if (words_.take_name("const")) parameter.is_const = true;
        const std::string type(words_.peek_name());
        const auto found = kTypes.find(type);
        if (found == kTypes.end()) {
            words_.refuse(
                "'" + type +
                "' is no type: int, long, float, double, scomplex, dcomplex, char, string "
                "and filename are");
        }
        words_.take_name(type);
        parameter.spec.element = found->second;
        words_.take('*');
        parameter.spec.name = words_.name("the name of an argument");
        while (words_.take('[')) parameter.written.push_back(extent());
        finish(parameter);
        return parameter;
    }

    void mode(Parameter& parameter) {
        if (words_.take_name("IN") || words_.take_name("mode_in")) return;
        if (words_.take_name("OUT") || words_.take_name("mode_out")) {
            parameter.spec.mode = Mode::out;
        } else if (words_.take_name("INOUT") || words_.take_name("mode_inout")) {
            parameter.spec.mode = Mode::inout;
        } else if (words_.take_name("WORK") || words_.take_name("mode_work")) {
            parameter.is_work = true;
        } else {
            words_.refuse("IN, OUT, INOUT or WORK is expected");
        }
    }

    std::string extent() {
        const std::string text = words_.up_to(']');
        if (text.find(':') != std::string::npos)
            words_.refuse("'[" + text + "]': parts of arrays (LENGTH : FROM, TO) are not known");
        return text;
    }

    // More than two dimensions are one: C lays them out one after the other.
    void finish(Parameter& parameter) {
        const auto& written = parameter.written;
        if (written.empty()) {
            if (parameter.is_work) words_.refuse("a WORK parameter is an array");
            return;
        }
        const bool blob = parameter.spec.element == ElementType::string ||
                          parameter.spec.element == ElementType::file;
        if (blob) words_.refuse("there are no arrays of strings or files");
        parameter.spec.rank = written.size() == 2 ? Rank::matrix : Rank::vector;
        parameter.spec.extents = written;
        if (written.size() <= 2) return;
        std::string product;
        for (const std::string& one : written)
            product += (product.empty() ? "(" : " * (") + one + ")";
        parameter.spec.extents = {product};
    }

    void calls(Service& service) {
        const std::string language = words_.at_string() ? words_.string() : "C";
        service.fortran = language == "Fortran" || language == "fortran";
        if (!service.fortran && language != "C")
            words_.refuse("only \"C\" and \"Fortran\" functions can be called");
        service.function = words_.name("the name of a function");
        words_.expect('(');
        if (!words_.take(')')) {
            do {
                const std::string actual(words_.peek_name());
                if (actual.empty()) words_.refuse("the name of an argument is expected");
                words_.take_name(actual);
                const auto named = [&](const Parameter& each) { return each.spec.name == actual; };
                const bool number = std::isdigit(static_cast<unsigned char>(actual[0]));
                if (!number && std::ranges::none_of(service.parameters, named))
                    words_.refuse("'" + actual + "' is no argument of " + service.name);
                service.actuals.push_back(actual);
            } while (words_.take(','));
            words_.expect(')');
        }
        words_.take(';');
    }

    void check(const Service& service) {
        Profile profile;
        for (const Parameter& parameter : service.parameters) {
            for (const ArgumentSpec& other : profile.arguments) {
                if (other.name == parameter.spec.name)
                    words_.refuse("'" + other.name + "' is there twice");
            }
            profile.arguments.push_back(parameter.spec);
        }
        for (const ArgumentSpec& argument : profile.arguments) {
            const std::string why = why_no_extents(profile, argument);
            if (!why.empty()) words_.refuse(argument.name + ": " + why);
        }
    }

    Words words_;
    Interface interface_;
};

}  // namespace

Interface parse_interface(std::string_view text, const std::string& file) {
    return Parser(text, file).parse();
}

}  // namespace juxta::idl
