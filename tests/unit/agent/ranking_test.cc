#include "agent/core/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/policy/registry.h"
#include "fakes.h"

namespace juxta::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Does what a test says.
struct FakeUser final : UntrustedPolicy {
    std::function<std::vector<std::size_t>(const std::vector<std::size_t>& usual)> answer;
    std::vector<std::size_t> rank(const ScheduleRequest&, const std::vector<Candidate>&,
                                  const std::vector<std::size_t>& usual,
                                  Clock::time_point) override {
        return answer(usual);
    }
};

struct ARanking : testing::Test {
    std::shared_ptr<FakeUser> user = std::make_shared<FakeUser>();
    Ranking ranking{make_policy("least_loaded", 1),
                    {.name = "least_loaded"},
                    [this](const std::vector<std::byte>& object) {
                        if (object.empty())
                            throw Error(ErrorCode::invalid_argument, "it is no policy");
                        return user;
                    }};
    std::vector<Candidate> candidates = [] {
        EstimationVector busy;
        busy.running = 1;
        return std::vector{candidate("busy", busy), candidate("idle")};
    }();
    ScheduleRequest request;

    Ranking::Ranked ranked() {
        auto fresh = candidates;
        return ranking.rank(request, fresh);
    }
    std::vector<std::size_t> order() { return ranked().order; }
    void load() { ranking.load("mine", std::vector<std::byte>(1)); }
};

TEST_F(ARanking, ranks_by_the_shipped_policy_in_use) {
    EXPECT_THAT(order(), ElementsAre(1, 0));
    EXPECT_EQ(ranked().policy, "least_loaded");
    ranking.use("round_robin");
    EXPECT_THAT(order(), ElementsAre(0, 1));
    EXPECT_THAT(order(), ElementsAre(1, 0));
    EXPECT_EQ(ranking.status().name, "round_robin");
    EXPECT_FALSE(ranking.needs_all());
}

TEST_F(ARanking, spreads_a_burst_over_servers_that_know_nothing_of_it_yet) {
    candidates = {candidate("a"), candidate("b"), candidate("c"), candidate("d")};
    std::map<std::size_t, int> firsts;
    for (std::uint64_t i = 0; i < 40; ++i) {
        auto fresh = candidates;
        request.id = {{i, i * 31}};
        firsts[ranking.rank(request, fresh).order.front()] += 1;
    }
    for (const auto& [index, count] : firsts) EXPECT_EQ(count, 10) << index;
}

TEST_F(ARanking, ranks_by_the_requests_policy_if_an_agent_above_names_one) {
    request.policy = "round_robin";
    EXPECT_EQ(ranked().policy, "round_robin");
    request.policy = "of_a_later_release";
    EXPECT_THAT(order(), ElementsAre(1, 0));
}

TEST_F(ARanking, shows_a_users_policy_the_usual_order_and_takes_its_own) {
    std::vector<std::size_t> shown;
    user->answer = [&](const auto& usual) {
        shown = usual;
        return std::vector<std::size_t>{0, 1};
    };
    load();
    EXPECT_TRUE(ranking.needs_all());
    EXPECT_EQ(ranking.for_children(), "least_loaded");
    EXPECT_THAT(order(), ElementsAre(0, 1));
    EXPECT_THAT(shown, ElementsAre(1, 0));
    EXPECT_EQ(ranked().policy, "mine");
}

TEST_F(ARanking, disables_a_users_policy_that_fails_and_goes_on_for_that_very_request) {
    user->answer = [](const auto&) -> std::vector<std::size_t> {
        throw Error(ErrorCode::deadline_exceeded, "it does not answer in time");
    };
    load();
    const auto found = ranked();
    EXPECT_THAT(found.order, ElementsAre(1, 0));
    EXPECT_EQ(found.policy, "least_loaded");
    const PolicyStatus status = ranking.status();
    EXPECT_EQ(status.name, "least_loaded");
    EXPECT_EQ(status.disabled, "mine");
    EXPECT_EQ(status.why_disabled, "it does not answer in time");
    EXPECT_FALSE(ranking.needs_all());
    user->answer = [](const auto& usual) { return usual; };
    load();
    EXPECT_EQ(ranking.status().disabled, "");
    EXPECT_EQ(ranked().policy, "mine");
}

TEST_F(ARanking, keeps_what_it_has_when_asked_for_what_is_none) {
    user->answer = [](const auto& usual) { return usual; };
    load();
    std::string text;
    EXPECT_EQ(failure_of([&] { ranking.load("bad", {}); }, &text), ErrorCode::invalid_argument);
    EXPECT_THAT(text, HasSubstr("policy bad: it is no policy; nothing was changed"));
    EXPECT_EQ(failure_of([&] { ranking.use("fastest"); }), ErrorCode::invalid_argument);
    EXPECT_EQ(ranking.status().name, "mine");
}

}  // namespace
}  // namespace juxta::agent
