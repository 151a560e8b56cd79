// Types and shapes: sizes, names, overflow.
#include "common/model/types.h"

#include <gtest/gtest.h>

#include "common/model/profile.h"

namespace juxta {
namespace {

TEST(DataType, counts_bytes_of_every_element_type) {
    EXPECT_EQ(bytes_of({ElementType::complex128, {3, 4}}), 192u);
    EXPECT_EQ(bytes_of({ElementType::int32, {}}), 4u);
    EXPECT_EQ(bytes_of({ElementType::float64, {0, 7}}), 0u);
}

TEST(DataType, has_no_size_when_the_product_overflows) {
    EXPECT_FALSE(bytes_of({ElementType::float64, {1ull << 32, 1ull << 32}}));
    EXPECT_FALSE(bytes_of({ElementType::char8, {1ull << 63}}));
    EXPECT_TRUE(bytes_of({ElementType::char8, {(1ull << 63) - 1}}));
}

TEST(ElementType, is_parsed_from_the_name_it_prints) {
    for (int i = 0; i < 9; ++i) {
        const auto type = static_cast<ElementType>(i);
        EXPECT_EQ(parse_element_type(name_of(type)), type);
    }
    EXPECT_FALSE(parse_element_type("quaternion"));
}

TEST(Profile, answers_to_its_name_with_and_without_its_module) {
    const Profile profile{
        "matmul", "linalg", {{"A", Mode::in, ElementType::float64, Rank::matrix}}, Retry::always};
    EXPECT_TRUE(profile.answers_to("matmul"));
    EXPECT_TRUE(profile.answers_to("linalg/matmul"));
    EXPECT_FALSE(profile.answers_to("other/matmul"));
    EXPECT_EQ(to_string(profile), "matmul(in A: double matrix)");
}

}  // namespace
}  // namespace juxta
