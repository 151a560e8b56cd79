#include <fmt/format.h>

#include <iterator>

#include "tools/idl/interface.h"

namespace juxta::idl {
namespace {

const char* c_type(ElementType element) {
    switch (element) {
        case ElementType::int32: return "int";
        case ElementType::int64: return "long";
        case ElementType::float32: return "float";
        case ElementType::float64: return "double";
        case ElementType::complex64: return "float _Complex";
        case ElementType::complex128: return "double _Complex";
        case ElementType::char8:
        case ElementType::string:
        case ElementType::file: break;
    }
    return "char";
}

const char* profile_type(ElementType element) {
    switch (element) {
        case ElementType::int32: return "JUXTA_INT32";
        case ElementType::int64: return "JUXTA_INT64";
        case ElementType::float32: return "JUXTA_FLOAT";
        case ElementType::float64: return "JUXTA_DOUBLE";
        case ElementType::complex64: return "JUXTA_COMPLEX_FLOAT";
        case ElementType::complex128: return "JUXTA_COMPLEX_DOUBLE";
        case ElementType::char8: return "JUXTA_CHAR";
        case ElementType::string: return "JUXTA_STRING";
        case ElementType::file: break;
    }
    return "JUXTA_FILE";
}

bool is_file(const Parameter& p) { return p.spec.element == ElementType::file; }
bool is_string(const Parameter& p) { return p.spec.element == ElementType::string; }
bool is_copied(const Parameter& p) {
    return is_array(p.spec) && p.spec.mode == Mode::in && !p.is_work && !p.is_const;
}
bool by_value(const Parameter& p) {
    return p.spec.mode == Mode::in && !is_array(p.spec) && !is_file(p) && !is_string(p);
}

// The type of the variable that the function sees.
std::string variable_type(const Parameter& p) {
    const std::string type = c_type(p.spec.element);
    if (by_value(p)) return type;
    if (is_string(p) && p.spec.mode != Mode::in) return "char**";
    if (p.is_const) return "const " + type + "*";
    return type + "*";
}

// Bytes of a WORK array, in C.
std::string bytes_of_work(const Parameter& p) {
    std::string product = fmt::format("sizeof({})", c_type(p.spec.element));
    for (const std::string& extent : p.written) product += fmt::format(" * (size_t)({})", extent);
    return product;
}

// One service: the function that the server calls, and its profile.
class ServiceSource {
public:
    ServiceSource(const Interface& interface, const Service& service)
        : interface_(interface), service_(service) {}

    std::string text() {
        prototype();
        body();
        solve();
        profile();
        return std::move(text_);
    }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }

    std::string symbol() const {
        if (!service_.fortran) return service_.function;
        std::string symbol = interface_.fortran_format;
        return symbol.replace(symbol.find("%s"), 2, service_.function);
    }

    const Parameter* parameter(const std::string& name) const {
        for (const Parameter& p : service_.parameters) {
            if (p.spec.name == name) return &p;
        }
        return nullptr;
    }

    // With Globals, those declare what is called.
    void prototype() {
        if (service_.function.empty() || !interface_.globals.empty()) return;
        std::string types;
        for (const std::string& actual : service_.actuals) {
            const Parameter* p = parameter(actual);
            if (!types.empty()) types += ", ";
            types += p == nullptr ? (service_.fortran ? "int*" : "int") : variable_type(*p);
            if (p != nullptr && service_.fortran && by_value(*p)) types += '*';
        }
        line("void {}({});", symbol(), types.empty() ? "void" : types);
    }

    // What the description's author wrote, as a function of its own.
    void body() {
        std::string parameters;
        for (const Parameter& p : service_.parameters) {
            if (!parameters.empty()) parameters += ", ";
            parameters += variable_type(p) + ' ' + p.spec.name;
        }
        line("static void run_{}({}) {{", service_.name, parameters.empty() ? "void" : parameters);
        if (service_.function.empty()) {
            text_ += service_.code + '\n';
        } else {
            std::string actuals;
            int constants = 0;
            for (const std::string& actual : service_.actuals) {
                const Parameter* p = parameter(actual);
                if (!actuals.empty()) actuals += ", ";
                if (p == nullptr && service_.fortran) {
                    line("    int constant_{} = {};", ++constants, actual);
                    actuals += fmt::format("&constant_{}", constants);
                } else {
                    actuals +=
                        (service_.fortran && p != nullptr && by_value(*p) ? "&" : "") + actual;
                }
            }
            line("    {}({});", symbol(), actuals);
            for (const Parameter& p : service_.parameters) line("    (void){};", p.spec.name);
        }
        line("}}\n");
    }

    void solve() {
        line("static int solve_{}(juxta_call* the_call, void* the_context) {{", service_.name);
        declare_variables();
        line("    int has_failed = 0;\n    (void)the_context;\n    (void)the_call;");
        read_arguments();
        line("    if (has_failed == 0) {{");
        call_and_write();
        line("    }}");
        for (const Parameter& p : service_.parameters) {
            if (is_copied(p) || p.is_work) line("    free({});", p.spec.name);
        }
        line("    return has_failed;\n}}\n");
    }

    void declare_variables() {
        for (const Parameter& p : service_.parameters) {
            const std::string& name = p.spec.name;
            if (is_string(p) && p.spec.mode != Mode::in) {
                line("    char* {} = NULL;", name);
                if (p.spec.mode == Mode::inout) line("    const char* before_{} = NULL;", name);
            } else {
                line("    {} {} = {};", variable_type(p), name, by_value(p) ? "0" : "NULL");
            }
        }
    }

    void read_arguments() {
        int number = 0;
        for (const Parameter& p : service_.parameters) {
            if (!p.is_work) read(p, number++);
        }
        // Their sizes may name integers that come after them.
        for (const Parameter& p : service_.parameters) {
            if (!p.is_work) continue;
            line("    {0} = ({1}*)malloc({2} + 1);\n    has_failed |= {0} == NULL;", p.spec.name,
                 c_type(p.spec.element), bytes_of_work(p));
        }
    }

    void read(const Parameter& p, int number) {
        const std::string& name = p.spec.name;
        const char* type = c_type(p.spec.element);
        if (is_file(p)) {
            line("    {} = (char*)juxta_call_path(the_call, {});", name, number);
        } else if (is_string(p) && p.spec.mode == Mode::in) {
            line("    {} = (char*)juxta_call_string(the_call, {});", name, number);
        } else if (is_string(p)) {
            if (p.spec.mode == Mode::inout) {
                line(
                    "    before_{0} = juxta_call_string(the_call, {1});\n"
                    "    {0} = (char*)copy_of(before_{0}, strlen(before_{0}) + 1, &has_failed);",
                    name, number);
            }
        } else if (by_value(p)) {
            line("    {} = *(const {}*)juxta_call_data(the_call, {});", name, type, number);
        } else if (is_array(p.spec) && p.spec.mode == Mode::out) {
            line(
                "    {{\n        void* the_result = NULL;\n"
                "        has_failed |= juxta_call_make_output(the_call, {}, &the_result);\n"
                "        {} = ({}*)the_result;\n    }}",
                number, name, type);
        } else if (is_copied(p)) {
            line(
                "    {0} = ({1}*)copy_of(juxta_call_data(the_call, {2}), sizeof({1}) * "
                "(size_t){3}, &has_failed);",
                name, type, number, elements(p, number));
        } else {
            line("    {} = ({}{}*)juxta_call_data(the_call, {});", name, p.is_const ? "const " : "",
                 type, number);
        }
    }

    static std::string elements(const Parameter& p, int number) {
        if (p.spec.rank == Rank::vector)
            return fmt::format("juxta_call_size(the_call, {})", number);
        return fmt::format("(juxta_call_rows(the_call, {0}) * juxta_call_columns(the_call, {0}))",
                           number);
    }

    void call_and_write() {
        std::string actuals;
        for (const Parameter& p : service_.parameters) {
            if (!actuals.empty()) actuals += ", ";
            actuals += (is_string(p) && p.spec.mode != Mode::in ? "&" : "") + p.spec.name;
        }
        line("        run_{}({});", service_.name, actuals);
        int number = 0;
        for (const Parameter& p : service_.parameters) {
            if (is_string(p) && p.spec.mode != Mode::in) {
                line(
                    "        has_failed |= juxta_call_set_string(the_call, {}, {} == NULL ? \"\" : "
                    "{});",
                    number, p.spec.name, p.spec.name);
                line("        free({});", p.spec.name);
            }
            if (!p.is_work) ++number;
        }
    }

    void profile() {
        line("static int register_{}(juxta_registry* registry) {{", service_.name);
        line("    juxta_profile* profile = juxta_profile_new(registry, \"{}\");", service_.name);
        for (const Parameter& p : service_.parameters) {
            if (p.is_work) continue;
            std::string name = p.spec.name;
            for (const std::string& extent : p.spec.extents) name += '[' + extent + ']';
            line("    juxta_profile_add_argument(profile, \"{}\", {}, {}, {});", name,
                 p.spec.mode == Mode::in      ? "JUXTA_IN"
                 : p.spec.mode == Mode::inout ? "JUXTA_INOUT"
                                              : "JUXTA_OUT",
                 profile_type(p.spec.element),
                 p.spec.rank == Rank::scalar   ? "JUXTA_SCALAR"
                 : p.spec.rank == Rank::vector ? "JUXTA_VECTOR"
                                               : "JUXTA_MATRIX");
        }
        if (!service_.retry) line("    juxta_profile_never_retry(profile);");
        line("    return juxta_profile_register(profile, solve_{}, NULL);\n}}\n", service_.name);
    }

    const Interface& interface_;
    const Service& service_;
    std::string text_;
};

constexpr const char* kHead = R"(#include <juxta/service_c.h>

#include <stdlib.h>
#include <string.h>
)";

// Functions of other GridRPC servers own their arguments and may write to them.
constexpr const char* kHelpers = R"(
static inline void* copy_of(const void* from, size_t bytes, int* failed) {
    void* copy = bytes > 0 && from != NULL ? malloc(bytes) : NULL;
    if (copy != NULL) memcpy(copy, from, bytes);
    if (copy == NULL && bytes > 0) *failed = 1;
    return copy;
}
static inline long min(long left, long right) { return left < right ? left : right; }
static inline long max(long left, long right) { return left > right ? left : right; }

)";

bool uses(const Interface& interface, const char* function) {
    for (const Service& service : interface.services) {
        for (const Parameter& p : service.parameters) {
            if (!p.is_work) continue;
            for (const std::string& extent : p.written) {
                if (extent.find(function) != std::string::npos) return true;
            }
        }
    }
    return false;
}

}  // namespace

std::string module_source(const Interface& interface, const std::string& file) {
    std::string text = "/* Made from " + file + "; what is changed here is lost. */\n";
    text += kHead;
    text += interface.globals + '\n';
    std::string helpers = kHelpers;
    for (const char* name : {"min", "max"}) {
        if (uses(interface, name)) continue;
        const std::size_t from = helpers.find(std::string("static inline long ") + name);
        helpers.erase(from, helpers.find('\n', from) - from + 1);
    }
    text += helpers;
    for (const Service& service : interface.services) {
        if (!service.description.empty()) text += "/* " + service.description + " */\n";
        text += ServiceSource(interface, service).text();
    }
    text +=
        "JUXTA_EXPORT int juxta_module_c(juxta_registry* registry);\n"
        "JUXTA_EXPORT int juxta_module_c(juxta_registry* registry) {\n    int refused = 0;\n";
    for (const Service& service : interface.services) {
        text += "    refused |= register_" + service.name + "(registry);\n";
    }
    return text + "    return refused;\n}\n";
}

}  // namespace juxta::idl
