#include "agent/core/children.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

constexpr Duration kLease = 3 * kSecond;

Child child(const std::string& name, Incarnation incarnation = 1,
            const std::vector<std::string>& services = {"linalg/matmul"}) {
    return {std::make_shared<const ChildInfo>(sed_info(name, services, incarnation)), nullptr};
}

TEST(Children, keep_who_renews_and_forget_who_does_not) {
    Children children(kLease);
    children.join(child("s1"), 0);
    children.join(child("s2"), 0);
    children.renew("s1", 1, 2 * kSecond);
    EXPECT_FALSE(children.expire(kLease - 1));
    EXPECT_TRUE(children.expire(kLease));
    ASSERT_EQ(children.all().size(), 1u);
    EXPECT_EQ(children.all()[0].info->name, "s1");
    EXPECT_FALSE(children.expire(5 * kSecond - 1));
    EXPECT_TRUE(children.expire(5 * kSecond));
    EXPECT_TRUE(children.empty());
}

TEST(Children, refuse_an_earlier_incarnation_and_take_a_later_one) {
    Children children(kLease);
    EXPECT_TRUE(children.join(child("s1", 4), 0));
    EXPECT_EQ(failure_of([&] { children.join(child("s1", 3), 1); }), ErrorCode::stale_version);
    EXPECT_EQ(failure_of([&] { children.renew("s1", 3, 1); }), ErrorCode::stale_version);
    EXPECT_TRUE(children.join(child("s1", 5), 1));
    EXPECT_EQ(children.all()[0].info->incarnation, 5u);
    EXPECT_EQ(children.all().size(), 1u);
}

TEST(Children, ask_a_stranger_and_a_later_incarnation_to_join_again) {
    Children children(kLease);
    EXPECT_EQ(failure_of([&] { children.renew("s1", 1, 0); }), ErrorCode::lease_expired);
    children.join(child("s1", 1), 0);
    EXPECT_EQ(failure_of([&] { children.renew("s1", 2, 0); }), ErrorCode::lease_expired);
}

TEST(Children, notice_that_a_repeated_join_changes_nothing) {
    Children children(kLease);
    EXPECT_TRUE(children.join(child("s1"), 0));
    EXPECT_FALSE(children.join(child("s1"), kSecond));
    EXPECT_FALSE(children.expire(kLease));
    EXPECT_TRUE(children.join(child("s1", 1, {"linalg/add"}), kSecond));
}

TEST(Children, let_go_only_the_incarnation_that_leaves) {
    Children children(kLease);
    children.join(child("s1", 2), 0);
    EXPECT_FALSE(children.leave("s1", 1));
    EXPECT_FALSE(children.leave("s2", 1));
    EXPECT_TRUE(children.leave("s1", 2));
    EXPECT_TRUE(children.empty());
}

TEST(Children, avoid_who_failed_until_it_renews) {
    Children children(kLease);
    children.join(child("s1", 2), 0);
    EXPECT_TRUE(children.failed("s1", 2));
    EXPECT_FALSE(children.failed("s1", 2));
    EXPECT_TRUE(children.avoided("s1"));
    children.renew("s1", 2, kSecond);
    EXPECT_FALSE(children.avoided("s1"));
}

TEST(Children, do_not_blame_a_new_incarnation_for_the_one_before) {
    Children children(kLease);
    children.join(child("s1", 2), 0);
    children.join(child("s1", 3), 0);
    EXPECT_FALSE(children.failed("s1", 2));
    EXPECT_FALSE(children.avoided("s1"));
}

}  // namespace
}  // namespace juxta::agent
