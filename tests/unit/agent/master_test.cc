#include "agent/core/master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/policy/registry.h"
#include "fakes.h"

namespace juxta::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

struct KnowsWhere final : LocationSource {
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids, unsigned) override {
        return {{ids.at(0), {}, 640, {{"p2", {"host_s2", "c1"}, false}}}};
    }
};

struct AMaster : testing::Test {
    FakeConnector connector;
    Agent agent{{.name = "MA"}, connector, make_policy("data_locality", 1)};
    DataLocator locator{{{"c1", std::make_shared<KnowsWhere>()}}};
    Master master{
        agent, locator, {"p", {{"c1", "h:1"}}, 2}, {.collect_ms = 100, .gathering_ms = 0}};

    static ScheduleRequest request(const std::string& service = "matmul") {
        ScheduleRequest made;
        made.id = {{3, 4}};
        made.service = service;
        return made;
    }
    void join(const std::string& name) {
        agent.join(sed_info(name, {"linalg/matmul", "testing/echo"}));
    }
};

TEST_F(AMaster, says_where_the_data_are_and_ranks_by_it) {
    join("s1");
    join("s2");
    auto asked = request();
    asked.data = {DataId::make("c1")};
    asked.data_arguments = {"A"};
    const auto found = master.schedule(asked);
    EXPECT_THAT(names(found), ElementsAre("s2", "s1"));
    EXPECT_EQ(found[1].estimation.bytes_to_move, 640u);
}

TEST_F(AMaster, asks_for_services_by_their_full_name) {
    join("s1");
    std::string asked_for;
    connector.child("s1")->answer = [&](const ScheduleRequest& seen) {
        asked_for = seen.service;
        return std::vector{Candidate{}};
    };
    master.schedule(request("matmul"));
    EXPECT_EQ(asked_for, "linalg/matmul");
}

TEST_F(AMaster, names_similar_services_when_one_is_unknown) {
    join("s1");
    std::string text;
    EXPECT_EQ(failure_of([&] { master.schedule(request("matmull")); }, &text),
              ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("'matmull'"));
    EXPECT_THAT(text, HasSubstr("did you mean linalg/matmul?"));
    EXPECT_EQ(failure_of([&] { master.profile_of("quicksort"); }, &text), ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("juxta services"));
}

TEST_F(AMaster, says_that_a_server_is_unknown) {
    join("s1");
    auto asked = request();
    asked.server = "s9";
    std::string text;
    EXPECT_EQ(failure_of([&] { master.schedule(asked); }, &text), ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("no SeD 's9'"));
}

TEST_F(AMaster, says_why_nobody_can_take_a_call) {
    join("s1");
    join("s2");
    connector.child("s1")->answer = refusal(ErrorCode::no_server, "the queue is full");
    connector.child("s2")->silent = true;
    std::string text;
    EXPECT_EQ(failure_of([&] { master.schedule(request()); }, &text), ErrorCode::no_server);
    EXPECT_THAT(text, HasSubstr("s1: the queue is full"));
    EXPECT_THAT(text, HasSubstr("s2: the peer did not answer in time"));
}

TEST_F(AMaster, says_no_server_when_the_last_one_has_just_gone) {
    join("s1");
    agent.leave("s1", 1);
    std::thread back([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        join("s1");
    });
    // Within a second it may be back: a server that restarts is not noticed.
    EXPECT_THAT(names(master.schedule(request())), ElementsAre("s1"));
    back.join();
    agent.leave("s1", 1);
    EXPECT_EQ(failure_of([&] { master.schedule(request()); }), ErrorCode::no_server);
}

TEST_F(AMaster, that_has_just_started_waits_for_its_children) {
    Master young(agent, locator, {}, {.gathering_ms = 20'000});
    std::thread child([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        join("s1");
    });
    EXPECT_THAT(names(young.schedule(request())), ElementsAre("s1"));
    child.join();
    Master grown(agent, locator, {}, {.gathering_ms = 30});
    EXPECT_EQ(failure_of([&] { grown.schedule(request("nonsense")); }), ErrorCode::not_found);
}

}  // namespace
}  // namespace juxta::agent
