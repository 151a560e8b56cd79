#include "agent/core/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

constexpr MembershipIntervals kFast{.renew_ms = 5, .retry_ms = 2};

// A parent that records what it is told and fails as it is told.
class FakeParent final : public ParentLink {
public:
    struct Seen {
        std::vector<ChildInfo> joins;
        int renewals = 0;
        int leaves = 0;
        std::optional<ErrorCode> join_failure, renew_failure;
        bool forgets = false;  // once: the next renewal finds a restarted parent
    };

    unsigned join(const ChildInfo& self) override {
        seen.change([&](Seen& s) {
            if (s.join_failure) throw Error(*s.join_failure, "no");
            s.joins.push_back(self);
        });
        return 3000;
    }
    void renew(const std::string&, Incarnation) override {
        seen.change([&](Seen& s) {
            if (s.renew_failure) throw Error(*s.renew_failure, "no");
            if (std::exchange(s.forgets, false)) throw Error(ErrorCode::lease_expired, "who?");
            s.renewals += 1;
        });
    }
    void leave(const std::string&, Incarnation) override {
        seen.change([](Seen& s) { s.leaves += 1; });
    }

    // Generous: a loaded machine is no failure.
    bool comes_to(const std::function<bool(const Seen&)>& wanted) {
        return seen.wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(20),
                               [&](Seen& s) { return wanted(s); });
    }

    Guarded<Seen> seen;
};

struct AMember : testing::Test {
    FakeParent parent;
    Guarded<ChildInfo> self{sed_info("s1", {"linalg/matmul"})};

    std::function<ChildInfo()> describe() {
        return [this] { return self.with([](const ChildInfo& info) { return info; }); };
    }
};

TEST_F(AMember, joins_once_then_renews_and_leaves_at_the_end) {
    {
        Membership membership(parent, describe(), kFast);
        EXPECT_TRUE(parent.comes_to([](const auto& s) { return s.renewals >= 3; }));
        EXPECT_TRUE(membership.joined());
    }
    parent.seen.with([](const auto& s) {
        EXPECT_EQ(s.joins.size(), 1u);
        EXPECT_EQ(s.leaves, 1);
    });
}

TEST_F(AMember, joins_again_with_everything_when_the_parent_has_forgotten_it) {
    Membership membership(parent, describe(), kFast);
    parent.comes_to([](const auto& s) { return s.renewals >= 1; });
    parent.seen.with([](auto& s) { s.forgets = true; });
    EXPECT_TRUE(parent.comes_to([](const auto& s) { return s.joins.size() == 2; }));
    parent.seen.with([](const auto& s) { EXPECT_EQ(s.joins[0], s.joins[1]); });
}

TEST_F(AMember, keeps_trying_while_the_parent_is_out_of_reach) {
    parent.seen.with([](auto& s) { s.join_failure = ErrorCode::peer_unreachable; });
    Membership membership(parent, describe(), kFast);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(membership.joined());
    EXPECT_FALSE(membership.settle(1));
    parent.seen.with([](auto& s) { s.join_failure.reset(); });
    EXPECT_TRUE(parent.comes_to([](const auto& s) { return s.joins.size() == 1; }));
}

TEST_F(AMember, notices_that_it_was_cut_off_and_is_back) {
    Membership membership(parent, describe(), kFast);
    parent.comes_to([](const auto& s) { return s.renewals >= 1; });
    parent.seen.with([](auto& s) { s.renew_failure = ErrorCode::deadline_exceeded; });
    for (int i = 0; i < 4000 && membership.joined(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_FALSE(membership.joined());
    parent.seen.with([](auto& s) { s.renew_failure.reset(); });
    EXPECT_TRUE(membership.settle(20'000));
    EXPECT_TRUE(membership.joined());
}

TEST_F(AMember, tells_a_change_and_can_wait_for_that) {
    Membership membership(parent, describe(), {.renew_ms = 60'000, .retry_ms = 60'000});
    EXPECT_TRUE(membership.settle(20'000));
    self.with([](auto& info) { info.services.push_back(profile("testing/echo")); });
    EXPECT_TRUE(membership.settle(20'000));
    parent.seen.with([](const auto& s) {
        ASSERT_EQ(s.joins.size(), 2u);
        EXPECT_EQ(s.joins[1].services.size(), 2u);
    });
}

TEST_F(AMember, notices_a_change_that_nobody_announced) {
    Membership membership(parent, describe(), kFast);
    parent.comes_to([](const auto& s) { return s.joins.size() == 1; });
    self.with([](auto& info) { info.services.clear(); });
    EXPECT_TRUE(parent.comes_to([](const auto& s) { return s.joins.size() == 2; }));
}

TEST_F(AMember, joins_again_after_a_join_whose_outcome_is_unknown) {
    Membership membership(parent, describe(), kFast);
    parent.comes_to([](const auto& s) { return s.joins.size() == 1; });
    parent.seen.with([](auto& s) { s.join_failure = ErrorCode::deadline_exceeded; });
    const auto before = self.with([](auto& info) { return std::exchange(info.services, {}); });
    EXPECT_FALSE(membership.settle(50));
    self.with([&](auto& info) { info.services = before; });
    parent.seen.with([](auto& s) { s.join_failure.reset(); });
    EXPECT_TRUE(parent.comes_to([](const auto& s) { return s.joins.size() == 2; }));
}

TEST_F(AMember, that_has_left_does_nothing_more) {
    Membership membership(parent, describe(), kFast);
    parent.comes_to([](const auto& s) { return s.joins.size() == 1; });
    membership.settle(20'000);
    membership.leave();
    membership.changed();
    EXPECT_FALSE(membership.settle(20'000));
    EXPECT_FALSE(membership.joined());
    parent.seen.with([](const auto& s) { EXPECT_EQ(s.leaves, 1); });
}

TEST_F(AMember, that_was_never_joined_ends_without_a_word) {
    parent.seen.with([](auto& s) { s.join_failure = ErrorCode::stale_version; });
    { Membership membership(parent, describe(), kFast); }
    parent.seen.with([](const auto& s) { EXPECT_EQ(s.leaves, 0); });
}

}  // namespace
}  // namespace juxta::agent
