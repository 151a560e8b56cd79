// The scheduling tree as real processes: a master agent, a local agent and two SeDs below it, each
// killed, stopped and started again. The test is the client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent.hh"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "tests/integration/processes.h"

namespace juxta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

orb::Node& client_node() {
    static orb::Node node([] {
        orb::NodeSettings settings;
        settings.serves = false;
        return settings;
    }());
    return node;
}

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

class AgentTree : public testing::Test {
protected:
    AgentTree() {
        ma_ = start_agent("MA", ma_port_, 0);
        la_ = start_agent("LA", la_port_, ma_port_);
        s1_ = start_sed("s1", 0, to_string(known_));
        s2_ = start_sed("s2", 1, "-");
        master_ = client_node().resolve<Wire::MasterAgent>(at(ma_port_), "MasterAgent");
        ready_ = eventually([&] { return servers() == std::vector<std::string>{"s1", "s2"}; });
    }

    void SetUp() override { ASSERT_TRUE(ready_); }

    static Process start_agent(const std::string& name, std::uint16_t port, std::uint16_t parent) {
        std::vector<std::string> words{JUXTA_AGENT,
                                       "--platform",
                                       "p",
                                       "--name",
                                       name,
                                       "--host",
                                       "h1",
                                       "--port",
                                       std::to_string(port),
                                       "--manager",
                                       "c1=127.0.0.1:1",
                                       "--default-copies",
                                       "2"};
        if (parent != 0) words.insert(words.end(), {"--parent", at(parent)});
        return Process(words);
    }
    Process start_sed(const std::string& name, int running, const std::string& known) const {
        return Process({AGENT_FAKE_SED, name, at(la_port_), std::to_string(running), known});
    }

    std::vector<Candidate> schedule(const std::string& service = "echo",
                                    const std::string& server = "") {
        ScheduleRequest request;
        request.id = RequestId::make();
        request.service = service;
        request.server = server;
        return orb::ask([&] {
            orb::Deadline deadline(10'000);
            Wire::Candidates_var found = master_->schedule(orb::to_wire(request));
            return orb::from_wire(found.in());
        });
    }
    // The names of those that may be called; empty if scheduling fails.
    std::vector<std::string> servers(const std::string& server = "") {
        std::vector<std::string> names;
        try {
            for (const auto& each : schedule("echo", server)) names.push_back(each.sed.name);
        } catch (const Error&) {
        }
        return names;
    }
    ErrorCode failure(const std::string& service, const std::string& server, std::string& text) {
        try {
            schedule(service, server);
        } catch (const Error& e) {
            text = e.what();
            return e.code();
        }
        return ErrorCode::internal;
    }

    const RequestId known_ = RequestId::make();
    const std::uint16_t ma_port_ = free_port();
    const std::uint16_t la_port_ = free_port();
    Process ma_, la_, s1_, s2_;
    Wire::MasterAgent_var master_;
    bool ready_ = false;
};

TEST_F(AgentTree, lists_servers_best_first_with_what_identifies_them) {
    const auto found = schedule("testing/echo");
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].sed.name, "s1");
    EXPECT_EQ(found[0].sed.place, (Place{"host_s1", "c1"}));
    EXPECT_GT(found[0].sed.incarnation, 0u);
    EXPECT_EQ(found[1].estimation.running, 1u);
    EXPECT_THAT(servers("s2"), ElementsAre("s2"));
    EXPECT_THAT(servers(found[1].sed.address), ElementsAre("s2"));
}

TEST_F(AgentTree, refuses_what_is_unknown_with_a_reason) {
    std::string text;
    EXPECT_EQ(failure("ecko", "", text), ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("did you mean testing/echo"));
    EXPECT_EQ(failure("echo", "s9", text), ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("s9"));
}

TEST_F(AgentTree, tells_of_services_and_of_the_platform) {
    Wire::Profiles_var services = master_->services();
    ASSERT_EQ(services->length(), 1u);
    EXPECT_STREQ(services[0].service_module, "testing");
    Wire::Profile_var echo = master_->profile_of("echo");
    EXPECT_EQ(echo->arguments.length(), 2u);
    Wire::PlatformInfo_var platform = master_->platform();
    EXPECT_STREQ(platform->name, "p");
    EXPECT_EQ(platform->default_copies, 2);
    ASSERT_EQ(platform->managers.length(), 1u);
    EXPECT_STREQ(platform->managers[0].cluster, "c1");

    auto element = client_node().resolve<Wire::Element>(at(la_port_), "Element");
    Wire::ElementStatus_var status = element->status();
    EXPECT_STREQ(status->parent, "MA");
    EXPECT_EQ(status->kind, Wire::KIND_LA);
    EXPECT_EQ(status->state, Wire::STATE_UP);
}

TEST_F(AgentTree, finds_the_server_that_knows_a_request) {
    Wire::Candidates_var found = master_->find_request(orb::to_wire(known_), 2000);
    ASSERT_EQ(found->length(), 1u);
    EXPECT_STREQ(found[0].sed.name, "s1");
    found = master_->find_request(orb::to_wire(RequestId::make()), 2000);
    EXPECT_EQ(found->length(), 0u);
}

TEST_F(AgentTree, schedules_fast) {
    std::vector<double> microseconds;
    for (int i = 0; i < 1000; ++i) {
        const auto start = std::chrono::steady_clock::now();
        ASSERT_EQ(schedule().size(), 2u);
        microseconds.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
                .count());
    }
    std::ranges::sort(microseconds);
    RecordProperty("schedule_us_median", std::to_string(microseconds[500]));
    RecordProperty("schedule_us_p99", std::to_string(microseconds[990]));
    std::printf("schedule through MA, LA and 2 SeDs: median %.0f us, p99 %.0f us\n",
                microseconds[500], microseconds[990]);
}

TEST_F(AgentTree, goes_on_when_a_server_is_killed_and_takes_it_back) {
    s1_.kill();
    EXPECT_THAT(servers(), ElementsAre("s2"));
    s1_ = start_sed("s1", 0, "-");
    EXPECT_TRUE(eventually([&] { return servers().size() == 2; }));
}

TEST_F(AgentTree, waits_once_for_a_stopped_server_and_takes_it_back) {
    s1_.signal(SIGSTOP);
    EXPECT_THAT(servers(), ElementsAre("s2"));
    for (int i = 0; i < 50; ++i) ASSERT_THAT(servers(), ElementsAre("s2"));
    s1_.signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return servers().size() == 2; }));
}

TEST_F(AgentTree, schedules_again_after_the_master_agent_was_killed) {
    ma_.kill();
    EXPECT_THAT(servers(), ElementsAre());
    ma_ = start_agent("MA", ma_port_, 0);
    EXPECT_TRUE(eventually([&] { return servers().size() == 2; }));
}

TEST_F(AgentTree, schedules_again_after_the_local_agent_was_killed) {
    la_.kill();
    EXPECT_THAT(servers(), ElementsAre());
    la_ = start_agent("LA", la_port_, ma_port_);
    EXPECT_TRUE(eventually([&] { return servers().size() == 2; }));
}

TEST_F(AgentTree, ends_cleanly_when_asked) {
    la_.signal(SIGTERM);
    EXPECT_EQ(la_.wait(), 0);
    std::string text;
    EXPECT_EQ(failure("echo", "", text), ErrorCode::no_server);
    ma_.signal(SIGTERM);
    EXPECT_EQ(ma_.wait(), 0);
}

// What the command says to standard error, and its exit code in `code`.
std::string complaint(const std::vector<std::string>& options, int& code) {
    std::string log = std::filesystem::temp_directory_path() / "agent_tree_test.XXXXXX";
    UniqueFd file(::mkstemp(log.data()));
    std::vector<std::string> words{JUXTA_AGENT, "--platform", "p", "--name", "MA", "--host", "h"};
    words.insert(words.end(), options.begin(), options.end());
    code = Process(words, log).wait();
    std::ostringstream text;
    text << std::ifstream(log).rdbuf();
    std::filesystem::remove(log);
    return text.str();
}

TEST(AgentProgram, refuses_bad_options_in_one_line) {
    int code = 0;
    const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
    std::string text = complaint({"--polcy", "random"}, code);
    EXPECT_EQ(code, 2);
    EXPECT_EQ(lines(text), 1) << text;
    text = complaint({"--policy", "fastest"}, code);
    EXPECT_EQ(code, 2);
    EXPECT_EQ(lines(text), 1) << text;
    text = complaint({"--manager", "c1"}, code);
    EXPECT_EQ(code, 2);
    EXPECT_THAT(text, HasSubstr("CLUSTER=HOST:PORT"));
    text = complaint({"--parent", "nowhere"}, code);
    EXPECT_EQ(code, 2);
    EXPECT_EQ(lines(text), 1) << text;
}

TEST(AgentProgram, refuses_a_port_that_is_taken_in_one_line) {
    UniqueFd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(taken.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(taken.get(), 1);
    socklen_t length = sizeof address;
    ::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &length);
    const std::string port = std::to_string(ntohs(address.sin_port));
    int code = 0;
    const std::string text = complaint({"--port", port}, code);
    EXPECT_EQ(code, 1);
    EXPECT_THAT(text, HasSubstr(port));
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

}  // namespace
}  // namespace juxta
