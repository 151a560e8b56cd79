#include "server_daemon/core/argument_check.h"

#include <gtest/gtest.h>

#include "tests/unit/server_daemon/values.h"

namespace juxta::sed {
namespace {

const Profile kMatmul{"matmul",
                      "linalg",
                      {{"A", Mode::in, ElementType::float64, Rank::matrix},
                       {"alpha", Mode::in, ElementType::float64, Rank::scalar},
                       {"C", Mode::out, ElementType::float64, Rank::matrix},
                       {"v", Mode::inout, ElementType::float64, Rank::vector},
                       {"s", Mode::in, ElementType::string, Rank::scalar}},
                      Retry::always};

std::vector<Argument> good() {
    return {DataId::make("c1"), scalar(1.0), WantedOutput{}, DataId::make("c1"), text("x")};
}

std::string refusal(std::vector<Argument> arguments) {
    try {
        check_arguments(kMatmul, order("matmul", std::move(arguments)));
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        return e.what();
    }
    return "accepted";
}

std::string refusal_with(std::size_t index, Argument argument) {
    auto arguments = good();
    arguments[index] = std::move(argument);
    return refusal(std::move(arguments));
}

TEST(ArgumentCheck, accepts_what_fits) {
    EXPECT_EQ(refusal(good()), "accepted");
    EXPECT_EQ(refusal_with(0, array<double>({1, 2}, {1, 2})), "accepted");
    EXPECT_EQ(refusal_with(2, std::monostate{}), "accepted");
    EXPECT_EQ(refusal_with(3, array<double>({2}, {1, 2})), "accepted");
    EXPECT_EQ(refusal_with(0, array<double>({0, 7}, {})), "accepted");
}

TEST(ArgumentCheck, holds_arrays_against_the_extents_of_the_profile) {
    const Profile square{"square",
                         "linalg",
                         {{"n", Mode::in, ElementType::int32},
                          {"A", Mode::in, ElementType::float64, Rank::matrix, {"n", "n"}},
                          {"B", Mode::out, ElementType::float64, Rank::matrix, {"n", "n"}}},
                         Retry::always};
    const auto refused = [&](std::int32_t n, Argument a) {
        try {
            check_arguments(square, order("square", {scalar(n), std::move(a), WantedOutput{}}));
            return std::string("accepted");
        } catch (const Error& e) {
            return std::string(e.what());
        }
    };
    EXPECT_EQ(refused(1, array<double>({1, 1}, {1})), "accepted");
    EXPECT_NE(refused(2, array<double>({1, 1}, {1})).find("expected 2x2"), std::string::npos);
    EXPECT_NE(refused(-1, array<double>({1, 1}, {1})).find("it is -1"), std::string::npos);
    const DataId id = DataId::make("c1");
    const CallOrder two = order("square", {scalar(std::int32_t{2}), id, WantedOutput{}});
    EXPECT_NO_THROW(check_datum(square, two, 1, id, {ElementType::float64, {2, 2}}));
    EXPECT_THROW(check_datum(square, two, 1, id, {ElementType::float64, {2, 3}}), Error);
    EXPECT_NO_THROW(check_result(square, two, 2, {ElementType::float64, {2, 2}}));
    EXPECT_THROW(check_result(square, two, 2, {ElementType::float64, {3, 2}}), Error);
}

TEST(ArgumentCheck, counts) {
    EXPECT_EQ(refusal({}).substr(0, 46), "matmul: 0 arguments given, 5 expected: matmul(");
}

TEST(ArgumentCheck, names_the_argument_and_both_types) {
    EXPECT_EQ(refusal_with(0, array<double>({5}, {1, 2, 3, 4, 5})),
              "matmul: argument A: expected a double matrix, got double vector 5");
    EXPECT_EQ(refusal_with(0, array<float>({1, 1}, {1})),
              "matmul: argument A: expected a double matrix, got float matrix 1x1");
    EXPECT_EQ(refusal_with(1, scalar<std::int32_t>(1)),
              "matmul: argument alpha: expected a double, got int32 scalar");
    EXPECT_EQ(refusal_with(1, text("1")), "matmul: argument alpha: expected a double, got string");
    EXPECT_EQ(refusal_with(4, scalar(1.0)),
              "matmul: argument s: expected a string, got double scalar");
}

TEST(ArgumentCheck, refuses_what_is_missing_or_of_the_wrong_kind) {
    EXPECT_EQ(refusal_with(0, std::monostate{}), "matmul: argument A: is missing: a double matrix");
    EXPECT_EQ(refusal_with(0, WantedOutput{}), "matmul: argument A: is missing: a double matrix");
    EXPECT_EQ(refusal_with(1, DataId::make("c")),
              "matmul: argument alpha: expected a double by value, got a datum");
    EXPECT_EQ(refusal_with(2, scalar(1.0)),
              "matmul: argument C: is a result, no value can be given for it");
    EXPECT_EQ(refusal_with(2, DataId::make("c")),
              "matmul: argument C: is a result, no datum can be given for it");
}

TEST(ArgumentCheck, refuses_values_that_lie_about_their_size) {
    Value value = array<double>({2, 2}, {1, 2, 3});
    EXPECT_EQ(refusal_with(0, value), "matmul: argument A: double 2x2 does not have 24 bytes");
    value.type.shape = {std::uint64_t{1} << 62, std::uint64_t{1} << 62};
    EXPECT_NE(refusal_with(0, value), "accepted");
    EXPECT_NE(refusal_with(0, array<double>({100, 100}, std::vector<double>(10'000))), "accepted");
}

TEST(ArgumentCheck, refuses_to_change_one_datum_twice) {
    const Profile twice{
        "f",
        "m",
        {kMatmul.arguments[3], {"w", Mode::inout, ElementType::float64, Rank::vector}},
        {}};
    const DataId id = DataId::make("c1");
    EXPECT_THROW(check_arguments(twice, order("f", {id, id})), Error);
    EXPECT_NO_THROW(check_arguments(twice, order("f", {id, DataId::make("c1")})));
}

TEST(ArgumentCheck, looks_at_the_type_of_a_datum) {
    const DataId id = DataId::make("c1");
    EXPECT_NO_THROW(
        check_datum(kMatmul, order("matmul", good()), 0, id, {ElementType::float64, {3, 3}}));
    try {
        check_datum(kMatmul, order("matmul", good()), 0, id, {ElementType::float64, {5}});
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(std::string(e.what()),
                  "matmul: argument A: expected a double matrix, got double vector 5 of datum " +
                      to_string(id));
    }
}

}  // namespace
}  // namespace juxta::sed
