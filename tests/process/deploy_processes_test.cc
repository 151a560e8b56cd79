// Deployment with real processes: stand-ins for the daemons (deploy_fake_element.cc), started,
// killed, stopped and ended as the daemons are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "common/base/error.h"
#include "common/orb/node.h"
#include "deploy/corba/element_stub.h"
#include "deploy/default_platform.h"
#include "deploy/deployer.h"
#include "tests/refusal.h"
#include "tests/unit/deploy/scratch.h"

namespace juxta::deploy {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// One ORB a process.
class OrbEnvironment : public ::testing::Environment {
public:
    void SetUp() override {
        orb::NodeSettings client;
        client.serves = false;
        node = std::make_unique<orb::Node>(client);
    }
    void TearDown() override { node.reset(); }
    std::unique_ptr<orb::Node> node;
};
auto* const the_orb =
    static_cast<OrbEnvironment*>(::testing::AddGlobalTestEnvironment(new OrbEnvironment));

// Processes that have this test's folder in their environment.
int processes_of(const fs::path& folder) {
    int count = 0;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc", gone)) {
        std::ifstream in(entry.path() / "environ", std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        if (text.find("JUXTA_ELEMENT=" + folder.string()) != std::string::npos) ++count;
    }
    return count;
}

class DeployProcesses : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(programs);
        for (const char* name : {"juxta-agent", "juxta-sed", "juxta-manager", "juxta-provider"}) {
            fs::create_symlink(FAKE_ELEMENT, programs / name);
        }
        platform = default_platform("p", {});
    }
    void TearDown() override {
        if (PlatformState(root, "p").exists()) deployer.down("p", true);
        EXPECT_EQ(processes_of(scratch.folder), 0);
    }
    ElementView view_of(const std::string& name) {
        for (const ElementView& each : deployer.status("p").elements) {
            if (each.element.name == name) return each;
        }
        return {};
    }
    SedSpec& first_sed() { return platform.master.agents[0].seds[0]; }

    Scratch scratch;
    fs::path programs = scratch.folder / "bin";
    fs::path root = scratch.folder / "state";
    LocalLauncher launcher;
    ElementStub elements{*the_orb->node};
    Patience patience{.ready = 3000,
                      .drain = 3000,
                      .terminate = 1000,
                      .signal = 300,
                      .gone = 3000,
                      .answer = 500,
                      .lock = 1000};
    Deployer deployer{root, programs, launcher, elements, [](const std::string&) {}, patience};
    Platform platform;
};

TEST_F(DeployProcesses, all_elements_come_up_each_in_a_process_of_its_own) {
    const auto begin = std::chrono::steady_clock::now();
    deployer.deploy(platform);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
    EXPECT_EQ(processes_of(scratch.folder), 10);
    for (const ElementView& each : deployer.status("p").elements) {
        EXPECT_EQ(each.status.state, ElementState::up) << each.element.name;
        EXPECT_EQ(each.status.incarnation, 1U);
        EXPECT_GT(each.status.pid, 0);
    }
    deployer.down("p", false);
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

TEST_F(DeployProcesses, a_killed_element_is_down_and_starts_again_as_a_new_incarnation) {
    deployer.deploy(platform);
    const ElementView before = view_of("p2");
    ::kill(static_cast<pid_t>(before.status.pid), SIGKILL);
    for (int i = 0; i < 200 && view_of("p2").status.state != ElementState::down; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(view_of("p2").status.pid, 0);
    deployer.start("p", "p2");
    const ElementView after = view_of("p2");
    EXPECT_EQ(after.status.state, ElementState::up);
    EXPECT_EQ(after.element, before.element);
    EXPECT_EQ(after.status.incarnation, before.status.incarnation + 1);
    EXPECT_THAT(refusal_of([&] { deployer.start("p", "p2"); }), HasSubstr("is running already"));
}

TEST_F(DeployProcesses, an_element_that_dies_early_is_named_with_its_reason_and_nothing_is_left) {
    first_sed().name = "dies";
    const auto begin = std::chrono::steady_clock::now();
    const std::string text = refusal_of([&] { deployer.deploy(platform); });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_THAT(text, HasSubstr("dies (sed on host h1) ended (exit code 3)"));
    EXPECT_THAT(text, HasSubstr("cannot load module 'x'"));
    EXPECT_EQ(processes_of(scratch.folder), 0);
    EXPECT_FALSE(fs::exists(root / "platforms/p/client.conf"));
    EXPECT_THAT(refusal_of([&] { deployer.status("p"); }), HasSubstr("not running"));
}

TEST_F(DeployProcesses, an_element_that_never_answers_fails_the_deployment_in_time) {
    first_sed().name = "deaf";
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(refusal_of([&] { deployer.deploy(platform); }),
                HasSubstr("deaf (sed on host h1) was not up"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

TEST_F(DeployProcesses, down_ends_workers_in_other_sessions_and_whoever_ignores_signals) {
    first_sed().name = "breeds";
    platform.clusters[0].providers[0].name = "stubborn";
    deployer.deploy(platform);
    EXPECT_EQ(processes_of(scratch.folder), 12);
    deployer.down("p", false);
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

TEST_F(DeployProcesses, workers_that_outlived_their_element_end_before_its_next_start) {
    first_sed().name = "breeds";
    deployer.deploy(platform);
    ::kill(static_cast<pid_t>(view_of("breeds").status.pid), SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(processes_of(scratch.folder), 11);
    deployer.deploy(platform);
    EXPECT_EQ(processes_of(scratch.folder), 12);
}

TEST_F(DeployProcesses,
       a_frozen_element_delays_status_by_its_deadline_only_and_ends_with_the_rest) {
    deployer.deploy(platform);
    const auto pid = static_cast<pid_t>(view_of("s2").status.pid);
    ::kill(pid, SIGSTOP);
    siginfo_t stopped{};
    ::waitid(P_PID, static_cast<id_t>(pid), &stopped, WSTOPPED);  // all of its threads
    const auto begin = std::chrono::steady_clock::now();
    const ElementView view = view_of("s2");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(view.status.state, ElementState::down);
    EXPECT_EQ(view.status.pid, pid) << "it still exists";
    EXPECT_THAT(refusal_of([&] { deployer.start("p", "s2"); }), HasSubstr("is running already"));
    deployer.down("p", false);
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

TEST_F(DeployProcesses, stop_waits_for_the_drain) {
    platform.clusters[0].providers[0].name = "busy";
    deployer.deploy(platform);
    deployer.stop("p", "busy");
    EXPECT_EQ(view_of("busy").status.pid, 0);
    EXPECT_EQ(processes_of(scratch.folder), 9);
    deployer.start("p", "busy");
    EXPECT_EQ(view_of("busy").status.incarnation, 2U);
}

TEST_F(DeployProcesses, an_element_that_was_started_by_hand_belongs_to_the_platform) {
    deployer.deploy(platform);
    const ElementView before = view_of("p1");
    ::kill(static_cast<pid_t>(before.status.pid), SIGKILL);
    for (int i = 0; i < 200 && view_of("p1").status.pid != 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(view_of("p1").status.pid, 0);
    const Process by_hand =
        launcher.start({before.element.argv, scratch.folder / "log", scratch.folder.string()});
    for (int i = 0; i < 200 && view_of("p1").status.state != ElementState::up; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(view_of("p1").status.pid, by_hand.pid);
    EXPECT_THAT(refusal_of([&] { deployer.start("p", "p1"); }), HasSubstr("is running already"));
    deployer.down("p", false);
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

TEST_F(DeployProcesses, a_hundred_elements_come_up_and_end) {
    PlatformSize size;
    size.clusters = 4;
    size.providers = 40;
    size.seds = 50;
    size.managers = 1;
    patience.ready = 20000;
    platform = default_platform("p", size);
    Deployer patient(
        root, programs, launcher, elements, [](const std::string&) {}, Patience{});
    patient.deploy(platform);
    EXPECT_EQ(processes_of(scratch.folder), 99);
    patient.down("p", false);
    EXPECT_EQ(processes_of(scratch.folder), 0);
}

}  // namespace
}  // namespace juxta::deploy
