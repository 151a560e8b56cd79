#include "agent/core/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "agent/policy/registry.h"
#include "fakes.h"

namespace juxta::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct AnAgent : testing::Test {
    FakeConnector connector;
    Agent agent{{.name = "LA1"}, connector, make_policy("data_locality", 1)};

    static ScheduleRequest request(const std::string& service = "matmul") {
        ScheduleRequest made;
        made.id = {{3, 4}};
        made.service = service;
        return made;
    }
    void join(const std::string& name,
              const std::vector<std::string>& services = {"linalg/matmul"}) {
        agent.join(sed_info(name, services));
    }
};

TEST_F(AnAgent, asks_those_who_offer_the_service_and_ranks_them) {
    join("s1");
    join("s2");
    join("s3", {"testing/echo"});
    connector.child("s1")->answer = load(2);
    connector.child("s2")->answer = load(1);
    const auto found = agent.collect(request(), 8, 1000);
    EXPECT_THAT(names(found.candidates), ElementsAre("s2", "s1"));
    EXPECT_EQ(connector.child("s3")->asked, 0);
}

TEST_F(AnAgent, knows_its_seds_better_than_they_do) {
    agent.join(sed_info("s1", {"linalg/matmul"}, 42));
    connector.child("s1")->answer = [](const ScheduleRequest&) {
        return std::vector{candidate("an_impostor")};
    };
    const auto found = agent.collect(request(), 8, 1000).candidates;
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].sed.name, "s1");
    EXPECT_EQ(found[0].sed.incarnation, 42u);
    EXPECT_EQ(found[0].sed.place.host, "host_s1");
}

TEST_F(AnAgent, adds_where_the_data_are_and_ranks_by_it) {
    join("s1");
    join("s2");
    connector.child("s2")->answer = load(3);
    auto asked = request();
    asked.data = {DataId::make("c1")};
    asked.data_arguments = {"A"};
    asked.locations = {{asked.data[0], {}, 800, {{"p2", {"host_s2", "c1"}, false}}}};
    const auto found = agent.collect(asked, 8, 1000).candidates;
    EXPECT_THAT(names(found), ElementsAre("s2", "s1"));
    EXPECT_EQ(found[0].estimation.bytes_here, 800u);
    EXPECT_EQ(found[0].estimation.bytes_to_move, 0u);
    EXPECT_EQ(found[1].estimation.bytes_cluster, 800u);
    EXPECT_EQ(found[1].estimation.arguments.at(0).argument, "A");
}

TEST_F(AnAgent, passes_on_what_an_agent_below_has_found) {
    agent.join(agent_info("LA2", {"linalg/matmul"}));
    connector.child("LA2")->answer = [](const ScheduleRequest&) {
        EstimationVector seen;
        seen.bytes_here = 5;
        return std::vector{candidate("s7", seen), candidate("s8")};
    };
    const auto found = agent.collect(request(), 8, 1000).candidates;
    EXPECT_THAT(names(found), UnorderedElementsAre("s7", "s8"));
    EXPECT_EQ(found[0].estimation.bytes_here + found[1].estimation.bytes_here, 5u);
}

TEST_F(AnAgent, cuts_to_the_limit) {
    for (int i = 0; i < 20; ++i) join("s" + std::to_string(i));
    EXPECT_EQ(agent.collect(request(), 8, 2000).candidates.size(), 8u);
}

TEST_F(AnAgent, gives_its_children_less_time_than_it_has) {
    join("s1");
    agent.collect(request(), 8, 800);
    EXPECT_EQ(connector.child("s1")->last_wait_ms, 700u);
}

TEST_F(AnAgent, asks_nobody_when_no_time_is_left) {
    join("s1");
    EXPECT_THAT(agent.collect(request(), 8, 1).candidates, IsEmpty());
    EXPECT_EQ(connector.child("s1")->asked, 0);
}

TEST_F(AnAgent, finds_the_server_that_was_asked_for_by_name_or_address) {
    join("s1");
    join("s2");
    auto asked = request();
    asked.server = "s2";
    EXPECT_THAT(names(agent.collect(asked, 8, 1000).candidates), ElementsAre("s2"));
    asked.server = sed_info("s1", {}).address;
    EXPECT_THAT(names(agent.collect(asked, 8, 1000).candidates), ElementsAre("s1"));
    asked.server = "s9";
    EXPECT_THAT(agent.collect(asked, 8, 1000).candidates, IsEmpty());
    EXPECT_THAT(agent.collect(asked, 8, 1000).refusals, IsEmpty());
}

TEST_F(AnAgent, looks_for_the_named_server_below_other_agents_too) {
    join("s1");
    agent.join(agent_info("LA2", {"linalg/matmul"}));
    connector.child("LA2")->answer = [](const ScheduleRequest& seen) {
        return seen.server == "s7" ? std::vector{candidate("s7")} : std::vector<Candidate>{};
    };
    auto asked = request();
    asked.server = "s7";
    EXPECT_THAT(names(agent.collect(asked, 8, 1000).candidates), ElementsAre("s7"));
    EXPECT_EQ(connector.child("s1")->asked, 0);
}

TEST_F(AnAgent, leaves_out_servers_that_failed_the_request_before) {
    join("s1");
    join("s2");
    auto asked = request();
    asked.excluded = {"s1"};
    const auto found = agent.collect(asked, 8, 1000);
    EXPECT_THAT(names(found.candidates), ElementsAre("s2"));
    EXPECT_THAT(found.refusals, Contains(HasSubstr("s1")));
}

TEST_F(AnAgent, tells_why_a_child_refuses_and_goes_on_asking_it) {
    join("s1");
    connector.child("s1")->answer = refusal(ErrorCode::no_server, "the queue is full");
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(agent.collect(request(), 8, 1000).refusals,
                    ElementsAre("s1: the queue is full"));
    }
    EXPECT_EQ(connector.child("s1")->asked, 2);
    std::string text;
    EXPECT_EQ(failure_of([&] { agent.offer(request(), 8, 1000); }, &text), ErrorCode::no_server);
    EXPECT_THAT(text, HasSubstr("the queue is full"));
}

TEST_F(AnAgent, waits_for_a_stopped_child_once_until_it_renews) {
    join("s1");
    join("s2");
    const auto stopped = connector.child("s1");
    stopped->silent = true;
    EXPECT_THAT(names(agent.collect(request(), 8, 80).candidates), ElementsAre("s2"));
    EXPECT_THAT(names(agent.collect(request(), 8, 80).candidates), ElementsAre("s2"));
    EXPECT_EQ(stopped->asked, 1);
    stopped->silent = false;
    agent.renew("s1", 1);
    EXPECT_THAT(names(agent.collect(request(), 8, 1000).candidates),
                UnorderedElementsAre("s1", "s2"));
}

TEST_F(AnAgent, returns_at_its_deadline_with_those_who_answered) {
    for (const char* name : {"s1", "s2", "s3", "s4"}) join(name);
    for (const char* name : {"s1", "s2", "s3"}) connector.child(name)->silent = true;
    Collection found;
    const long took = milliseconds_of([&] { found = agent.collect(request(), 8, 400); });
    EXPECT_THAT(names(found.candidates), ElementsAre("s4"));
    EXPECT_EQ(found.refusals.size(), 3u);
    EXPECT_LT(took, 1000);  // side by side, not one after the other: 1050
}

TEST_F(AnAgent, forgets_children_whose_leases_have_ended) {
    Agent hasty({.name = "LA2", .lease_ms = 30}, connector, make_policy("random", 1));
    EXPECT_EQ(hasty.join(sed_info("s1", {"linalg/matmul"})), 30u);
    EXPECT_EQ(hasty.services().size(), 1u);
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    EXPECT_THAT(hasty.services(), IsEmpty());
    EXPECT_EQ(failure_of([&] { hasty.renew("s1", 1); }), ErrorCode::lease_expired);
}

TEST_F(AnAgent, tells_when_its_services_change_and_only_then) {
    int waiting = 0, told = 0;
    agent.when_services_change([&](bool wait) { (wait ? waiting : told) += 1; });
    join("s1");
    join("s1");
    agent.renew("s1", 1);
    EXPECT_EQ(waiting, 1);
    agent.leave("s1", 1);
    agent.leave("s1", 1);
    EXPECT_EQ(told, 1);
}

TEST_F(AnAgent, lists_the_union_of_its_childrens_services_by_full_name) {
    join("s1", {"testing/echo", "linalg/matmul"});
    join("s2", {"linalg/add", "linalg/matmul"});
    std::vector<std::string> listed;
    for (const Profile& each : agent.services()) listed.push_back(each.full_name());
    EXPECT_THAT(listed, ElementsAre("linalg/add", "linalg/matmul", "testing/echo"));
}

TEST_F(AnAgent, finds_who_knows_a_request_wherever_it_is) {
    const RequestId id = RequestId::make();
    join("s1");
    agent.join(agent_info("LA2", {}));
    EXPECT_FALSE(agent.find_request(id, 1000));
    connector.child("LA2")->knows = id;
    const auto found = agent.find_request(id, 1000);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "found");
}

TEST_F(AnAgent, does_not_wait_for_a_stopped_child_once_the_request_is_found) {
    const RequestId id = RequestId::make();
    join("s1");
    join("s2");
    connector.child("s1")->silent = true;
    connector.child("s2")->knows = id;
    EXPECT_TRUE(agent.find_request(id, 200));
    EXPECT_TRUE(agent.find_request(id, 200));
    EXPECT_LE(connector.child("s1")->asked, 1);
}

TEST_F(AnAgent, bears_estimates_that_are_no_numbers) {
    join("s1");
    join("s2");
    connector.child("s1")->answer = [](const ScheduleRequest&) {
        Candidate odd;
        odd.estimation.since_last_s = std::numeric_limits<double>::quiet_NaN();
        odd.estimation.slots = 0;
        return std::vector{odd};
    };
    const auto found = agent.collect(request(), 8, 1000).candidates;
    ASSERT_EQ(found.size(), 2u);
    for (const auto& each : found) EXPECT_EQ(each.estimation.since_last_s, 0);
}

TEST_F(AnAgent, refuses_children_without_a_name_and_itself) {
    EXPECT_EQ(failure_of([&] { agent.join({}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { agent.join(agent_info("LA1", {})); }), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::agent
