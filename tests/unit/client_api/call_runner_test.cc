#include "client_api/core/call_runner.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/client_api/fake_links.h"

namespace juxta::client {
namespace {

using namespace std::chrono_literals;

RunnerSettings quick() {
    RunnerSettings settings;
    settings.first_wait_ms = 1;
    settings.poll_wait_ms = 20;
    settings.limits.agent_patience = kSecond;
    settings.limits.server_patience = 200 * kMillisecond;
    settings.limits.least_patience = 100 * kMillisecond;
    settings.limits.first_pause = 5 * kMillisecond;
    settings.limits.longest_pause = 20 * kMillisecond;
    return settings;
}

class Runner : public ::testing::Test {
protected:
    NewCall call(Retry retry = Retry::always) {
        NewCall made;
        made.order.id = RequestId::make();
        made.order.service = "testing/echo";
        made.request.id = made.order.id;
        made.request.service = made.order.service;
        made.retry = retry;
        made.complete = [this](CallResult&) { ++completions; };
        return made;
    }

    CallResult wait(const std::shared_ptr<Call>& started) {
        auto result = runner.wait(started, CallRunner::Clock::now() + 20s);
        EXPECT_TRUE(result.has_value()) << "the call hangs";
        return result.value_or(CallResult{});
    }

    void keep_running(const std::string& sed) {
        seds.at(sed, [](FakeSeds::Sed& each) { each.ends_at_once = false; });
    }

    FakeAgent agent;
    FakeSeds seds;
    std::atomic<int> completions{0};
    CallRunner runner{agent, seds, quick()};
};

TEST_F(Runner, a_short_call_takes_one_schedule_and_one_submission) {
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::done);
    EXPECT_EQ(result.sed, "s1");
    EXPECT_EQ(result.attempts, 1u);
    EXPECT_EQ(seds.runs("s1"), 1u);
    EXPECT_EQ(agent.state.with([](auto& now) { return now.requests.size(); }), 1u);
    EXPECT_EQ(completions, 1);
}

TEST_F(Runner, a_long_call_is_followed_to_its_end) {
    keep_running("s1");
    const auto started = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    EXPECT_FALSE(runner.finished(started));
    EXPECT_FALSE(runner.wait(started, CallRunner::Clock::now() + 30ms));
    seds.end_all("s1");
    EXPECT_EQ(wait(started).state, CallState::done);
    EXPECT_TRUE(runner.finished(started));
    EXPECT_EQ(completions, 1);
}

TEST_F(Runner, a_failed_service_is_not_run_again) {
    keep_running("s1");
    const auto started = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    seds.end_all("s1", CallState::failed);
    const CallResult result = wait(started);
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::service_failed);
    EXPECT_EQ(seds.runs("s2"), 0u);
}

TEST_F(Runner, the_next_candidate_is_tried_when_the_first_is_dead) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::done);
    EXPECT_EQ(result.sed, "s2");
    EXPECT_EQ(result.attempts, 2u);
}

TEST_F(Runner, the_next_candidate_is_tried_when_the_first_is_full_or_has_restarted) {
    for (const ErrorCode code :
         {ErrorCode::no_server, ErrorCode::stale_version, ErrorCode::not_found}) {
        seds.at("s1", [&](FakeSeds::Sed& sed) { sed.refusals = {code}; });
        const CallResult result = runner.run(call());
        EXPECT_EQ(result.state, CallState::done);
        EXPECT_EQ(result.sed, "s2") << name_of(code);
        EXPECT_EQ(result.attempts, 1u) << "a refusal is no attempt";
    }
}

TEST_F(Runner, a_connection_that_broke_while_idle_does_not_exclude_its_server) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.refusals = {ErrorCode::peer_unreachable}; });
    EXPECT_EQ(runner.run(call()).sed, "s1");
}

TEST_F(Runner, a_call_refused_as_wrong_fails_at_once) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.refusals = {ErrorCode::invalid_argument}; });
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::invalid_argument);
    EXPECT_EQ(seds.runs("s2"), 0u);
}

TEST_F(Runner, a_call_whose_server_dies_is_run_again_elsewhere) {
    keep_running("s1");
    const auto started = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    const CallResult result = wait(started);
    EXPECT_EQ(result.state, CallState::done);
    EXPECT_EQ(result.sed, "s2");
    EXPECT_EQ(result.attempts, 2u);
    EXPECT_EQ(completions, 1);
}

TEST_F(Runner, a_call_whose_server_falls_silent_or_forgets_it_is_run_again_elsewhere) {
    keep_running("s1");
    const auto one = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1", 1));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.silent = true; });
    EXPECT_EQ(wait(one).sed, "s2");

    seds.at("s1", [](FakeSeds::Sed& sed) { sed.silent = false; });
    const auto two = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1", 2));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.calls.clear(); });
    EXPECT_EQ(wait(two).sed, "s2");
}

TEST_F(Runner, only_the_forgotten_call_is_lost_not_its_neighbour) {
    keep_running("s1");
    NewCall first = call();
    const RequestId forgotten = first.order.id;
    const auto one = runner.start(std::move(first));
    const auto two = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1", 2));
    seds.at("s1", [&](FakeSeds::Sed& sed) { sed.calls.erase(forgotten); });
    EXPECT_EQ(wait(one).sed, "s2");
    EXPECT_FALSE(runner.finished(two));
    seds.end_all("s1");
    EXPECT_EQ(wait(two).sed, "s1");
}

TEST_F(Runner, a_lost_call_that_must_not_repeat_fails_and_says_that_it_may_have_run) {
    keep_running("s1");
    const auto started = runner.start(call(Retry::never));
    ASSERT_TRUE(seds.wait_for_run("s1"));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    const CallResult result = wait(started);
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::peer_unreachable);
    EXPECT_NE(result.message.find("may have run"), std::string::npos) << result.message;
    EXPECT_EQ(seds.runs("s2"), 0u);
}

TEST_F(Runner, a_call_that_must_not_repeat_still_passes_over_a_dead_server) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    const CallResult result = runner.run(call(Retry::never));
    EXPECT_EQ(result.state, CallState::done);
    EXPECT_EQ(result.sed, "s2");
}

TEST_F(Runner, a_submission_that_breaks_is_not_repeated_for_a_call_that_must_not_repeat) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.refusals = {ErrorCode::peer_unreachable}; });
    EXPECT_EQ(runner.run(call(Retry::never)).state, CallState::failed);
    EXPECT_EQ(seds.runs("s1") + seds.runs("s2"), 0u);
}

TEST_F(Runner, a_call_that_kills_every_server_ends_after_three_attempts) {
    agent.state.with([](auto& now) {
        now.seds = {candidate("s1"), candidate("s2"), candidate("s3"), candidate("s4")};
    });
    for (const char* name : {"s1", "s2", "s3", "s4"}) keep_running(name);
    const auto started = runner.start(call());
    for (const char* name : {"s1", "s2", "s3"}) {
        ASSERT_TRUE(seds.wait_for_run(name));
        seds.at(name, [](FakeSeds::Sed& sed) { sed.dead = true; });
    }
    const CallResult result = wait(started);
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.attempts, 3u);
    EXPECT_EQ(seds.runs("s4"), 0u);
}

TEST_F(Runner, a_server_that_breaks_under_a_submission_and_is_gone_then_counts_as_ended_by_it) {
    agent.state.with([](auto& now) {
        now.seds = {candidate("s1"), candidate("s2"), candidate("s3"), candidate("s4")};
    });
    for (const char* name : {"s1", "s2", "s3", "s4"}) {
        seds.at(name, [](FakeSeds::Sed& sed) {
            sed.refusals = {ErrorCode::peer_unreachable};
            sed.dead_after_refusals = true;
        });
    }
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_NE(result.message.find("3 servers were lost while they had it (s1, s2, s3"),
              std::string::npos)
        << result.message;
    EXPECT_FALSE(seds.state.with([](auto& all) { return all["s4"].dead; }));
}

// -- pending outputs -----------------------------------------------------------------------------

class Pending : public Runner {
protected:
    NewCall consumer_of(const RequestId& producer, Retry retry = Retry::always) {
        NewCall made = call(retry);
        made.order.service = "linalg/f2";
        made.request.service = made.order.service;
        made.order.arguments = {PendingOutput{producer, "C", "B"}};
        return made;
    }
    // Ends what runs at `sed` as done, with an output C.
    void produce(const std::string& sed, const DataId& made) {
        seds.at(sed, [&](FakeSeds::Sed& at) {
            for (auto& [id, each] : at.calls) {
                each = result_of(id, CallState::done, sed);
                each.outputs = {{"C", {}, made, {}, 1}};
            }
        });
    }
    std::size_t placed() {
        return agent.state.with([](auto& now) { return now.requests.size(); });
    }
};

TEST_F(Pending, output_is_waited_for_and_the_call_is_placed_by_where_it_is) {
    keep_running("s1");
    NewCall first = call();
    const RequestId producer = first.order.id;
    const auto one = runner.start(std::move(first));
    ASSERT_TRUE(seds.wait_for_run("s1"));
    NewCall second = consumer_of(producer);
    const RequestId consumer = second.order.id;
    const auto two = runner.start(std::move(second));
    const auto end = CallRunner::Clock::now() + 10s;
    while (!runner.awaited(consumer) && CallRunner::Clock::now() < end)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(runner.awaited(consumer)->producer, producer);
    EXPECT_EQ(placed(), 1u);
    const DataId made = DataId::make("c1");
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.ends_at_once = true; });
    produce("s1", made);
    EXPECT_EQ(wait(two).state, CallState::done);
    const auto request = agent.state.with([](auto& now) { return now.requests.back(); });
    EXPECT_EQ(request.data, std::vector{made});
    EXPECT_EQ(request.data_arguments, std::vector<std::string>{"B"});
    const Argument sent =
        seds.state.with([](auto& all) { return all["s1"].last_order.arguments.at(0); });
    EXPECT_EQ(std::get<DataId>(sent), made);
}

TEST_F(Pending, output_of_a_call_that_failed_fails_the_whole_chain_and_names_it) {
    keep_running("s1");
    NewCall first = call();
    const RequestId producer = first.order.id;
    const auto one = runner.start(std::move(first));
    ASSERT_TRUE(seds.wait_for_run("s1"));
    NewCall second = consumer_of(producer);
    const RequestId middle = second.order.id;
    const auto two = runner.start(std::move(second));
    const auto three = runner.start(consumer_of(middle));
    seds.end_all("s1", CallState::failed);
    const CallResult last = wait(three);
    EXPECT_EQ(last.state, CallState::failed);
    EXPECT_EQ(last.error, ErrorCode::service_failed);
    EXPECT_NE(last.message.find(to_string(middle)), std::string::npos) << last.message;
    EXPECT_NE(last.message.find(to_string(producer)), std::string::npos) << last.message;
    EXPECT_EQ(placed(), 1u);
    EXPECT_EQ(wait(two).state, CallState::failed);
}

TEST_F(Pending, output_does_not_keep_a_call_from_its_cancel_or_deadline) {
    keep_running("s1");
    NewCall first = call();
    const RequestId producer = first.order.id;
    const auto one = runner.start(std::move(first));
    const auto two = runner.start(consumer_of(producer));
    NewCall hasty = consumer_of(producer);
    hasty.order.deadline_s = 0.05;
    const auto three = runner.start(std::move(hasty));
    EXPECT_EQ(wait(three).error, ErrorCode::deadline_exceeded);
    runner.cancel(two);
    EXPECT_EQ(wait(two).state, CallState::cancelled);
    EXPECT_EQ(placed(), 1u);
    seds.end_all("s1");
}

TEST_F(Pending, more_calls_wait_for_outputs_than_there_are_drivers) {
    keep_running("s1");
    NewCall first = call();
    RequestId before = first.order.id;
    std::vector<std::shared_ptr<Call>> chain{runner.start(std::move(first))};
    ASSERT_TRUE(seds.wait_for_run("s1"));
    for (int i = 0; i < 40; ++i) {
        NewCall next = consumer_of(before);
        before = next.order.id;
        chain.push_back(runner.start(std::move(next)));
    }
    seds.end_all("s1", CallState::failed);
    EXPECT_EQ(wait(chain.back()).state, CallState::failed);
}

TEST_F(Pending, output_of_a_call_that_nobody_knows_fails_the_call) {
    const CallResult result = runner.run(consumer_of(RequestId::make()));
    EXPECT_EQ(result.error, ErrorCode::not_found);
    EXPECT_EQ(placed(), 0u);
}

TEST_F(Runner, a_master_agent_that_restarts_is_waited_for) {
    agent.state.with([](auto& now) { now.down = true; });
    const auto started = runner.start(call());
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(runner.finished(started));
    agent.state.with([](auto& now) { now.down = false; });
    EXPECT_EQ(wait(started).state, CallState::done);
}

TEST_F(Runner, a_master_agent_that_stays_away_fails_the_call_in_the_end) {
    agent.state.with([](auto& now) { now.down = true; });
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::peer_unreachable);
    EXPECT_NE(result.message.find("master agent"), std::string::npos) << result.message;
}

TEST_F(Runner, servers_that_all_died_are_asked_again_once_they_are_back) {
    agent.state.with([](auto& now) { now.seds = {candidate("s1")}; });
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    const auto started = runner.start(call());
    std::this_thread::sleep_for(50ms);
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = false; });
    EXPECT_EQ(wait(started).sed, "s1");
}

TEST_F(Runner, a_call_that_nobody_takes_fails_with_the_reason) {
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.refusals.assign(1000, ErrorCode::no_server); });
    seds.at("s2", [](FakeSeds::Sed& sed) { sed.refusals.assign(1000, ErrorCode::no_server); });
    const CallResult result = runner.run(call());
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::no_server);
    EXPECT_NE(result.message.find("s2"), std::string::npos) << result.message;
}

TEST_F(Runner, a_server_that_is_only_preferred_is_left_when_it_is_gone) {
    NewCall bound = call();
    bound.request.server = "s9";
    bound.server_required = false;
    EXPECT_EQ(runner.run(std::move(bound)).sed, "s1");
    NewCall dying = call();
    dying.request.server = "s1";
    dying.server_required = false;
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.dead = true; });
    EXPECT_EQ(runner.run(std::move(dying)).sed, "s2");
}

TEST_F(Runner, a_deadline_passes_to_the_server_and_ends_a_call_that_none_has) {
    NewCall limited = call();
    limited.order.deadline_s = 60;
    runner.run(std::move(limited));
    const double sent = seds.state.with([](auto& all) { return all["s1"].last_order.deadline_s; });
    EXPECT_GT(sent, 50);
    EXPECT_LE(sent, 60);

    agent.state.with([](auto& now) { now.down = true; });
    NewCall hopeless = call();
    hopeless.order.deadline_s = 0.05;
    EXPECT_EQ(runner.run(std::move(hopeless)).error, ErrorCode::deadline_exceeded);
}

// -- cancelling ----------------------------------------------------------------------------------

TEST_F(Runner, a_call_is_cancelled_while_no_server_has_it) {
    agent.state.with([](auto& now) { now.down = true; });
    const auto started = runner.start(call());
    runner.cancel(started);
    const CallResult result = wait(started);
    EXPECT_EQ(result.state, CallState::cancelled);
    EXPECT_EQ(result.error, ErrorCode::cancelled);
    EXPECT_EQ(completions, 1);
}

TEST_F(Runner, a_running_call_is_cancelled_at_its_server) {
    keep_running("s1");
    const auto started = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    std::this_thread::sleep_for(20ms);
    runner.cancel(started);
    EXPECT_EQ(wait(started).state, CallState::cancelled);
    EXPECT_EQ(seds.state.with([](auto& all) { return all["s1"].cancelled.size(); }), 1u);
    runner.cancel(started);
    EXPECT_EQ(wait(started).state, CallState::cancelled)
        << "cancelling what is over changes nothing";
}

TEST_F(Runner, a_cancelled_call_whose_server_dies_is_not_run_again) {
    keep_running("s1");
    const auto started = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.silent = true; });
    runner.cancel(started);
    EXPECT_EQ(wait(started).state, CallState::cancelled);
    EXPECT_EQ(seds.runs("s2"), 0u);
}

TEST_F(Runner, every_call_ends_exactly_once_when_cancels_ends_and_deaths_race) {
    keep_running("s1");
    keep_running("s2");
    std::atomic<bool> stop{false};
    std::thread mischief([&] {
        for (unsigned round = 0; !stop; ++round) {
            const std::string victim = round % 2 == 0 ? "s1" : "s2";
            seds.at(victim, [](FakeSeds::Sed& sed) { sed.dead = true; });
            std::this_thread::sleep_for(2ms);
            seds.at(victim, [](FakeSeds::Sed& sed) { sed.dead = false; });
            seds.end_all("s1");
            seds.end_all("s2");
        }
    });
    constexpr int kCalls = 200;
    std::vector<std::shared_ptr<Call>> started;
    for (int i = 0; i < kCalls; ++i) {
        started.push_back(runner.start(call()));
        if (i % 3 == 0) runner.cancel(started.back());
    }
    for (int i = 0; i < kCalls; i += 5) runner.cancel(started[static_cast<std::size_t>(i)]);
    for (const auto& each : started) EXPECT_TRUE(wait(each).finished());
    stop = true;
    mischief.join();
    EXPECT_EQ(completions, kCalls);
}

// -- completing, keeping, ending -----------------------------------------------------------------

TEST_F(Runner, what_completing_throws_becomes_the_result) {
    NewCall made = call();
    made.complete = [](CallResult&) { throw Error(ErrorCode::data_lost, "the output is gone"); };
    const CallResult result = runner.run(std::move(made));
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::data_lost);
    EXPECT_EQ(result.message, "the output is gone");
}

TEST_F(Runner, one_of_several_calls_is_waited_for) {
    keep_running("s1");
    const std::vector<std::shared_ptr<Call>> none;
    EXPECT_FALSE(runner.wait_any(none, CallRunner::Clock::now()));
    const auto slow = runner.start(call());
    ASSERT_TRUE(seds.wait_for_run("s1"));
    seds.at("s1", [](FakeSeds::Sed& sed) { sed.ends_at_once = true; });
    const std::vector<std::shared_ptr<Call>> both{slow, runner.start(call())};
    EXPECT_EQ(runner.wait_any(both, CallRunner::Clock::now() + 10s), 1u);
    seds.end_all("s1");
    wait(slow);
}

TEST_F(Runner, finished_calls_are_known_by_id_until_newer_ones_push_them_out) {
    RunnerSettings settings = quick();
    settings.history = 10;
    CallRunner small(agent, seds, settings);
    NewCall first = call();
    const RequestId oldest = first.order.id;
    const auto held = small.start(std::move(first));
    ASSERT_TRUE(small.wait(held, CallRunner::Clock::now() + 10s));
    EXPECT_EQ(small.find(oldest), held);
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(small.wait(small.start(call()), CallRunner::Clock::now() + 10s));
    }
    EXPECT_EQ(small.find(oldest), nullptr);
    EXPECT_TRUE(small.wait(held, CallRunner::Clock::now()))
        << "whoever holds the call still has its result";
}

TEST_F(Runner, a_detached_call_is_at_a_server_when_start_returns_and_is_left_there) {
    keep_running("s1");
    {
        CallRunner shortly(agent, seds, quick());
        NewCall made = call();
        made.detached = true;
        made.complete = nullptr;
        shortly.start(std::move(made));
        EXPECT_EQ(seds.runs("s1"), 1u);
    }
    EXPECT_TRUE(seds.state.with([](auto& all) { return all["s1"].cancelled.empty(); }));
}

TEST_F(Runner, ending_the_runner_cancels_what_is_unfinished) {
    keep_running("s1");
    {
        CallRunner shortly(agent, seds, quick());
        shortly.start(call());
        ASSERT_TRUE(seds.wait_for_run("s1"));
        agent.state.with([](auto& now) { now.down = true; });
        shortly.start(call());
    }
    EXPECT_EQ(completions, 2);
    EXPECT_LE(seds.state.with([](auto& all) { return all["s1"].cancelled.size(); }), 1u);
}

}  // namespace
}  // namespace juxta::client
