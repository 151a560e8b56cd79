#include "deploy/deployer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "deploy/default_platform.h"
#include "deploy/platform_xml.h"
#include "tests/refusal.h"
#include "tests/unit/deploy/scratch.h"

namespace juxta::deploy {
namespace {

using ::testing::HasSubstr;

// Processes and elements that are only remembered: what was started answers at its address.
class World final : public Launcher, public ElementPort {
public:
    struct One {
        Element element;
        Process process;
        bool alive = true;
    };
    struct State {
        std::map<std::string, One> at;  // by endpoint
        std::set<std::string> stillborn;
        std::set<std::string> deaf;     // alive, and answering nothing
        std::set<std::string> undying;  // not impressed by SIGTERM
        std::set<std::string> joining;
        int started = 0;
        int killed = 0;
    };

    static std::string option(const std::vector<std::string>& argv, const std::string& name) {
        for (std::size_t i = 0; i + 1 < argv.size(); ++i) {
            if (argv[i] == name) return argv[i + 1];
        }
        return {};
    }

    static ElementKind kind_of(const std::vector<std::string>& argv) {
        if (argv[0].ends_with("juxta-sed")) return ElementKind::sed;
        if (argv[0].ends_with("juxta-manager")) return ElementKind::manager;
        if (argv[0].ends_with("juxta-provider")) return ElementKind::provider;
        return option(argv, "--parent").empty() ? ElementKind::ma : ElementKind::la;
    }

    Process start(const Launch& launch) override {
        return state.with([&](State& s) {
            One one;
            one.element.name = option(launch.argv, "--name");
            one.element.kind = kind_of(launch.argv);
            one.process = {1000 + ++s.started, "birth", launch.mark};
            one.alive = !s.stillborn.contains(one.element.name);
            if (!one.alive) std::ofstream(launch.log) << "reason one\nreason two\n";
            s.at[option(launch.argv, "--address") + ":" + option(launch.argv, "--port")] = one;
            return one.process;
        });
    }

    bool alive(const Process& process) override {
        return state.with([&](State& s) { return by_pid(s, process) != nullptr; });
    }
    std::string how_it_ended(const Process&) override { return "exit code 2"; }
    std::optional<Process> adopt(pid_t, const std::vector<std::string>&) override { return {}; }
    void ask_to_end(const Process& process) override {
        state.with([&](State& s) {
            One* one = by_pid(s, process);
            if (one != nullptr && !s.undying.contains(one->element.name)) one->alive = false;
        });
    }
    void wait_until_gone(const std::vector<Process>&, unsigned) override {}
    bool kill_all_of(const std::vector<Process>& processes) override {
        state.with([&](State& s) {
            for (const Process& each : processes) {
                One* one = by_pid(s, each);
                if (one == nullptr) continue;
                one->alive = false;
                ++s.killed;
            }
        });
        return true;
    }

    ElementStatus status(const std::string& endpoint, unsigned) override {
        return state.with([&](State& s) {
            One& one = reach(s, endpoint);
            ElementStatus status;
            status.kind = one.element.kind;
            status.name = one.element.name;
            status.pid = one.process.pid;
            status.incarnation = 1;
            if (s.joining.contains(status.name)) status.state = ElementState::joining;
            return status;
        });
    }
    void drain(const std::string& endpoint, unsigned) override {
        state.with([&](State& s) {
            One& one = reach(s, endpoint);
            if (!s.undying.contains(one.element.name)) one.alive = false;
        });
    }
    void terminate(const std::string& endpoint, unsigned deadline) override {
        drain(endpoint, deadline);
    }

    int living() {
        return state.with([](State& s) {
            int count = 0;
            for (const auto& [endpoint, one] : s.at) count += one.alive ? 1 : 0;
            return count;
        });
    }
    void lose(const std::string& name) {
        state.with([&](State& s) {
            for (auto& [endpoint, one] : s.at) {
                if (one.element.name == name) one.alive = false;
            }
        });
    }

    Guarded<State> state;

private:
    static One* by_pid(State& s, const Process& process) {
        for (auto& [endpoint, one] : s.at) {
            if (one.alive && one.process == process) return &one;
        }
        return nullptr;
    }
    static One& reach(State& s, const std::string& endpoint) {
        const auto found = s.at.find(endpoint);
        if (found == s.at.end() || !found->second.alive ||
            s.deaf.contains(found->second.element.name)) {
            throw Error(ErrorCode::peer_unreachable, "nobody there");
        }
        return found->second;
    }
};

class DeployerTest : public ::testing::Test {
protected:
    ElementView view_of(const std::string& name) {
        for (const ElementView& each : deployer.status("p").elements) {
            if (each.element.name == name) return each;
        }
        return {};
    }
    bool has(const std::string& file) { return std::filesystem::exists(state.folder() / file); }

    Scratch scratch;
    World world;
    std::vector<std::string> said;
    Patience patience{300, 300, 300, 300, 300, 1000};
    Deployer deployer{scratch.folder,
                      "/programs",
                      world,
                      world,
                      [this](const std::string& line) { said.push_back(line); },
                      patience};
    PlatformState state{scratch.folder, "p"};
    Platform platform = default_platform("p", {});
};

TEST_F(DeployerTest, starts_everything_and_tells_clients_where) {
    deployer.deploy(platform);
    EXPECT_EQ(world.living(), 10);
    EXPECT_THAT(said.back(), HasSubstr("10 of 10 elements up"));
    EXPECT_TRUE(has("client.conf"));
    EXPECT_TRUE(has("platform.xml"));
    EXPECT_EQ(last_platform(scratch.folder), "p");
    const PlatformView view = deployer.status("p");
    ASSERT_EQ(view.elements.size(), 10U);
    for (const ElementView& each : view.elements) EXPECT_EQ(each.status.state, ElementState::up);
    EXPECT_EQ(view.elements[0].element.name, "MA");
}

TEST_F(DeployerTest, starts_only_what_is_down_of_a_running_platform) {
    deployer.deploy(platform);
    const auto before = view_of("p2");
    world.lose("p2");
    EXPECT_EQ(view_of("p2").status.state, ElementState::down);
    EXPECT_EQ(view_of("p2").status.pid, 0);
    deployer.deploy(platform);
    EXPECT_EQ(world.state.with([](auto& s) { return s.started; }), 11);
    EXPECT_EQ(view_of("p2").element, before.element) << "the same name, port and arguments";
    deployer.deploy(platform);
    EXPECT_EQ(world.state.with([](auto& s) { return s.started; }), 11);
}

TEST_F(DeployerTest, refuses_a_different_platform_beside_the_running_one) {
    deployer.deploy(platform);
    platform.default_copies = 2;
    EXPECT_THAT(refusal_of([&] { deployer.deploy(platform); }), HasSubstr("juxta down"));
    EXPECT_EQ(world.living(), 10);
    deployer.down("p", false);
    EXPECT_NO_THROW(deployer.deploy(platform));
}

TEST_F(DeployerTest, leaves_nothing_behind_when_an_element_ends_early) {
    world.state.with([](auto& s) { s.stillborn = {"s1"}; });
    const std::string text = refusal_of([&] { deployer.deploy(platform); });
    EXPECT_THAT(text, HasSubstr("s1 (sed on host h1) ended (exit code 2) before it was up"));
    EXPECT_THAT(text, HasSubstr("its last line: reason two"));
    EXPECT_THAT(said, ::testing::IsEmpty()) << "the failure is one line";
    EXPECT_EQ(world.living(), 0);
    EXPECT_FALSE(has("client.conf"));
    EXPECT_FALSE(has("elements.json"));
    EXPECT_FALSE(last_platform(scratch.folder));
}

TEST_F(DeployerTest, leaves_nothing_behind_when_an_element_is_not_up_in_time) {
    world.state.with([](auto& s) { s.joining = {"s2"}; });
    EXPECT_THAT(refusal_of([&] { deployer.deploy(platform); }), HasSubstr("it says 'joining'"));
    EXPECT_EQ(world.living(), 0);
}

TEST_F(DeployerTest, ends_only_what_it_started_when_mending_fails) {
    deployer.deploy(platform);
    world.lose("s1");
    world.state.with([](auto& s) { s.stillborn = {"s1"}; });
    EXPECT_THROW(deployer.deploy(platform), Error);
    EXPECT_EQ(world.living(), 9);
    EXPECT_TRUE(has("client.conf"));
}

TEST_F(DeployerTest, keeps_chosen_ports_over_restarts) {
    deployer.deploy(platform);
    const Ports before = state.ports();
    deployer.down("p", false);
    deployer.deploy(platform);
    EXPECT_EQ(state.ports(), before);
}

TEST_F(DeployerTest, purging_deletes_what_providers_keep_elsewhere_and_nothing_beside_it) {
    namespace fs = std::filesystem;
    const fs::path storage = scratch.folder / "storage";
    platform.clusters[0].providers[0].storage = storage;
    const fs::path mine = storage_of(platform, platform.clusters[0].providers[0]);
    EXPECT_EQ(mine, storage / "p" / "p1");
    fs::create_directories(mine / "segments");
    fs::create_directories(storage / "q" / "p1");
    deployer.deploy(platform);
    deployer.down("p", false);
    EXPECT_TRUE(fs::exists(mine / "segments"));
    deployer.down("p", true);
    EXPECT_FALSE(fs::exists(storage / "p"));
    EXPECT_TRUE(fs::exists(storage / "q" / "p1"));
}

TEST_F(DeployerTest, down_ends_also_the_deaf_and_the_stubborn) {
    deployer.deploy(platform);
    world.state.with([](auto& s) {
        s.deaf = {"MA"};
        s.undying = {"p1"};
    });
    deployer.down("p", false);
    EXPECT_EQ(world.living(), 0);
    EXPECT_EQ(world.state.with([](auto& s) { return s.killed; }), 1)
        << "the others ended by themselves";
    EXPECT_FALSE(has("client.conf"));
    EXPECT_TRUE(has("platform.xml"));
    EXPECT_FALSE(last_platform(scratch.folder));
    EXPECT_NO_THROW(deployer.down("p", true));
    EXPECT_FALSE(state.exists());
    EXPECT_THAT(refusal_of([&] { deployer.down("p", false); }), HasSubstr("no platform 'p'"));
}

TEST_F(DeployerTest, start_brings_a_dead_element_back_and_refuses_a_living_one) {
    deployer.deploy(platform);
    EXPECT_THAT(refusal_of([&] { deployer.start("p", "p1"); }), HasSubstr("running already"));
    EXPECT_THAT(refusal_of([&] { deployer.start("p", "p9"); }), HasSubstr("no element 'p9'"));
    const Element before = view_of("p1").element;
    world.lose("p1");
    deployer.start("p", "p1");
    EXPECT_EQ(view_of("p1").element, before);
    EXPECT_EQ(view_of("p1").status.state, ElementState::up);
}

TEST_F(DeployerTest, stop_drains_and_says_so_when_draining_takes_too_long) {
    deployer.deploy(platform);
    deployer.stop("p", "p1");
    EXPECT_EQ(world.living(), 9);
    EXPECT_THAT(refusal_of([&] { deployer.stop("p", "p1"); }), HasSubstr("not running"));
    world.state.with([](auto& s) { s.undying = {"p2"}; });
    EXPECT_THAT(refusal_of([&] { deployer.stop("p", "p2"); }),
                HasSubstr("has not finished draining"));
    EXPECT_EQ(world.living(), 9) << "it goes on";
}

TEST_F(DeployerTest, says_which_port_is_taken_and_starts_nothing) {
    // A server of this test's own.
    Platform other = platform;
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    socklen_t length = sizeof address;
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &length);
    other.master.port = ntohs(address.sin_port);
    EXPECT_THAT(refusal_of([&] { deployer.deploy(other); }),
                HasSubstr("MA cannot listen on port " + std::to_string(other.master.port)));
    ::close(listening);
    EXPECT_EQ(world.living(), 0);
    EXPECT_FALSE(has("client.conf"));
}

TEST_F(DeployerTest, two_platforms_never_choose_the_same_ports) {
    deployer.deploy(platform);
    Platform other = platform;
    other.name = "q";
    deployer.deploy(other);
    std::set<std::uint16_t> all;
    for (const char* name : {"p", "q"}) {
        for (const auto& [element, port] : PlatformState(scratch.folder, name).ports())
            all.insert(port);
    }
    EXPECT_EQ(all.size(), 20U);
}

TEST_F(DeployerTest, a_platform_that_is_not_running_has_no_status) {
    EXPECT_THAT(refusal_of([&] { deployer.status("p"); }), HasSubstr("no platform 'p'"));
    deployer.deploy(platform);
    deployer.down("p", false);
    EXPECT_THAT(refusal_of([&] { deployer.status("p"); }), HasSubstr("is not running"));
}

}  // namespace
}  // namespace juxta::deploy
