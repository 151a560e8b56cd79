#include "data_service/client/leader_search.h"

#include <gtest/gtest.h>

#include <set>

namespace juxta::data {
namespace {

const std::vector<std::string> three{"a:1", "b:1", "c:1"};

Error not_leader(const std::string& redirect = {}) {
    return {ErrorCode::not_leader, "another leads", redirect};
}
const Error unreachable(ErrorCode::peer_unreachable, "refused");

TEST(LeaderSearch, asks_who_led_last_first) {
    EXPECT_EQ(LeaderSearch(three, "b:1").next(), "b:1");
    EXPECT_EQ(LeaderSearch(three, "").next(), "a:1");
}

TEST(LeaderSearch, follows_whom_a_replica_names_at_once) {
    LeaderSearch search(three, "a:1");
    EXPECT_FALSE(search.failed(not_leader("c:1")));
    EXPECT_EQ(search.next(), "c:1");
}

TEST(LeaderSearch, asks_every_replica_once_before_a_pause) {
    for (const char* first : {"a:1", "b:1", "c:1", ""}) {
        LeaderSearch search(three, first);
        for (int round = 0; round < 3; ++round) {
            std::set<std::string> asked{search.next()};
            while (!search.failed(unreachable)) asked.insert(search.next());
            EXPECT_EQ(asked.size(), 3u) << first;
        }
    }
}

TEST(LeaderSearch, two_replicas_that_name_each_other_end_in_a_pause) {
    LeaderSearch search(three, "a:1");
    int attempts = 1;
    while (!search.failed(not_leader(search.next() == "a:1" ? "b:1" : "a:1"))) ++attempts;
    EXPECT_LE(attempts, 7);
}

TEST(LeaderSearch, a_replica_that_names_itself_is_not_asked_for_ever) {
    LeaderSearch search(three, "a:1");
    EXPECT_FALSE(search.failed(not_leader("a:1")));
    EXPECT_EQ(search.next(), "b:1");
}

TEST(LeaderSearch, a_leader_outside_the_list_is_followed_and_the_list_is_gone_through_after_it) {
    LeaderSearch search(three, "a:1");
    EXPECT_FALSE(search.failed(not_leader("new:9")));
    EXPECT_EQ(search.next(), "new:9");
    EXPECT_FALSE(search.failed(unreachable));
    EXPECT_EQ(search.next(), "b:1");
}

TEST(LeaderSearch, a_leader_that_hangs_is_asked_again_only_when_others_had_time_to_elect_one) {
    LeaderSearch search(three, "b:1");
    const Error late(ErrorCode::deadline_exceeded, "no answer");
    search.failed(late);
    int pauses = 0;
    int asked = 0;
    while (search.next() != "b:1") {
        ++asked;
        pauses += search.failed(not_leader("b:1")) ? 1 : 0;
    }
    EXPECT_GE(pauses, 8);
    EXPECT_LE(asked, 20);
}

TEST(LeaderSearch, a_single_manager_is_asked_again_after_each_silence) {
    LeaderSearch search({"only:1"}, "");
    const Error late(ErrorCode::deadline_exceeded, "no answer");
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(search.failed(late));
        EXPECT_EQ(search.next(), "only:1");
    }
}

TEST(LeaderSearch, a_hanging_replica_costs_little_at_first_and_slow_ones_get_their_time_later) {
    LeaderSearch search(three, "a:1");
    EXPECT_LE(search.attempt_ms(), 2000u);
    const Error late(ErrorCode::deadline_exceeded, "no answer");
    for (int i = 0; i < 20; ++i) search.failed(late);
    EXPECT_EQ(search.attempt_ms(), 10000u);
    EXPECT_EQ(LeaderSearch({"only:1"}, "").attempt_ms(), 10000u);
}

}  // namespace
}  // namespace juxta::data
