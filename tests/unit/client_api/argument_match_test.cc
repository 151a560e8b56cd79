#include "client_api/core/argument_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_api/juxta/argument.h"
#include "common/base/error.h"

namespace juxta::client {
namespace {

Profile matmul() {
    return {"matmul",
            "linalg",
            {{"A", Mode::in, ElementType::float64, Rank::matrix},
             {"B", Mode::in, ElementType::float64, Rank::matrix},
             {"C", Mode::out, ElementType::float64, Rank::matrix}},
            Retry::always};
}

Profile scalars(ElementType element) {
    return {"f",
            "testing",
            {{"x", Mode::in, element, Rank::scalar}, {"y", Mode::out, element, Rank::scalar}},
            Retry::always};
}

std::vector<Matched> match(const Profile& profile, const std::vector<Arg>& arguments,
                           const std::vector<std::string>& names = {}) {
    std::vector<Given> given;
    for (const Arg& each : arguments) given.push_back(each.content());
    return match_arguments(profile, given, names);
}

std::string refusal(const Profile& profile, const std::vector<Arg>& arguments,
                    const std::vector<std::string>& names = {}) {
    try {
        match(profile, arguments, names);
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        return e.what();
    }
    return "accepted";
}

template <class T>
T number(const Matched& matched) {
    const Value& value = std::get<Value>(matched);
    T result{};
    EXPECT_EQ(value.bytes.size(), sizeof result);
    std::memcpy(&result, value.bytes.data(), sizeof result);
    return result;
}

const DataId kDatum = DataId::make("c1");

TEST(ArgumentMatch, takes_one_for_each_input_or_one_for_every_argument) {
    EXPECT_EQ(match(matmul(), {kDatum, kDatum}).size(), 3u);
    EXPECT_EQ(std::get<OutputWish>(match(matmul(), {kDatum, kDatum, Arg::output("C")})[2]).name,
              "C");
    EXPECT_THAT(refusal(matmul(), {kDatum}),
                ::testing::StartsWith("matmul takes 2 arguments, given: 1"));
    EXPECT_EQ(refusal(matmul(), {kDatum, kDatum, kDatum}).substr(0, 43),
              "matmul: argument C (out) is double matrix; ");
    EXPECT_NE(refusal(matmul(), {kDatum, kDatum, Arg::output(), Arg::output()}), "accepted");
    EXPECT_NE(refusal(matmul(), {}), "accepted");
}

TEST(ArgumentMatch, names_array_outputs_in_order) {
    EXPECT_EQ(std::get<OutputWish>(match(matmul(), {kDatum, kDatum}, {"C1"})[2]).name, "C1");
    EXPECT_THAT(refusal(matmul(), {kDatum, kDatum}, {"C1", "C2"}),
                ::testing::StartsWith("matmul has 1 array outputs to be named,"));
    EXPECT_NE(refusal(scalars(ElementType::float64), {1.0}, {"y"}), "accepted");
}

TEST(ArgumentMatch, takes_arrays_of_the_right_type_and_rank_only) {
    const std::vector<double> values(4);
    const std::vector<float> floats(4);
    const auto matrix = [&](Shape shape) {
        return Arg(std::span<const double>(values), std::move(shape));
    };
    EXPECT_TRUE(std::holds_alternative<ArrayView>(match(matmul(), {matrix({2, 2}), kDatum})[0]));
    EXPECT_EQ(refusal(matmul(), {matrix({4}), kDatum}),
              "matmul: argument A (in) is double matrix; given: an array: double 4");
    EXPECT_NE(refusal(matmul(), {Arg(std::span<const float>(floats), {2, 2}), kDatum}), "accepted");
    EXPECT_EQ(refusal(matmul(), {matrix({2, 3}), kDatum}),
              "matmul: argument A (in) is double matrix; given: 32 bytes as double 2x3");
    EXPECT_NE(refusal(matmul(), {matrix({~std::uint64_t{0}, 8}), kDatum}), "accepted");
    EXPECT_EQ(refusal(matmul(), {2.5, kDatum}),
              "matmul: argument A (in) is double matrix; given: a value: double scalar");
}

TEST(ArgumentMatch, takes_a_string_for_an_array_as_the_name_of_a_datum) {
    EXPECT_EQ(std::get<DatumName>(match(matmul(), {"A", kDatum})[0]).text, "A");
}

TEST(ArgumentMatch, converts_numbers_where_nothing_is_lost) {
    EXPECT_EQ(number<double>(match(scalars(ElementType::float64), {3})[0]), 3.0);
    EXPECT_EQ(number<std::int32_t>(match(scalars(ElementType::int32), {3.0})[0]), 3);
    EXPECT_EQ(number<std::int32_t>(match(scalars(ElementType::int32), {std::int64_t{-7}})[0]), -7);
    EXPECT_EQ(number<float>(match(scalars(ElementType::float32), {0.1})[0]), 0.1f);
    EXPECT_EQ(number<std::complex<double>>(match(scalars(ElementType::complex128), {2})[0]),
              std::complex<double>(2, 0));
    EXPECT_EQ(refusal(scalars(ElementType::int32), {3.5}),
              "f: argument x (in) is int32; given: a value: double scalar, which it cannot hold");
    EXPECT_NE(refusal(scalars(ElementType::int32), {std::int64_t{1} << 40}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::int64), {1e300}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::int64), {std::nan("")}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::float64), {std::int64_t{(1ll << 53) + 1}}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::float64), {std::complex<double>(1, 1)}), "accepted");
}

TEST(ArgumentMatch, keeps_numbers_strings_and_data_apart) {
    EXPECT_EQ(refusal(scalars(ElementType::float64), {"3"}),
              "f: argument x (in) is double; given: a string");
    EXPECT_NE(refusal(scalars(ElementType::string), {3}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::float64), {kDatum}), "accepted");
    EXPECT_NE(refusal(scalars(ElementType::float64), {std::vector<double>{1}}), "accepted");
    const auto text = match(scalars(ElementType::file), {"contents"});
    EXPECT_EQ(std::get<Value>(text[0]).type, (DataType{ElementType::file, {8}}));
}

TEST(ArgumentMatch, leaves_scalar_outputs_to_the_result) {
    EXPECT_TRUE(
        std::holds_alternative<std::monostate>(match(scalars(ElementType::float64), {1.0})[1]));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(
        match(scalars(ElementType::float64), {1.0, Arg::output()})[1]));
    EXPECT_NE(refusal(scalars(ElementType::float64), {1.0, Arg::output("y")}), "accepted");
}

}  // namespace
}  // namespace juxta::client
