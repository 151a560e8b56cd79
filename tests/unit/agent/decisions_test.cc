#include "agent/core/decisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

Decision decision(std::uint64_t id, std::vector<Candidate> candidates = {}) {
    return {{{1, id}}, "linalg/f1", "data_locality", 1, 0, std::move(candidates), {}};
}

TEST(Decisions, tell_from_what_a_request_was_placed_and_how_long_ago) {
    Decisions decisions(10, 2);
    decisions.note(decision(1, {candidate("s2"), candidate("s1"), candidate("s3")}), kSecond);
    const Decision found = decisions.find({{1, 1}}, 3 * kSecond);
    EXPECT_EQ(found.policy, "data_locality");
    EXPECT_THAT(names(found.candidates), testing::ElementsAre("s2", "s1"));
    EXPECT_DOUBLE_EQ(found.age_s, 2);
    EXPECT_EQ(found.attempt, 1u);
}

TEST(Decisions, tell_the_newest_of_a_request_that_was_placed_again) {
    Decisions decisions(10, 2);
    decisions.note(decision(1, {candidate("s1")}), 0);
    decisions.note(decision(1, {candidate("s2")}), kSecond);
    const Decision found = decisions.find({{1, 1}}, kSecond);
    EXPECT_THAT(names(found.candidates), testing::ElementsAre("s2"));
    EXPECT_EQ(found.attempt, 2u);
}

TEST(Decisions, forget_the_oldest) {
    Decisions decisions(2, 2);
    for (std::uint64_t i = 0; i < 3; ++i) decisions.note(decision(i), 0);
    EXPECT_EQ(failure_of([&] { decisions.find({{1, 0}}, 0); }), ErrorCode::not_found);
    EXPECT_EQ(decisions.find({{1, 1}}, 0).attempt, 1u);
    EXPECT_EQ(decisions.find({{1, 2}}, 0).attempt, 1u);
}

}  // namespace
}  // namespace juxta::agent
