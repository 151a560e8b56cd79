#include "tools/idl/interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace juxta::idl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
    try {
        parse_interface(text, "x.idl");
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        return e.what();
    }
    return "accepted";
}

constexpr const char* kProduct = R"(
Module linear; /* of matrices */
Define mmul(IN int n, IN double A[n][n], mode_in const float B[2*n], OUT double *trace,
            INOUT long C[n][n][2], WORK double w[n + 1])
"C = A B"
Required "mmul.o"   // for whoever links
Calls "C" mmul(n, A, B, trace, C, w, 7);
)";

TEST(Interface, reads_a_description_in_ninfs_manner) {
    const Interface interface = parse_interface(kProduct, "x.idl");
    EXPECT_EQ(interface.module, "linear");
    ASSERT_EQ(interface.services.size(), 1u);
    const Service& mmul = interface.services[0];
    EXPECT_EQ(mmul.name, "mmul");
    EXPECT_EQ(mmul.description, "C = A B");
    EXPECT_EQ(mmul.function, "mmul");
    EXPECT_THAT(mmul.actuals, ElementsAre("n", "A", "B", "trace", "C", "w", "7"));
    ASSERT_EQ(mmul.parameters.size(), 6u);
    EXPECT_EQ(mmul.parameters[1].spec,
              (ArgumentSpec{"A", Mode::in, ElementType::float64, Rank::matrix, {"n", "n"}}));
    EXPECT_TRUE(mmul.parameters[2].is_const);
    EXPECT_EQ(mmul.parameters[3].spec,
              (ArgumentSpec{"trace", Mode::out, ElementType::float64, Rank::scalar}));
    EXPECT_EQ(
        mmul.parameters[4].spec,
        (ArgumentSpec{"C", Mode::inout, ElementType::int64, Rank::vector, {"(n) * (n) * (2)"}}));
    EXPECT_TRUE(mmul.parameters[5].is_work);
}

TEST(Interface, takes_code_with_braces_in_strings_and_comments) {
    const Interface interface = parse_interface(
        "Module m; Globals { int f(void); /* } */ }\n"
        "Define f(OUT int x) { const char* s = \"}\"; *x = s[0] == '}'; // }\n }",
        "x.idl");
    EXPECT_THAT(interface.globals, HasSubstr("int f(void);"));
    EXPECT_THAT(interface.services[0].code, HasSubstr("*x = s[0] == '}';"));
}

TEST(Interface, refuses_with_file_line_and_column) {
    EXPECT_EQ(refusal("Module m;\nDefine f(IN short x) {}"),
              "x.idl:2:13: 'short' is no type: int, long, float, double, scomplex, dcomplex, char, "
              "string and filename are");
    for (const char* text :
         {"", "Module m;", "Define f() {}", "Module m; Define f(int x) {}",
          "Module m; Define f(IN double A[n]) {}",
          "Module m; Define f(IN int n, IN double A[n:2]) {}",
          "Module m; Define f(OUT int n, IN double A[n]) {}",
          "Module m; Define f(IN string s[2]) {}", "Module m; Define f(IN int n, IN int n) {}",
          "Module m; Define f(IN int n) {", "Module m; Define f(IN int n) Calls \"C\" g(m);",
          "Module m; Define f() {} Define f() {}", "Module m; Define f() Calls \"Cobol\" g();",
          "Module m; Define f() \"text"}) {
        EXPECT_THAT(refusal(text), HasSubstr("x.idl:")) << text;
    }
}

TEST(Interface, becomes_a_module_that_calls_the_function) {
    const std::string source = module_source(parse_interface(kProduct, "x.idl"), "x.idl");
    EXPECT_THAT(source,
                HasSubstr("void mmul(int, double*, const float*, double*, long*, double*, int);"));
    EXPECT_THAT(source, HasSubstr("mmul(n, A, B, trace, C, w, 7);"));
    EXPECT_THAT(source, HasSubstr("\"A[n][n]\", JUXTA_IN, JUXTA_DOUBLE, JUXTA_MATRIX"));
    EXPECT_THAT(source,
                HasSubstr("\"C[(n) * (n) * (2)]\", JUXTA_INOUT, JUXTA_INT64, JUXTA_VECTOR"));
    EXPECT_THAT(source, testing::Not(HasSubstr("\"w")));
}

TEST(Interface, gives_fortran_the_addresses_of_its_arguments) {
    const std::string source = module_source(
        parse_interface("Module m; FortranFormat \"_%s_\";\n"
                        "Define f(IN int n, IN double A[n]) Calls \"Fortran\" dsum(n, A, 1);",
                        "x.idl"),
        "x.idl");
    EXPECT_THAT(source, HasSubstr("_dsum_(&n, A, &constant_1);"));
    EXPECT_THAT(source, HasSubstr("void _dsum_(int*, double*, int*);"));
}

}  // namespace
}  // namespace juxta::idl
