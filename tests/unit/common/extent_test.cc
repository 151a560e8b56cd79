#include "common/model/extent.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace juxta {
namespace {

std::int64_t value_of(std::string_view name) {
    if (name == "n") return 4;
    if (name == "m") return 3;
    if (name == "huge") return std::int64_t{1} << 62;
    return 0;
}

std::uint64_t value(const char* expression) { return evaluate_extent(expression, value_of); }

std::string refusal(const char* expression) {
    try {
        value(expression);
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        return e.what();
    }
    return "accepted";
}

TEST(Extent, computes_as_c_does) {
    EXPECT_EQ(value("17"), 17u);
    EXPECT_EQ(value("n"), 4u);
    EXPECT_EQ(value("n + m * 2"), 10u);
    EXPECT_EQ(value("(n+m)*2"), 14u);
    EXPECT_EQ(value("n - m - 1"), 0u);
    EXPECT_EQ(value("7 / m"), 2u);
    EXPECT_EQ(value("7 % n"), 3u);
    EXPECT_EQ(value("-(m - n)"), 1u);
    EXPECT_EQ(value("max(1, zero) + min(n, m)"), 4u);
}

TEST(Extent, refuses_what_is_no_size) {
    EXPECT_NE(refusal("m - n").find("it is -1"), std::string::npos);
    EXPECT_NE(refusal("n / zero").find("divides by zero"), std::string::npos);
    EXPECT_NE(refusal("huge * 4").find("larger than 2^63"), std::string::npos);
    EXPECT_NE(refusal("99999999999999999999").find("larger than 2^63"), std::string::npos);
}

TEST(Extent, says_what_is_wrong_with_an_expression) {
    for (const char* text : {"", "n +", "(n", "n m", "n]", "2n", "min(n)", "n ^ 2", "*"}) {
        EXPECT_NE(refusal(text), "accepted") << text;
        EXPECT_THROW(names_in_extent(text), Error) << text;
    }
    EXPECT_THROW(names_in_extent(std::string(10000, '(')), Error);
}

TEST(Extent, tells_its_names_once) {
    EXPECT_EQ(names_in_extent("n * (m + n) / min(n, zero)"),
              (std::vector<std::string>{"n", "m", "zero"}));
}

Profile product(const std::string& rows) {
    return {"product",
            "linalg",
            {{"n", Mode::in, ElementType::int32},
             {"alpha", Mode::in, ElementType::float64},
             {"info", Mode::out, ElementType::int32},
             {"A", Mode::in, ElementType::float64, Rank::matrix, {rows, "n + 1"}}}};
}

TEST(Extent, names_integers_that_go_in) {
    const auto why = [](const Profile& profile) {
        return why_no_extents(profile, profile.arguments[3]);
    };
    EXPECT_EQ(why(product("n")), "");
    EXPECT_NE(why(product("k")).find("no argument"), std::string::npos);
    EXPECT_NE(why(product("alpha")).find("no integer"), std::string::npos);
    EXPECT_NE(why(product("info")).find("no integer"), std::string::npos);
    EXPECT_NE(why(product("n +")), "");
    Profile one = product("n");
    one.arguments[3].extents.pop_back();
    EXPECT_NE(why(one).find("a matrix with 1 extents"), std::string::npos);
}

TEST(Extent, gives_the_shape_of_an_argument) {
    const Profile profile = product("n");
    std::int32_t n = 4;
    const auto integers = integers_of(profile, [&](std::size_t i) {
        return i == 0 ? reinterpret_cast<const std::byte*>(&n) : nullptr;
    });
    EXPECT_EQ(shape_by_extents(profile, profile.arguments[3], integers), (Shape{4, 5}));
    n = -1;
    EXPECT_THROW(shape_by_extents(profile, profile.arguments[3], integers), Error);
    EXPECT_EQ(
        to_string(profile),
        "product(in n: int32, in alpha: double, out info: int32, in A: double matrix[n][n + 1])");
}

}  // namespace
}  // namespace juxta
