#include "agent/policy/policy_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

TEST(PolicyMessages, bring_the_whole_vector_in_the_usual_order) {
    EstimationVector seen;
    seen.slots = 2, seen.running = 1, seen.queued = 3;
    seen.free_memory = 1e9, seen.free_cores = 1.5, seen.speed = 2.5, seen.expected_run_s = 0.25;
    seen.backlog_s = 4, seen.since_last_s = 7;
    seen.bytes_here = 10, seen.bytes_cluster = 20, seen.bytes_to_move = 30, seen.transfer_s = 0.5;
    seen.arguments = {{"A", 40, 10, 20, 30, 0.5}};
    seen.metrics = {{"penalty", -3}};
    ScheduleRequest request;
    request.id = {{1, 2}};
    request.service = "linalg/f1";
    request.inline_bytes = 99;

    Packer packer;
    pack_rank(packer, request, {candidate("s1"), candidate("s2", seen)}, {1, 0});
    Unpacker unpacker(packer.packed());
    EXPECT_EQ(unpack_policy_kind(unpacker), PolicyMessage::rank);
    const Question question = unpack_rank(unpacker);
    EXPECT_TRUE(unpacker.at_end());
    EXPECT_EQ(question.request.id, to_string(request.id));
    EXPECT_EQ(question.request.service, "linalg/f1");
    EXPECT_EQ(question.request.inline_bytes, 99u);
    ASSERT_EQ(question.candidates.size(), 2u);
    EXPECT_EQ(question.candidates[1].sed, "s1");
    const policy::Candidate& first = question.candidates[0];
    EXPECT_EQ(first.sed, "s2");
    EXPECT_EQ(first.host, "host_s2");
    EXPECT_EQ(first.cluster, "c1");
    EXPECT_EQ(std::tuple(first.slots, first.running, first.queued), std::tuple(2u, 1u, 3u));
    EXPECT_EQ(std::tuple(first.free_memory, first.free_cores, first.speed),
              std::tuple(1e9, 1.5, 2.5));
    EXPECT_EQ(std::tuple(first.expected_run_s, first.backlog_s, first.since_last_s),
              std::tuple(0.25, 4., 7.));
    EXPECT_EQ(std::tuple(first.bytes_here, first.bytes_cluster, first.bytes_to_move),
              std::tuple(10u, 20u, 30u));
    EXPECT_EQ(first.transfer_s, 0.5);
    ASSERT_EQ(first.arguments.size(), 1u);
    EXPECT_EQ(first.arguments[0].name, "A");
    EXPECT_EQ(first.arguments[0].bytes, 40u);
    EXPECT_EQ(first.arguments[0].bytes_to_move, 30u);
    EXPECT_EQ(first.arguments[0].transfer_s, 0.5);
    EXPECT_EQ(first.metric("penalty"), -3);
    EXPECT_EQ(first.metric("none", 5), 5);
}

TEST(PolicyMessages, refuse_what_a_mad_policy_sends) {
    Packer packer;
    packer.number(std::uint64_t{1} << 60);
    Unpacker many(packer.packed());
    EXPECT_EQ(failure_of([&] { unpack_order(many); }), ErrorCode::internal);
    Unpacker kind(packer.packed());
    EXPECT_EQ(failure_of([&] { unpack_policy_kind(kind); }), ErrorCode::internal);
}

TEST(PolicyRegistration, ranks_by_score_and_keeps_the_usual_order_of_equals) {
    policy::Registry registry;
    registry.score(
        [](const policy::Request&, const policy::Candidate& each) { return each.transfer_s; });
    std::vector<policy::Candidate> candidates(3);
    candidates[0].transfer_s = 1;
    EXPECT_THAT(registry.ranking()({}, candidates), testing::ElementsAre(1, 2, 0));
    candidates[1].transfer_s = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(registry.ranking()({}, candidates), std::runtime_error);
}

}  // namespace
}  // namespace juxta::agent
