#include "server_daemon/core/process_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <complex>
#include <fstream>
#include <thread>

#include "common/process/memory_file.h"
#include "tests/unit/server_daemon/test_modules.h"
#include "tests/unit/server_daemon/values.h"

namespace juxta::sed {
namespace {

using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using namespace std::chrono_literals;

// Results come back by value.
class ByValue : public OutputPlaces {
public:
    OutputPlace allocate(std::size_t, const DataType& type, const std::vector<ino_t>&) override {
        if (bytes_of(type).value() > kInlineLimit) throw Error(ErrorCode::out_of_space, "no room");
        return {nullptr, 0, bytes_of(type).value()};
    }
};

struct ProcessPoolTest : testing::Test {
    static PoolSettings settings() {
        PoolSettings settings;
        settings.program.file = kSedProgram;
        settings.program.arguments = {kTestingModule, test_module("kinds"), test_module("plain")};
        settings.program.environment = {"JUXTA_HOST=h7"};
        return settings;
    }

    ProcessPool pool{settings()};
    ByValue places;

    static WorkerOrder make(const std::string& service, std::vector<Value> inputs,
                            std::size_t outputs) {
        WorkerOrder order;
        order.service = service;
        for (Value& value : inputs) {
            WorkerArgument argument;
            argument.type = value.type;
            argument.value = std::move(value);
            order.arguments.push_back(std::move(argument));
        }
        order.arguments.resize(order.arguments.size() + outputs);
        return order;
    }
    WorkerOutcome run(const std::string& service, std::vector<Value> inputs = {},
                      std::size_t outputs = 0, std::optional<Clock::duration> deadline = {}) {
        WorkerOrder order = make(service, std::move(inputs), outputs);
        if (deadline) order.deadline = Clock::now() + *deadline;
        const auto running = pool.start(order, places);
        EXPECT_TRUE(running->wait(Clock::now() + 20s));
        return running->take_outcome();
    }
    std::string failure(const std::string& service, std::vector<Value> inputs = {},
                        std::size_t outputs = 0) {
        const WorkerOutcome outcome = run(service, std::move(inputs), outputs);
        if (!outcome.failure) return "done";
        EXPECT_EQ(outcome.failure->code(), ErrorCode::service_failed);
        return outcome.failure->what();
    }
    std::int64_t worker() { return as<std::int64_t>(*run("who", {}, 1).values.at(0)); }
};

TEST_F(ProcessPoolTest, passes_all_kinds_of_values) {
    const WorkerOutcome sum =
        run("scalars",
            {scalar<std::int32_t>(1), scalar<std::int64_t>(2), scalar(3.0f), scalar(4.0),
             raw(ElementType::complex128, std::complex<double>(5, 6)), scalar('\7')},
            1);
    EXPECT_EQ(as<double>(sum.values.at(6).value()), 28);
    EXPECT_EQ(as_text(run("greet", {text("world")}, 1).values.at(1).value()), "hello world");
    EXPECT_EQ(as_text(run("greet", {text("")}, 1).values.at(1).value()), "hello ");
    EXPECT_EQ(as_text(run("shout", {text("hey")}).values.at(0).value()), "hey!");
    EXPECT_EQ(as<std::int64_t>(run("count", {scalar<std::int64_t>(41)}).values.at(0).value()), 42);
    EXPECT_EQ(as_text(run("copy_file", {blob(ElementType::file, std::string("a\0b", 3))}, 1)
                          .values.at(1)
                          .value()),
              std::string("a\0bcopied", 9));
    EXPECT_EQ(as<double>(run("sum", {array<double>({3}, {1, 2, 3})}, 1).values.at(1).value()), 6);
    EXPECT_EQ(as<double>(run("sum", {array<double>({0}, {})}, 1).values.at(1).value()), 0);
    EXPECT_EQ(run("iota", {scalar<std::int64_t>(3)}, 1).values.at(1).value(),
              array<double>({3}, {0, 1, 2}));
    EXPECT_EQ(run("increment", {array<double>({2}, {1, 2})}).values.at(0).value(),
              array<double>({2}, {2, 3}));
}

TEST_F(ProcessPoolTest, passes_values_larger_than_a_packet_both_ways) {
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(as_text(run("shout", {text(large)}).values.at(0).value()), large + "!");
    EXPECT_EQ(run("repeat", {text("0123456789"), scalar<std::int32_t>(500'000)}, 1)
                  .values.at(2)
                  ->bytes.size(),
              5'000'000u);
    EXPECT_EQ(as_text(run("greet", {text("again")}, 1).values.at(1).value()), "hello again");
}

TEST_F(ProcessPoolTest, runs_services_written_in_c) {
    EXPECT_EQ(as<double>(run("dot", {array<double>({2}, {1, 2}), array<double>({2}, {3, 4})}, 1)
                             .values.at(2)
                             .value()),
              11);
    EXPECT_EQ(failure("dot", {array<double>({2}, {1, 2}), array<double>({1}, {3})}, 1),
              "dot: the vectors differ in length");
    EXPECT_EQ(failure("code"), "code: the service failed with code 42");
    EXPECT_EQ(run("identity", {scalar<std::int64_t>(2)}, 1).values.at(1).value(),
              array<double>({2, 2}, {1, 0, 0, 1}));
    EXPECT_EQ(failure("mistaken"), "mistaken: the service asked for argument 7 of 0");
    EXPECT_EQ(failure("EXIT", {scalar<std::int32_t>(1)}), "EXIT: the service failed with code 10");
    EXPECT_EQ(as<std::int32_t>(run("SUCC", {scalar<std::int32_t>(41)}, 1).values.at(1).value()),
              42);
}

TEST_F(ProcessPoolTest, makes_results_as_large_as_the_profile_says) {
    const auto scaled = run("scale_plain",
                            {scalar<std::int32_t>(3), scalar(2.0), array<double>({3}, {1, 2, 3})}, 2);
    EXPECT_EQ(scaled.values.at(3).value(), array<double>({3}, {2, 4, 6}));
    EXPECT_EQ(as<std::int32_t>(scaled.values.at(4).value()), 0);
}

TEST_F(ProcessPoolTest, shows_arrays_without_elements_as_null) {
    const auto scaled =
        run("scale_plain", {scalar<std::int32_t>(0), scalar(2.0), array<double>({0}, {})}, 2);
    EXPECT_EQ(as<std::int32_t>(scaled.values.at(4).value()), 1);
    EXPECT_EQ(scaled.values.at(3).value(), array<double>({0}, {}));
}

TEST_F(ProcessPoolTest, reports_what_a_service_throws) {
    EXPECT_EQ(failure("fail", {text("out of luck")}), "fail: out of luck");
    EXPECT_EQ(failure("forget", {}, 1), "forget: the service ended without making its result v");
}

TEST_F(ProcessPoolTest, refuses_a_result_for_which_there_is_no_room) {
    const WorkerOutcome outcome = run("iota", {scalar<std::int64_t>(1'000'000)}, 1);
    EXPECT_EQ(outcome.failure.value().code(), ErrorCode::out_of_space);
    EXPECT_STREQ(outcome.failure->what(), "iota: no room");
}

TEST_F(ProcessPoolTest, keeps_a_worker_warm_and_uses_it_again) {
    const std::int64_t first = worker();
    EXPECT_EQ(worker(), first);
    failure("fail", {text("no reason to go")});
    EXPECT_EQ(worker(), first);
}

TEST_F(ProcessPoolTest, names_the_signal_of_a_crash_and_goes_on_with_another_worker) {
    const std::int64_t first = worker();
    EXPECT_EQ(failure("crash"),
              "crash: the worker process died of SIGSEGV; it wrote nothing to standard error");
    EXPECT_NE(worker(), first);
}

TEST_F(ProcessPoolTest, shows_the_end_of_what_a_dead_worker_wrote) {
    EXPECT_THAT(failure("complain"),
                HasSubstr("died of SIGABRT; the end of its standard error: the sky is falling"));
    const std::string much = failure("mutter", {scalar<std::int32_t>(2000)});
    EXPECT_THAT(much, testing::EndsWith("last words"));
    EXPECT_LT(much.size(), 3000u);
    EXPECT_EQ(failure("leave", {scalar<std::int32_t>(3)}),
              "leave: the worker process ended with status 3; it wrote nothing to standard error");
}

TEST_F(ProcessPoolTest, kills_at_the_deadline) {
    const auto began = Clock::now();
    const WorkerOutcome outcome = run("spin", {scalar(30.0)}, 0, 200ms);
    EXPECT_EQ(outcome.failure.value().code(), ErrorCode::deadline_exceeded);
    EXPECT_LT(Clock::now() - began, 1s);
}

TEST_F(ProcessPoolTest, kills_what_does_not_listen_to_sigterm) {
    const auto began = Clock::now();
    EXPECT_EQ(run("stubborn", {}, 0, 100ms).failure.value().code(), ErrorCode::deadline_exceeded);
    EXPECT_GT(Clock::now() - began, 290ms);
    EXPECT_LT(Clock::now() - began, 2s);
}

TEST_F(ProcessPoolTest, stops_a_run_from_another_thread) {
    const auto running = pool.start(make("spin", {scalar(30.0)}, 0), places);
    EXPECT_FALSE(running->wait(Clock::now() + 50ms));
    std::thread stopper([&] { running->stop(); });
    EXPECT_TRUE(running->wait(Clock::now() + 5s));
    stopper.join();
    EXPECT_EQ(running->take_outcome().failure.value().code(), ErrorCode::cancelled);
    running->stop();
    EXPECT_EQ(as_text(run("greet", {text("you")}, 1).values.at(1).value()), "hello you");
}

TEST_F(ProcessPoolTest, kills_the_children_of_the_service_too) {
    const std::string path = testing::TempDir() + "juxta-child-" + std::to_string(::getpid());
    run("with_child", {text(path)}, 0, 300ms);
    pid_t child = 0;
    std::ifstream(path) >> child;
    ASSERT_GT(child, 0);
    // Nobody is there any more, or a zombie that init has not looked at.
    bool gone = false;
    for (int i = 0; i < 100 && !gone; ++i) {
        std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
        std::string line;
        std::getline(stat, line);
        gone = line.empty() || line.find(") Z") != line.npos;
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_TRUE(gone);
    std::remove(path.c_str());
}

TEST_F(ProcessPoolTest, replaces_a_worker_that_was_killed_while_it_was_idle) {
    const std::int64_t first = worker();
    ::kill(static_cast<pid_t>(first), SIGKILL);
    std::this_thread::sleep_for(50ms);
    EXPECT_NE(worker(), first);
}

TEST_F(ProcessPoolTest, replaces_a_worker_that_has_grown_too_large) {
    PoolSettings small = settings();
    small.growth_limit = 50 << 20;
    ProcessPool strict(std::move(small));
    const auto call = [&](const WorkerOrder& order) {
        const auto running = strict.start(order, places);
        running->wait(Clock::now() + 20s);
        return running->take_outcome();
    };
    const auto who = [&] { return as<std::int64_t>(*call(make("who", {}, 1)).values.at(0)); };
    const std::int64_t first = who();
    // A sanitizer makes it four times as much.
    EXPECT_FALSE(call(make("leak", {scalar<std::int64_t>(4 << 20)}, 0)).failure);
    EXPECT_EQ(who(), first);
    EXPECT_FALSE(call(make("leak", {scalar<std::int64_t>(60 << 20)}, 0)).failure);
    EXPECT_NE(who(), first);
}

TEST_F(ProcessPoolTest, gives_services_their_environment) {
    EXPECT_EQ(as_text(run("environment", {text("JUXTA_HOST")}, 1).values.at(1).value()), "h7");
    EXPECT_NE(as_text(run("environment", {text("PATH")}, 1).values.at(1).value()), "");
}

TEST(ProcessPool, says_why_its_workers_die_at_once) {
    PoolSettings settings;
    settings.program.file = kSedProgram;
    settings.program.arguments = {"/nowhere/gone.so"};
    settings.warm = 0;
    ProcessPool pool(std::move(settings));
    ByValue places;
    const auto running = pool.start(ProcessPoolTest::make("echo", {scalar(1.0)}, 1), places);
    ASSERT_TRUE(running->wait(Clock::now() + 10s));
    EXPECT_THAT(running->take_outcome().failure.value().what(),
                HasSubstr("/nowhere/gone.so: there is no such file"));
}

TEST(ProcessPool, says_that_a_program_cannot_be_started) {
    PoolSettings settings;
    settings.program.file = "/nowhere/juxta-sed";
    settings.warm = 0;
    ProcessPool pool(std::move(settings));
    ByValue places;
    EXPECT_THROW(pool.start(ProcessPoolTest::make("echo", {scalar(1.0)}, 1), places), Error);
}

TEST(ProcessPool, leaves_no_process_behind) {
    std::int64_t pid = 0;
    {
        PoolSettings settings = ProcessPoolTest::settings();
        ProcessPool pool(std::move(settings));
        ByValue places;
        const auto who = pool.start(ProcessPoolTest::make("who", {}, 1), places);
        who->wait(Clock::now() + 10s);
        pid = as<std::int64_t>(*who->take_outcome().values.at(0));
        const auto endless = pool.start(ProcessPoolTest::make("stubborn", {}, 0), places);
        endless->wait(Clock::now() + 50ms);
    }
    EXPECT_EQ(::kill(static_cast<pid_t>(pid), 0), -1);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace juxta::sed
