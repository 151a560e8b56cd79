#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "agent/policy/registry.h"
#include "fakes.h"

namespace juxta::agent {
namespace {

using testing::ElementsAre;

std::vector<std::string> ranked(Policy& policy, const std::vector<Candidate>& candidates,
                                const RequestId& id = {}) {
    ScheduleRequest request;
    request.id = id;
    std::vector<std::string> order;
    for (std::size_t i : policy.rank(request, candidates)) order.push_back(candidates[i].sed.name);
    return order;
}

Candidate with(const std::string& name, const std::function<void(EstimationVector&)>& fill) {
    EstimationVector seen;
    fill(seen);
    return candidate(name, seen);
}

TEST(LeastLoaded, counts_calls_per_slot) {
    const auto policy = make_policy("least_loaded", 1);
    const std::vector candidates{
        with("busy", [](auto& e) { e.running = 1, e.queued = 1; }),
        with("wide", [](auto& e) { e.running = 3, e.slots = 4; }),
        with("idle", [](auto&) {}),
    };
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("idle", "wide", "busy"));
}

TEST(LeastLoaded, prefers_who_has_been_idle_for_longest) {
    const auto policy = make_policy("least_loaded", 1);
    const std::vector candidates{with("just", [](auto& e) { e.since_last_s = 0.1; }),
                                 with("long", [](auto& e) { e.since_last_s = 9; })};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("long", "just"));
}

TEST(LeastLoaded, spreads_requests_over_equals) {
    const auto policy = make_policy("least_loaded", 1);
    std::map<std::string, int> firsts;
    for (std::uint64_t i = 0; i < 400; ++i) {
        const std::vector equals{candidate("s1"), candidate("s2"), candidate("s3"),
                                 candidate("s4")};
        firsts[ranked(*policy, equals, RequestId{{i, i * 31}}).front()] += 1;
    }
    for (const auto& [name, count] : firsts) EXPECT_GT(count, 50) << name;
    EXPECT_EQ(firsts.size(), 4u);
}

TEST(MinCompletionTime, adds_the_wait_and_the_run) {
    const auto policy = make_policy("min_completion_time", 1);
    const std::vector candidates{
        with("fast_but_busy",
             [](auto& e) { e.running = 1, e.backlog_s = 10, e.expected_run_s = 1; }),
        with("slow_but_free", [](auto& e) { e.expected_run_s = 5; }),
        with("busy_on_four_slots",
             [](auto& e) {
                 e.running = e.slots = 4;
                 e.backlog_s = 12, e.expected_run_s = 1;
             }),
    };
    EXPECT_THAT(ranked(*policy, candidates),
                ElementsAre("busy_on_four_slots", "slow_but_free", "fast_but_busy"));
}

TEST(MinCompletionTime, expects_the_average_of_a_server_that_never_ran_the_service) {
    const auto policy = make_policy("min_completion_time", 1);
    const std::vector candidates{with("slow", [](auto& e) { e.expected_run_s = 6; }),
                                 with("new", [](auto&) {}),
                                 with("fast", [](auto& e) { e.expected_run_s = 2; })};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("fast", "new", "slow"));
}

TEST(MinCompletionTime, waits_for_nobody_while_a_slot_is_free) {
    const auto policy = make_policy("min_completion_time", 1);
    const std::vector candidates{
        with("one_of_two", [](auto& e) { e.slots = 2, e.running = 1, e.backlog_s = 50; }),
        with("full", [](auto& e) { e.running = 1, e.backlog_s = 0.1; })};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("one_of_two", "full"));
}

TEST(MinCompletionTime, expects_more_of_a_faster_server_that_never_ran_the_service) {
    const auto policy = make_policy("min_completion_time", 1);
    const std::vector candidates{with("known", [](auto& e) { e.speed = 1, e.expected_run_s = 4; }),
                                 with("slow", [](auto& e) { e.speed = 0.5; }),
                                 with("fast", [](auto& e) { e.speed = 2; })};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("fast", "known", "slow"));
}

TEST(DataLocality, adds_the_wait_the_transfers_and_the_run) {
    const auto policy = make_policy("data_locality", 1);
    const std::vector candidates{
        with("far_idle", [](auto& e) { e.bytes_to_move = 100, e.transfer_s = 4; }),
        with("here_busy", [](auto& e) { e.running = 1, e.backlog_s = 1; }),
        with("here_busier", [](auto& e) { e.running = 1, e.backlog_s = 3; }),
        with("cluster_idle", [](auto& e) { e.bytes_to_move = 100, e.transfer_s = 1; }),
    };
    EXPECT_THAT(ranked(*policy, candidates),
                ElementsAre("cluster_idle", "here_busy", "far_idle", "here_busier"));
}

TEST(DataLocality, moves_no_data_for_what_may_be_noise_of_measured_runs) {
    const auto policy = make_policy("data_locality", 1);
    const std::vector candidates{
        with("here", [](auto& e) { e.expected_run_s = 1.2; }),
        with("elsewhere",
             [](auto& e) { e.expected_run_s = 1, e.bytes_to_move = 8, e.transfer_s = 0.001; }),
        with("much_faster",
             [](auto& e) { e.expected_run_s = 0.5, e.bytes_to_move = 8, e.transfer_s = 0.1; })};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("much_faster", "elsewhere", "here"));
    EXPECT_THAT(ranked(*policy, {candidates[0], candidates[1]}), ElementsAre("here", "elsewhere"));
}

TEST(DataLocality, takes_the_least_loaded_where_bytes_are_equal) {
    const auto policy = make_policy("data_locality", 1);
    const std::vector candidates{with("busy", [](auto& e) { e.running = 1; }), candidate("idle")};
    EXPECT_THAT(ranked(*policy, candidates), ElementsAre("idle", "busy"));
}

TEST(RoundRobin, lets_each_be_first_in_turn_whatever_the_listing) {
    const auto policy = make_policy("round_robin", 1);
    EXPECT_EQ(ranked(*policy, {candidate("b"), candidate("a"), candidate("c")}).front(), "a");
    EXPECT_EQ(ranked(*policy, {candidate("c"), candidate("a"), candidate("b")}).front(), "b");
    EXPECT_EQ(ranked(*policy, {candidate("a"), candidate("b"), candidate("c")}).front(), "c");
    EXPECT_EQ(ranked(*policy, {candidate("a"), candidate("b"), candidate("c")}).front(), "a");
}

TEST(RoundRobin, gives_a_newcomer_the_next_turn) {
    const auto policy = make_policy("round_robin", 1);
    ranked(*policy, {candidate("a"), candidate("b")});
    ranked(*policy, {candidate("a"), candidate("b")});
    EXPECT_EQ(ranked(*policy, {candidate("a"), candidate("b"), candidate("z")}).front(), "z");
}

TEST(Random, puts_everybody_first_at_times) {
    const auto policy = make_policy("random", 1);
    std::set<std::string> firsts;
    for (int i = 0; i < 200; ++i) {
        firsts.insert(ranked(*policy, {candidate("a"), candidate("b"), candidate("c")}).front());
    }
    EXPECT_EQ(firsts.size(), 3u);
}

}  // namespace
}  // namespace juxta::agent
