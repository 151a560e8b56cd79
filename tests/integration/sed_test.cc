// A real juxta-sed process, its parent played by this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <thread>

#include "common/base/guarded.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "tests/integration/processes.h"

namespace juxta {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Lets one child join.
class Parent final : public POA_Wire::Agent {
public:
    CORBA::ULong join(const Wire::Child& newcomer) override {
        child_.change([&](std::optional<Wire::Child>& child) { child = newcomer; });
        return 2000;
    }
    void renew(const char*, CORBA::ULongLong) override {}
    void leave(const char*, CORBA::ULongLong) override { forget(); }
    Wire::Candidates* collect(const Wire::ScheduleRequest&, CORBA::ULong, CORBA::ULong) override {
        return new Wire::Candidates;
    }
    Wire::Candidates* find_request(const Wire::RequestId&, CORBA::ULong) override {
        return new Wire::Candidates;
    }

    void forget() {
        child_.change([](std::optional<Wire::Child>& child) { child.reset(); });
    }
    bool has_child() {
        return child_.with([](auto& child) { return child.has_value(); });
    }
    std::optional<Wire::Child> wait_for_child() {
        return child_.wait_until(
            Clock::now() + 10s, [](auto& child) { return child.has_value(); },
            [](auto& child) { return *child; });
    }

private:
    Guarded<std::optional<Wire::Child>> child_;
};

// One ORB a process.
struct Home {
    Home() {
        node.activate("Agent", &parent);
        node.serve();
    }
    Parent parent;
    orb::Node node{orb::NodeSettings{}};
};
Home& home() {
    static Home* const home = new Home;
    return *home;
}

std::vector<std::string> usual_options() {
    return {"--platform", "test",      "--name",  "s1",       "--host",
            "h1",         "--cluster", "c1",      "--parent", home().node.address(),
            "--slots",    "2",         "--queue", "4"};
}

// juxta-sed, and what it writes.
class SedProgram {
public:
    explicit SedProgram(std::vector<std::string> options)
        : output_(testing::TempDir() + "juxta-sed-" + std::to_string(::getpid()) + ".log") {
        options.insert(options.begin(), JUXTA_SED_PROGRAM);
        process_ = Process(options, output_);
    }
    ~SedProgram() {
        process_.kill();
        std::filesystem::remove(output_);
    }
    pid_t pid() const { return process_.pid(); }
    void signal(int number) { process_.signal(number); }
    int wait() { return process_.wait(); }
    std::string output() const {
        std::ostringstream text;
        text << std::ifstream(output_).rdbuf();
        return text.str();
    }
    std::vector<pid_t> children() const {
        std::vector<pid_t> pids;
        for (const auto& task :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid()) + "/task")) {
            std::ifstream list(task.path() / "children");
            for (pid_t pid = 0; list >> pid;) pids.push_back(pid);
        }
        return pids;
    }

private:
    std::string output_;
    Process process_;
};

bool is_gone(pid_t pid) {
    for (int i = 0; i < 200; ++i, std::this_thread::sleep_for(10ms)) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string line;
        std::getline(stat, line);
        if (line.empty() || line.find(") Z") != line.npos) return true;
    }
    return false;
}

Value number(double value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {{ElementType::float64, {}}, {bytes.begin(), bytes.end()}};
}

CallOrder order(const std::string& service, std::vector<Argument> arguments) {
    CallOrder order;
    order.id = RequestId::make();
    order.service = service;
    order.arguments = std::move(arguments);
    return order;
}

struct SedProcess : testing::Test {
    SedProcess() {
        home().parent.forget();
        auto options = usual_options();
        options.insert(options.end(), {"--module", "testing", "--module", "linalg"});
        process.emplace(options);
        child = home().parent.wait_for_child();
        if (!child) {
            ADD_FAILURE() << "juxta-sed did not join: " << process->output();
            return;
        }
        sed = home().node.resolve<Wire::ServerDaemon>(child->address.in(), "ServerDaemon");
        element = home().node.resolve<Wire::Element>(child->address.in(), "Element");
    }
    CallResult submit(const CallOrder& order, unsigned wait_ms = 5000) {
        return orb::ask([&] {
            Wire::CallResult_var result =
                sed->submit(child->incarnation, orb::to_wire(order), wait_ms);
            return orb::from_wire(result.in());
        });
    }
    ElementStatus status() {
        return orb::ask([&] {
            Wire::ElementStatus_var status = element->status();
            return orb::from_wire(status.in());
        });
    }
    std::optional<SedProgram> process;
    std::optional<Wire::Child> child;
    Wire::ServerDaemon_var sed;
    Wire::Element_var element;
};

TEST_F(SedProcess, joins_its_parent_with_its_services) {
    EXPECT_STREQ(child->name, "s1");
    EXPECT_STREQ(child->where.host, "h1");
    EXPECT_STREQ(child->where.cluster, "c1");
    EXPECT_FALSE(child->is_agent);
    EXPECT_EQ(child->services.length(), 22u);
    for (int i = 0; i < 100 && status().state == ElementState::joining; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(status().state, ElementState::up);
    EXPECT_EQ(status().kind, ElementKind::sed);
    EXPECT_EQ(status().pid, process->pid());
}

TEST_F(SedProcess, answers_a_scalar_call_in_one_invocation) {
    submit(order("echo", {number(1), std::monostate{}}));
    const std::uint64_t sent_here = orb::calls_out(), arrived = status().counters.calls_in;
    constexpr int kCalls = 200;
    std::vector<double> call_us, null_us;
    const auto timed = [](std::vector<double>& into, const auto& body) {
        const auto began = Clock::now();
        body();
        into.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
    };
    for (int i = 0; i < kCalls; ++i) {
        const CallOrder echo = order("echo", {number(i), std::monostate{}});
        CallResult result;
        timed(call_us, [&] { result = submit(echo); });
        ASSERT_EQ(result.state, CallState::done) << result.message;
        ASSERT_EQ(result.outputs.at(0).value, number(i));
        timed(null_us, [&] { orb::ask([&] { return sed->knows(orb::to_wire(echo.id)); }); });
    }
    // The calls, the null calls, and one question for the status.
    EXPECT_EQ(orb::calls_out() - sent_here, 2u * kCalls + 1);
    const Counters counters = status().counters;
    EXPECT_EQ(counters.calls_in - arrived, 2u * kCalls + 1);
    // Joining and renewals only.
    EXPECT_LT(counters.calls_out, 20u);
    std::ranges::sort(call_us);
    std::ranges::sort(null_us);
    std::printf("scalar call: median %.1f us; null call: %.1f us\n", call_us[kCalls / 2],
                null_us[kCalls / 2]);
}

TEST_F(SedProcess, reports_a_crash_with_its_signal_and_goes_on) {
    const CallResult crashed = submit(order("crash", {}));
    EXPECT_EQ(crashed.state, CallState::failed);
    EXPECT_EQ(crashed.error, ErrorCode::service_failed);
    EXPECT_THAT(crashed.message, HasSubstr("SIGSEGV"));
    EXPECT_EQ(submit(order("testing/echo", {number(1), std::monostate{}})).state, CallState::done);
}

TEST_F(SedProcess, refuses_a_call_placed_at_an_earlier_incarnation) {
    --child->incarnation;
    try {
        submit(order("echo", {number(1), std::monostate{}}));
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::stale_version);
    }
}

TEST_F(SedProcess, is_polled_for_a_long_call_and_cancels_it) {
    const CallOrder spin = order("spin", {number(30)});
    EXPECT_FALSE(submit(spin, 50).finished());
    Wire::RequestIds ids;
    ids.length(1);
    ids[0] = orb::to_wire(spin.id);
    Wire::CallResults_var none = sed->wait(ids, 50);
    EXPECT_EQ(none->length(), 0u);
    ScheduleRequest request;
    request.service = "spin";
    Wire::EstimationVector_var busy = sed->estimate(orb::to_wire(request));
    EXPECT_EQ(busy->running, 1u);
    sed->cancel(orb::to_wire(spin.id));
    Wire::CallResults_var over = sed->wait(ids, 5000);
    ASSERT_EQ(over->length(), 1u);
    EXPECT_EQ(over[0].state, Wire::CALL_CANCELLED);
}

TEST_F(SedProcess, leaves_no_process_when_it_is_terminated) {
    submit(order("spin", {number(30)}), 50);
    const auto workers = process->children();
    EXPECT_GE(workers.size(), 2u);
    process->signal(SIGTERM);
    EXPECT_EQ(process->wait(), 0) << process->output();
    for (const pid_t worker : workers) EXPECT_TRUE(is_gone(worker));
    EXPECT_FALSE(home().parent.has_child());
}

TEST_F(SedProcess, takes_its_workers_along_when_it_is_killed) {
    submit(order("spin", {number(30)}), 50);
    const auto workers = process->children();
    process->signal(SIGKILL);
    process->wait();
    for (const pid_t worker : workers) EXPECT_TRUE(is_gone(worker));
}

TEST_F(SedProcess, drains_and_ends) {
    const CallOrder sleep = order("sleep", {number(0.7)});
    submit(sleep, 10);
    element->drain();
    EXPECT_EQ(status().state, ElementState::draining);
    EXPECT_THROW(submit(order("echo", {number(1), std::monostate{}})), Error);
    EXPECT_EQ(process->wait(), 0) << process->output();
}

TEST(SedProgram, refuses_bad_modules_in_one_line) {
    for (const char* module : {"nowhere", "/nowhere/x.so", JUXTA_SED_PROGRAM}) {
        auto options = usual_options();
        options.insert(options.end(), {"--module", module});
        SedProgram process(options);
        EXPECT_EQ(process.wait(), 1);
        const std::string output = process.output();
        EXPECT_THAT(output, testing::StartsWith("juxta-sed s1: module "));
        EXPECT_EQ(std::ranges::count(output, '\n'), 1) << output;
    }
}

TEST(SedProgram, refuses_a_taken_port_and_bad_options) {
    auto options = usual_options();
    options.insert(options.end(), {"--port", std::to_string(home().node.port())});
    SedProgram taken(options);
    EXPECT_EQ(taken.wait(), 1);
    EXPECT_THAT(taken.output(), HasSubstr("cannot listen on"));
    SedProgram bad({"--slots", "none"});
    EXPECT_EQ(bad.wait(), 2);
}

}  // namespace
}  // namespace juxta
