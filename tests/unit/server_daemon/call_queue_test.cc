#include "server_daemon/core/call_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/refusal.h"
#include "tests/unit/server_daemon/values.h"

namespace juxta::sed {
namespace {

const Profile kProfile{"work", "test", {}, Retry::always};

struct CallQueueTest : testing::Test {
    CallQueue queue{"s1", {.slots = 2, .waiting = 2, .history = 10}};
    Time now = kSecond;

    RequestId submit(double deadline_s = 0, bool keep = false) {
        CallOrder call = order("work");
        call.deadline_s = deadline_s;
        call.keep_result = keep;
        queue.submit(now, std::make_shared<const CallOrder>(call), kProfile);
        return call.id;
    }
    RequestId run() {
        const RequestId id = submit();
        queue.take(now);
        EXPECT_TRUE(queue.begin_run(id));
        return id;
    }
    void done(const RequestId& id, double run_s = 1) {
        CallResult result;
        result.state = CallState::done;
        result.run_s = run_s;
        queue.finish(now, id, result);
    }
    CallState state(const RequestId& id) { return queue.state_of(id).state; }
};

TEST_F(CallQueueTest, finds_the_calls_whose_client_is_gone) {
    const RequestId running = run(), asked_about = run(), waiting = submit(),
                    kept = submit(0, true);
    const auto pass = [&](Duration time) {
        for (const Time end = now + time; now < end; now += kSecond / 10) {
            queue.attend(now, asked_about);
            EXPECT_TRUE(queue.unattended(now).empty());
        }
    };
    pass(5 * kSecond);
    EXPECT_THAT(queue.unattended(now), testing::UnorderedElementsAre(running, waiting));
    queue.cancel(now, waiting);
    EXPECT_TRUE(queue.cancel(now, running)) << "its worker is to be stopped";
    EXPECT_TRUE(queue.unattended(now).empty());
    EXPECT_EQ(state(kept), CallState::queued);
}

TEST_F(CallQueueTest, gives_clients_their_time_again_when_the_process_was_stopped) {
    const RequestId id = run();
    EXPECT_TRUE(queue.unattended(now).empty());
    now += 60 * kSecond;
    EXPECT_TRUE(queue.unattended(now).empty()) << to_string(id);
}

TEST_F(CallQueueTest, runs_as_many_as_there_are_slots_and_first_come_first) {
    const RequestId first = submit(), second = submit();
    EXPECT_EQ(queue.take(now).order->id, first);
    EXPECT_EQ(queue.take(now).order->id, second);
    const RequestId third = submit();
    EXPECT_FALSE(queue.can_take());
    EXPECT_EQ(state(third), CallState::queued);
    queue.begin_run(first);
    done(first);
    ASSERT_TRUE(queue.can_take());
    EXPECT_EQ(queue.take(now).order->id, third);
    EXPECT_EQ(state(third), CallState::running);
}

TEST_F(CallQueueTest, refuses_what_does_not_fit_into_the_queue) {
    run();
    run();
    submit();
    submit();
    EXPECT_EQ(failure_of([&] { submit(); }), ErrorCode::no_server);
}

TEST_F(CallQueueTest, takes_a_request_once) {
    CallOrder call = order("work");
    EXPECT_TRUE(queue.submit(now, std::make_shared<const CallOrder>(call), kProfile));
    EXPECT_FALSE(queue.submit(now, std::make_shared<const CallOrder>(call), kProfile));
    queue.take(now);
    queue.begin_run(call.id);
    done(call.id);
    EXPECT_FALSE(queue.submit(now, std::make_shared<const CallOrder>(call), kProfile));
    EXPECT_EQ(state(call.id), CallState::done);
}

TEST_F(CallQueueTest, cancels_a_waiting_call_at_once) {
    run();
    run();
    const RequestId waiting = submit();
    EXPECT_FALSE(queue.cancel(now, waiting));
    EXPECT_EQ(state(waiting), CallState::cancelled);
    EXPECT_EQ(queue.state_of(waiting).error, ErrorCode::cancelled);
    EXPECT_EQ(queue.load(now, "work").waiting, 0u);
}

TEST_F(CallQueueTest, cancels_a_fetching_call_at_once_but_keeps_its_slot_until_it_is_given_back) {
    const RequestId id = submit();
    queue.take(now);
    EXPECT_FALSE(queue.cancel(now, id));
    EXPECT_EQ(state(id), CallState::cancelled);
    EXPECT_FALSE(queue.begin_run(id));
    EXPECT_EQ(queue.load(now, "work").running, 1u);
    done(id);
    EXPECT_EQ(state(id), CallState::cancelled);
    EXPECT_EQ(queue.load(now, "work").running, 0u);
}

TEST_F(CallQueueTest, asks_for_a_running_call_to_be_stopped) {
    const RequestId id = run();
    EXPECT_TRUE(queue.cancel(now, id));
    EXPECT_TRUE(queue.cancelled(id));
    EXPECT_EQ(state(id), CallState::running);
    EXPECT_FALSE(queue.begin_commit(id));
    CallResult failed;
    failed.state = CallState::failed;
    queue.finish(now, id, failed);
    EXPECT_EQ(state(id), CallState::cancelled);
}

TEST_F(CallQueueTest, lets_a_call_that_commits_come_to_its_end) {
    const RequestId id = run();
    EXPECT_TRUE(queue.begin_commit(id));
    EXPECT_FALSE(queue.cancel(now, id));
    done(id);
    EXPECT_EQ(state(id), CallState::done);
    EXPECT_FALSE(queue.cancel(now, id));
    EXPECT_EQ(state(id), CallState::done);
}

TEST_F(CallQueueTest, does_not_know_what_it_never_got) {
    EXPECT_EQ(failure_of([&] { queue.cancel(now, RequestId::make()); }), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { queue.state_of(RequestId::make()); }), ErrorCode::not_found);
    EXPECT_FALSE(queue.knows(RequestId::make()));
}

TEST_F(CallQueueTest, ends_what_waits_beyond_its_deadline) {
    run();
    run();
    const RequestId waiting = submit(2.0);
    EXPECT_FALSE(queue.expire(now + kSecond));
    EXPECT_TRUE(queue.expire(now + 2 * kSecond));
    EXPECT_EQ(state(waiting), CallState::failed);
    EXPECT_EQ(queue.state_of(waiting).error, ErrorCode::deadline_exceeded);
}

TEST_F(CallQueueTest, forgets_results_nobody_asks_for_after_a_minute) {
    const RequestId id = run();
    done(id);
    queue.forget(now + 59 * kSecond);
    EXPECT_TRUE(queue.knows(id));
    queue.forget(now + 61 * kSecond);
    EXPECT_FALSE(queue.knows(id));
}

TEST_F(CallQueueTest,
       keeps_a_result_that_is_to_be_kept_until_an_hour_or_a_minute_after_its_delivery) {
    const RequestId kept = submit(0, true), delivered = submit(0, true);
    queue.take(now);
    queue.take(now);
    done(kept);
    done(delivered);
    queue.forget(now + 61 * kSecond);
    ASSERT_TRUE(queue.knows(delivered));
    EXPECT_EQ(queue.deliver(now + 100 * kSecond, delivered).state, CallState::done);
    queue.forget(now + 200 * kSecond);
    EXPECT_FALSE(queue.knows(delivered));
    EXPECT_TRUE(queue.knows(kept));
    queue.forget(now + 3601 * kSecond);
    EXPECT_FALSE(queue.knows(kept));
    EXPECT_EQ(queue.size(), 0u);
}

TEST_F(CallQueueTest, keeps_a_bounded_history) {
    std::vector<RequestId> ids;
    for (int i = 0; i < 30; ++i) {
        ids.push_back(run());
        done(ids.back());
    }
    EXPECT_EQ(queue.size(), 10u);
    EXPECT_FALSE(queue.knows(ids[19]));
    EXPECT_TRUE(queue.knows(ids[20]));
}

TEST_F(CallQueueTest, bounds_the_bytes_of_its_history) {
    CallQueue small("s1", {.history_bytes = 1000});
    for (int i = 0; i < 20; ++i) {
        const auto call = std::make_shared<const CallOrder>(order("work"));
        small.submit(now, call, kProfile);
        small.take(now);
        small.begin_run(call->id);
        CallResult result;
        result.state = CallState::done;
        result.outputs.push_back({"x", text(std::string(300, 'x')), {}, {}, 0});
        small.finish(now, call->id, result);
    }
    EXPECT_EQ(small.size(), 3u);
}

TEST_F(CallQueueTest, expects_what_the_last_runs_took) {
    EXPECT_EQ(queue.load(now, "work").expected_run_s, 0);
    done(run(), 2);
    EXPECT_DOUBLE_EQ(queue.load(now, "work").expected_run_s, 2);
    done(run(), 4);
    const double expected = queue.load(now, "work").expected_run_s;
    EXPECT_GT(expected, 2);
    EXPECT_LT(expected, 4);
    run();
    run();
    submit();
    EXPECT_DOUBLE_EQ(queue.load(now, "work").backlog_s, 3 * expected);
    EXPECT_DOUBLE_EQ(queue.load(now + kSecond, "work").backlog_s, 3 * expected - 2);
    EXPECT_DOUBLE_EQ(queue.load(now + kSecond, "work").since_last_s, 1);
    // What has run for 100 s, against all expectation, is expected to run for half as long again.
    EXPECT_DOUBLE_EQ(queue.load(now + 100 * kSecond, "work").backlog_s, expected + 2 * 50);
}

TEST_F(CallQueueTest, tells_what_a_call_waits_for_and_how_it_went_when_its_result_is_forgotten) {
    run();
    const RequestId running = run();
    submit();
    const RequestId waiting = submit();
    const CallReport report = queue.report(now + kSecond, waiting);
    EXPECT_EQ(report.state, CallState::queued);
    EXPECT_DOUBLE_EQ(report.queue_s, 1);
    EXPECT_THAT(report.reason, testing::HasSubstr("2 of 2 are taken, and 1 calls wait before it"));
    EXPECT_THAT(queue.report(now, running).reason, testing::HasSubstr("runs"));
    done(running, 3);
    queue.forget(now + 3600 * kSecond);
    EXPECT_FALSE(queue.knows(running));
    EXPECT_EQ(queue.report(now, running).state, CallState::done);
    EXPECT_DOUBLE_EQ(queue.report(now, running).run_s, 3);
    EXPECT_EQ(failure_of([&] { queue.report(now, RequestId::make()); }), ErrorCode::not_found);
}

TEST_F(CallQueueTest, drains_what_was_accepted_and_takes_nothing_new) {
    const RequestId id = submit();
    queue.drain();
    EXPECT_EQ(failure_of([&] { submit(); }), ErrorCode::no_server);
    EXPECT_FALSE(queue.idle());
    queue.take(now);
    queue.begin_run(id);
    done(id);
    EXPECT_TRUE(queue.idle());
}

TEST_F(CallQueueTest, sends_what_waits_elsewhere_when_it_ends) {
    run();
    run();
    const RequestId waiting = submit();
    queue.withdraw(now);
    EXPECT_EQ(state(waiting), CallState::failed);
    EXPECT_EQ(reaction_to(queue.state_of(waiting).error), Reaction::try_elsewhere);
    EXPECT_EQ(failure_of([&] { submit(); }), ErrorCode::no_server);
}

TEST_F(CallQueueTest, takes_an_absurd_deadline_for_none) {
    submit(1e300);
    EXPECT_EQ(queue.take(now).deadline, 0);
    submit(-5);
    EXPECT_EQ(queue.take(now).deadline, 0);
}

}  // namespace
}  // namespace juxta::sed
