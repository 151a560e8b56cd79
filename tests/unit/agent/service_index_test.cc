#include "agent/core/service_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Child child(const std::string& name, const std::vector<std::string>& services) {
    return {std::make_shared<const ChildInfo>(sed_info(name, services)), nullptr};
}

std::vector<std::string> full_names(const ServiceIndex& index) {
    std::vector<std::string> all;
    for (const Profile& each : index.profiles()) all.push_back(each.full_name());
    return all;
}

TEST(ServiceIndex, finds_a_service_by_both_names) {
    ServiceIndex index;
    index.rebuild({child("s1", {"linalg/matmul"}), child("s2", {"linalg/matmul", "testing/echo"})},
                  0);
    ASSERT_NE(index.find("matmul"), nullptr);
    EXPECT_EQ(index.find("matmul"), index.find("linalg/matmul"));
    EXPECT_EQ(index.find("matmul")->offered_by.size(), 2u);
    EXPECT_EQ(index.find("mat"), nullptr);
    EXPECT_THAT(full_names(index), ElementsAre("linalg/matmul", "testing/echo"));
}

TEST(ServiceIndex, refuses_to_guess_between_modules) {
    ServiceIndex index;
    index.rebuild({child("s1", {"a/f", "b/f"})}, 0);
    std::string text;
    EXPECT_EQ(failure_of([&] { index.find("f"); }, &text), ErrorCode::invalid_argument);
    EXPECT_THAT(text, HasSubstr("a/f"));
    EXPECT_THAT(text, HasSubstr("b/f"));
    EXPECT_NE(index.find("b/f"), nullptr);
}

TEST(ServiceIndex, remembers_a_service_whose_servers_have_gone) {
    ServiceIndex index;
    index.rebuild({child("s1", {"a/f"})}, 0);
    index.rebuild({}, 7);
    ASSERT_NE(index.find("f"), nullptr);
    EXPECT_TRUE(index.find("f")->offered_by.empty());
    EXPECT_EQ(index.find("f")->gone_since, 7);
    EXPECT_TRUE(index.profiles().empty());
    index.rebuild({child("s2", {"b/f"})}, 8);  // gone names do not make a name ambiguous
    EXPECT_EQ(index.find("f")->profile.module, "b");
}

TEST(ServiceIndex, remembers_only_so_many_that_have_gone) {
    ServiceIndex index;
    for (int i = 0; i < 1000; ++i) {
        index.rebuild({child("s1", {"m/f" + std::to_string(i)})}, i);
    }
    EXPECT_EQ(index.find("f0"), nullptr);
    EXPECT_NE(index.find("f998"), nullptr);
}

TEST(ServiceIndex, uses_only_children_that_agree_about_the_arguments) {
    auto other = sed_info("s2", {"a/f"});
    other.services[0].arguments.pop_back();
    ServiceIndex index;
    const auto disagreed = index.rebuild(
        {child("s1", {"a/f"}), {std::make_shared<const ChildInfo>(other), nullptr}}, 0);
    EXPECT_THAT(disagreed, ElementsAre("a/f"));
    ASSERT_EQ(index.find("f")->offered_by.size(), 1u);
    EXPECT_EQ(index.find("f")->offered_by[0].info->name, "s1");
}

TEST(ServiceIndex, suggests_names_that_were_meant) {
    ServiceIndex index;
    index.rebuild({child("s1", {"linalg/matmul", "linalg/transpose", "testing/echo"})}, 0);
    EXPECT_THAT(index.near("matmull"), ElementsAre("linalg/matmul"));
    EXPECT_THAT(index.near("linalg/trnspose"), ElementsAre("linalg/transpose"));
    EXPECT_THAT(index.near("dlinalg/matmul_"), testing::Contains("linalg/matmul"));
    EXPECT_TRUE(index.near("zzzzzz").empty());
    EXPECT_TRUE(index.near("").empty());
    EXPECT_TRUE(index.near(std::string(100'000, 'x')).empty());
}

}  // namespace
}  // namespace juxta::agent
