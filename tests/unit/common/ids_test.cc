// Ids: what is printed is what is parsed, and only that.
#include "common/model/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace juxta {
namespace {

TEST(DataId, prints_32_digits_and_parses_back) {
    const DataId id = DataId::make("c1");
    const std::string text = to_string(id);
    EXPECT_EQ(text.size(), 34u);
    EXPECT_EQ(text.substr(0, 2), "d:");
    EXPECT_EQ(parse_data_id(text), id);
}

TEST(DataId, carries_the_tag_of_the_cluster_that_made_it) {
    EXPECT_EQ(DataId::make("c1").birth_tag(), cluster_tag("c1"));
    EXPECT_NE(cluster_tag("c1"), cluster_tag("c2"));
}

TEST(DataId, is_never_made_twice) {
    std::set<DataId> seen;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(DataId::make("c1")).second);
}

TEST(DataId, is_not_parsed_from_anything_else) {
    const std::string text = to_string(DataId::make("c1"));
    for (const std::string& other :
         {std::string(), std::string("d:"), text.substr(0, 33), text + "0", "r" + text.substr(1),
          "d:" + std::string(32, 'G'), "d:" + std::string(32, 'A'), "d:-" + std::string(31, '1'),
          "d: " + std::string(31, '1')}) {
        EXPECT_FALSE(parse_data_id(other)) << other;
    }
}

TEST(RequestId, has_another_letter_than_a_datum) {
    const std::string text = to_string(RequestId::make());
    EXPECT_TRUE(parse_request_id(text));
    EXPECT_FALSE(parse_data_id(text));
}

}  // namespace
}  // namespace juxta
