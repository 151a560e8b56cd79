// What every policy of the registry keeps to. A new one is tested by being listed there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "agent/policy/registry.h"
#include "fakes.h"

namespace juxta::agent {
namespace {

std::vector<Candidate> some_candidates(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Candidate> made;
    for (std::size_t i = 0; i < count; ++i) {
        EstimationVector seen;
        seen.slots = 1 + random() % 4;
        seen.running = random() % 4;
        seen.queued = random() % 3;
        seen.expected_run_s = static_cast<double>(random() % 3);
        seen.backlog_s = static_cast<double>(random() % 8);
        seen.since_last_s = static_cast<double>(random() % 4);
        seen.bytes_to_move = 1000 * (random() % 3);
        seen.transfer_s = 0.001 * static_cast<double>(random() % 3);
        seen.speed = static_cast<double>(random() % 3);
        made.push_back(candidate("s" + std::to_string(i), seen));
    }
    return made;
}

class EveryPolicy : public testing::TestWithParam<PolicyEntry> {
protected:
    std::unique_ptr<Policy> policy_ = make_policy(GetParam().name, 7);
    ScheduleRequest request_ = [] {
        ScheduleRequest request;
        request.id = {{1, 2}};
        return request;
    }();
};

TEST_P(EveryPolicy, ranks_each_candidate_once) {
    for (std::size_t count : {2, 3, 17, 200}) {
        const auto candidates = some_candidates(count, count);
        auto order = policy_->rank(request_, candidates);
        std::ranges::sort(order);
        ASSERT_EQ(order.size(), count);
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(order[i], i);
    }
}

TEST_P(EveryPolicy, ranks_nobody_and_one) {
    EXPECT_TRUE(policy_->rank(request_, {}).empty());
    EXPECT_THAT(policy_->rank(request_, {candidate("s1")}), testing::ElementsAre(0));
}

TEST_P(EveryPolicy, bears_extreme_estimates) {
    EstimationVector extreme;
    extreme.slots = 0;
    extreme.running = extreme.queued = std::numeric_limits<std::uint32_t>::max();
    extreme.bytes_to_move = extreme.bytes_cluster = std::numeric_limits<std::uint64_t>::max();
    extreme.transfer_s = extreme.speed = std::numeric_limits<double>::max();
    extreme.expected_run_s = std::numeric_limits<double>::max();
    extreme.backlog_s = std::numeric_limits<double>::max();
    extreme.since_last_s = -1;
    const std::vector<Candidate> candidates{candidate("a", extreme), candidate("b"),
                                            candidate("c", extreme)};
    EXPECT_EQ(policy_->rank(request_, candidates).size(), 3u);
}

TEST_P(EveryPolicy, made_anew_with_the_same_seed_decides_the_same) {
    const auto other = make_policy(GetParam().name, 7);
    const auto candidates = some_candidates(20, 3);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(policy_->rank(request_, candidates), other->rank(request_, candidates));
    }
}

TEST_P(EveryPolicy, does_not_depend_on_the_listing_if_it_says_so) {
    if (!GetParam().repeatable) return;
    const auto ranked_names = [&](const std::vector<Candidate>& candidates) {
        std::vector<std::string> ranked;
        for (std::size_t i : policy_->rank(request_, candidates)) {
            ranked.push_back(candidates[i].sed.name);
        }
        return ranked;
    };
    auto candidates = some_candidates(20, 5);
    const auto expected = ranked_names(candidates);
    std::mt19937 random(9);
    for (int i = 0; i < 10; ++i) {
        std::ranges::shuffle(candidates, random);
        EXPECT_EQ(ranked_names(candidates), expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryPolicy, testing::ValuesIn(policies()),
                         [](const auto& entry) { return std::string(entry.param.name); });

TEST(PolicyRegistry, names_the_policies_when_asked_for_another) {
    std::string text;
    EXPECT_EQ(failure_of([] { make_policy("fastest", 1); }, &text), ErrorCode::invalid_argument);
    EXPECT_THAT(text, testing::HasSubstr("fastest"));
    for (const auto& entry : policies()) {
        EXPECT_THAT(text, testing::HasSubstr(std::string(entry.name)));
    }
}

TEST(PolicyRegistry, has_the_default) { EXPECT_NE(make_policy(kDefaultPolicy, 1), nullptr); }

}  // namespace
}  // namespace juxta::agent
