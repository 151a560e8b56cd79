#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/server_daemon/sed_fixture.h"

namespace juxta::sed {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

ScheduleRequest asking_for(const std::string& service) {
    ScheduleRequest request;
    request.service = service;
    return request;
}

CallResult eventually(SedUnderTest& under, const RequestId& id) {
    for (int i = 0; i < 100; ++i) {
        const auto over = under.sed.wait({id}, 200);
        if (!over.empty()) return over.front();
    }
    ADD_FAILURE() << "the call never ended";
    return {};
}

TEST(Sed, answers_a_scalar_call) {
    SedUnderTest under;
    const CallResult result = under.call("echo", {scalar(2.5), std::monostate{}});
    EXPECT_EQ(result.state, CallState::done);
    EXPECT_EQ(result.sed, "s1");
    ASSERT_EQ(result.outputs.size(), 1u);
    EXPECT_EQ(result.outputs[0].name, "out");
    EXPECT_EQ(result.outputs[0].value, scalar(2.5));
    EXPECT_GT(result.run_s, 0);
    EXPECT_EQ(result.bytes_moved(), 0u);
}

TEST(Sed, refuses_what_it_does_not_offer_or_what_does_not_fit) {
    SedUnderTest under;
    EXPECT_EQ(failure_of([&] { under.call("nonsense"); }), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { under.call("echo", {scalar(2.5)}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] {
                  under.call("echo", {scalar<std::int32_t>(2), std::monostate{}});
              }),
              ErrorCode::invalid_argument);
}

TEST(Sed, goes_on_after_a_crash) {
    SedUnderTest under;
    const CallResult crashed = under.call("crash");
    EXPECT_EQ(crashed.state, CallState::failed);
    EXPECT_EQ(crashed.error, ErrorCode::service_failed);
    EXPECT_NE(crashed.message.find("SIGSEGV"), std::string::npos);
    EXPECT_EQ(under.call("echo", {scalar(1.0), std::monostate{}}).state, CallState::done);
}

TEST(Sed, answers_in_time_while_a_long_call_goes_on) {
    SedUnderTest under;
    for (int warm = 0; warm < 2; ++warm) {
        const CallOrder sleep = order("sleep", {scalar(0.5)});
        const auto began = Clock::now();
        const CallResult running = under.sed.submit(sleep, 50);
        EXPECT_LT(Clock::now() - began, 400ms);
        EXPECT_FALSE(running.finished());
        EXPECT_EQ(running.id, sleep.id);
        EXPECT_EQ(eventually(under, sleep.id).state, CallState::done);
    }
}

TEST(Sed, runs_a_repeated_request_once) {
    SedUnderTest under;
    const std::string path = testing::TempDir() + "juxta-append-" + std::to_string(::getpid());
    std::remove(path.c_str());
    const CallOrder append = order("append", {text(path), text("line")});
    under.sed.submit(append, 5000);
    EXPECT_EQ(under.sed.submit(append, 5000).state, CallState::done);
    EXPECT_EQ(under.sed.submit(append, 0).state, CallState::done);
    std::FILE* file = std::fopen(path.c_str(), "r");
    ASSERT_NE(file, nullptr);
    char line[64] = {};
    EXPECT_EQ(std::fread(line, 1, sizeof line, file), 5u);
    std::fclose(file);
    std::remove(path.c_str());
}

TEST(Sed, ends_a_call_at_its_deadline_within_a_second) {
    SedUnderTest under;
    CallOrder spin = order("spin", {scalar(30.0)});
    spin.deadline_s = 0.2;
    const auto began = Clock::now();
    const CallResult result = under.sed.submit(spin, 5000);
    EXPECT_LT(Clock::now() - began, 1200ms);
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(result.error, ErrorCode::deadline_exceeded);
}

TEST(Sed, ends_a_call_at_its_deadline_while_it_waits_for_a_slot) {
    SedUnderTest under({.slots = 1, .waiting = 3});
    const CallOrder long_one = order("sleep", {scalar(20.0)});
    under.sed.submit(long_one, 0);
    CallOrder late = order("echo", {scalar(1.0), std::monostate{}});
    late.deadline_s = 0.2;
    EXPECT_EQ(under.sed.submit(late, 5000).error, ErrorCode::deadline_exceeded);
    under.sed.cancel(long_one.id);
    EXPECT_EQ(eventually(under, long_one.id).state, CallState::cancelled);
}

TEST(Sed, cancels_a_running_and_a_waiting_call) {
    SedUnderTest under({.slots = 1, .waiting = 3});
    const CallOrder running = order("spin", {scalar(30.0)}),
                    waiting = order("spin", {scalar(30.0)});
    under.sed.submit(running, 100);
    EXPECT_EQ(under.sed.submit(waiting, 50).state, CallState::queued);
    under.sed.cancel(waiting.id);
    EXPECT_EQ(eventually(under, waiting.id).state, CallState::cancelled);
    under.sed.cancel(running.id);
    EXPECT_EQ(eventually(under, running.id).state, CallState::cancelled);
    EXPECT_EQ(under.call("echo", {scalar(1.0), std::monostate{}}).state, CallState::done);
    EXPECT_EQ(failure_of([&] { under.sed.cancel(RequestId::make()); }), ErrorCode::not_found);
}

TEST(Sed, cancels_a_call_that_its_submitter_still_waits_for) {
    SedUnderTest under;
    under.call("echo", {scalar(1.0), std::monostate{}});
    const CallOrder spin = order("spin", {scalar(30.0)});
    CallResult result;
    std::thread submitter([&] { result = under.sed.submit(spin, 20'000); });
    while (!under.sed.knows(spin.id)) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(50ms);
    under.sed.cancel(spin.id);
    submitter.join();
    EXPECT_EQ(result.state, CallState::cancelled);
}

TEST(Sed, runs_no_more_at_once_than_it_has_slots_and_refuses_beyond_its_queue) {
    SedUnderTest under({.slots = 2, .waiting = 1});
    std::vector<RequestId> ids;
    for (int i = 0; i < 3; ++i) {
        const CallOrder sleep = order("sleep", {scalar(0.4)});
        ids.push_back(sleep.id);
        under.sed.submit(sleep, 30);
    }
    const EstimationVector busy = under.sed.estimate(asking_for("echo"));
    EXPECT_EQ(busy.slots, 2u);
    EXPECT_EQ(busy.running, 2u);
    EXPECT_EQ(busy.queued, 1u);
    EXPECT_GT(busy.free_memory, 1e6);
    EXPECT_EQ(failure_of([&] { under.call("sleep", {scalar(0.1)}); }), ErrorCode::no_server);
    for (const RequestId& id : ids) EXPECT_EQ(eventually(under, id).state, CallState::done);
    EXPECT_GT(under.sed.estimate(asking_for("sleep")).expected_run_s, 0.3);
    EXPECT_EQ(failure_of([&] { under.sed.estimate(asking_for("nonsense")); }),
              ErrorCode::not_found);
}

TEST(Sed, takes_calls_from_many_clients) {
    SedUnderTest under({.slots = 2, .waiting = 100});
    std::vector<std::thread> clients;
    std::atomic<int> done{0};
    for (int client = 0; client < 8; ++client) {
        clients.emplace_back([&, client] {
            for (int i = 0; i < 50; ++i) {
                const double number = client * 1000 + i;
                const CallResult result = under.call("echo", {scalar(number), std::monostate{}});
                if (result.state == CallState::done && result.outputs.at(0).value == scalar(number))
                    ++done;
            }
        });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(done, 400);
}

TEST(Sed, waits_for_several_calls_and_tells_the_first_that_is_over) {
    SedUnderTest under;
    const CallOrder quick = order("sleep", {scalar(0.1)}), slow = order("sleep", {scalar(10.0)});
    under.sed.submit(slow, 0);
    under.sed.submit(quick, 0);
    const auto over = under.sed.wait({slow.id, quick.id}, 5000);
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].id, quick.id);
    EXPECT_TRUE(under.sed.wait({slow.id}, 50).empty());
    EXPECT_EQ(failure_of([&] {
                  under.sed.wait({slow.id, RequestId::make()}, 50);
              }),
              ErrorCode::not_found);
}

TEST(Sed, drains_to_its_end) {
    SedUnderTest under;
    const CallOrder sleep = order("sleep", {scalar(0.3)});
    under.sed.submit(sleep, 0);
    under.sed.drain();
    EXPECT_FALSE(under.sed.drained());
    EXPECT_EQ(failure_of([&] {
                  under.call("echo", {scalar(1.0), std::monostate{}});
              }),
              ErrorCode::no_server);
    EXPECT_EQ(eventually(under, sleep.id).state, CallState::done);
    for (int i = 0; i < 100 && !under.sed.drained(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(under.sed.drained());
}

TEST(Sed, sends_the_calls_that_it_stops_when_it_ends_elsewhere) {
    SedUnderTest under;
    CallResult result;
    const CallOrder spin = order("spin", {scalar(30.0)});
    std::thread submitter([&] { result = under.sed.submit(spin, 20'000); });
    while (!under.sed.knows(spin.id)) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(100ms);
    under.sed.end();
    submitter.join();
    EXPECT_EQ(result.state, CallState::failed);
    EXPECT_EQ(reaction_to(result.error), Reaction::try_elsewhere);
}

TEST(Sed, refuses_results_by_value_that_fit_into_no_message) {
    SedUnderTest under;
    const CallResult result =
        under.call("repeat", {text("0123456789"), scalar<std::int32_t>(500'000), std::monostate{}});
    EXPECT_EQ(result.error, ErrorCode::service_failed);
    EXPECT_NE(result.message.find("5000000 bytes"), std::string::npos);
}

TEST(Sed, ends_with_calls_that_run_and_calls_that_wait) {
    const auto began = Clock::now();
    {
        SedUnderTest under({.slots = 1, .waiting = 3});
        under.sed.submit(order("stubborn"), 100);
        under.sed.submit(order("spin", {scalar(30.0)}), 0);
    }
    EXPECT_LT(Clock::now() - began, 3s);
}

TEST(Sed, answers_hundreds_of_scalar_calls_one_after_the_other) {
    SedUnderTest under;
    std::vector<double> seconds;
    for (int i = 0; i < 500; ++i) {
        const auto began = Clock::now();
        under.call("echo", {scalar(1.0), std::monostate{}});
        seconds.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
    std::ranges::sort(seconds);
    RecordProperty("median_us", std::to_string(seconds[250] * 1e6));
    std::printf("median of a scalar call: %.1f us\n", seconds[250] * 1e6);
    EXPECT_LT(seconds[250], 0.02);
}

}  // namespace
}  // namespace juxta::sed
