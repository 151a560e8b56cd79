#include "agent/core/data_locator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

struct FakeManager final : LocationSource {
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids, unsigned) override {
        asked.push_back(ids);
        if (failing) throw Error(ErrorCode::deadline_exceeded, "no answer");
        std::vector<DatumLocation> found;
        for (const DataId& id : ids) found.push_back({id, {}, 8, {}});
        return found;
    }
    std::vector<std::vector<DataId>> asked;
    bool failing = false;
};

struct TwoClusters : testing::Test {
    std::shared_ptr<FakeManager> one = std::make_shared<FakeManager>();
    std::shared_ptr<FakeManager> two = std::make_shared<FakeManager>();
    DataLocator locator{{{"c1", one}, {"c2", two}}};
    DataId a = DataId::make("c1"), b = DataId::make("c1"), c = DataId::make("c2");
};

TEST_F(TwoClusters, each_is_asked_once_and_only_for_its_own_data) {
    EXPECT_EQ(locator.locate({a, c, b}, 100).size(), 3u);
    ASSERT_EQ(one->asked.size(), 1u);
    EXPECT_THAT(one->asked[0], testing::ElementsAre(a, b));
    ASSERT_EQ(two->asked.size(), 1u);
    EXPECT_THAT(two->asked[0], testing::ElementsAre(c));
}

TEST_F(TwoClusters, nobody_is_asked_for_nothing_or_for_data_of_an_unknown_cluster) {
    EXPECT_TRUE(locator.locate({}, 100).empty());
    EXPECT_TRUE(locator.locate({DataId::make("elsewhere")}, 100).empty());
    EXPECT_TRUE(one->asked.empty());
    EXPECT_TRUE(two->asked.empty());
}

TEST_F(TwoClusters, a_manager_that_fails_is_left_alone_for_a_while) {
    one->failing = true;
    EXPECT_EQ(locator.locate({a, c}, 100).size(), 1u);
    EXPECT_EQ(locator.locate({a, c}, 100).size(), 1u);
    EXPECT_EQ(one->asked.size(), 1u);
    EXPECT_EQ(two->asked.size(), 2u);
}

TEST(DataLocator, asks_another_manager_of_the_cluster_if_one_fails) {
    auto dead = std::make_shared<FakeManager>();
    auto alive = std::make_shared<FakeManager>();
    dead->failing = true;
    DataLocator locator({{"c1", dead}, {"c1", alive}});
    EXPECT_EQ(locator.locate({DataId::make("c1")}, 100).size(), 1u);
    DataLocator first_answers({{"c1", alive}, {"c1", std::make_shared<FakeManager>()}});
    EXPECT_EQ(first_answers.locate({DataId::make("c1")}, 100).size(), 1u);
}

}  // namespace
}  // namespace juxta::agent
