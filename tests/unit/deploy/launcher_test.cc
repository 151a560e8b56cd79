#include "deploy/launcher.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/base/error.h"
#include "tests/unit/deploy/scratch.h"

namespace juxta::deploy {
namespace {

class LocalLauncherTest : public ::testing::Test {
protected:
    Process run(std::vector<std::string> argv) {
        return launcher.start({std::move(argv), log, scratch.folder.string() + "#x"});
    }

    bool ends(const Process& process) {
        for (int i = 0; i < 500 && launcher.alive(process); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return !launcher.alive(process);
    }

    std::string logged() const {
        std::ostringstream text;
        text << std::ifstream(log).rdbuf();
        return text.str();
    }

    Scratch scratch;
    std::filesystem::path log = scratch.folder / "log";
    LocalLauncher launcher;
};

TEST_F(LocalLauncherTest, passes_arguments_as_they_are) {
    const Process process = run({"/bin/echo", "$(id)", "; touch /tmp/x", "`id`", "a b"});
    EXPECT_TRUE(ends(process));
    EXPECT_EQ(logged(), "$(id) ; touch /tmp/x `id` a b\n");
    EXPECT_EQ(launcher.how_it_ended(process), "exit code 0");
}

TEST_F(LocalLauncherTest, says_how_a_process_ended) {
    const Process failed = run({"/bin/sh", "-c", "echo why >&2; exit 3"});
    EXPECT_TRUE(ends(failed));
    EXPECT_EQ(launcher.how_it_ended(failed), "exit code 3");
    EXPECT_EQ(logged(), "why\n");
    const Process killed = run({"/bin/sleep", "100"});
    ::kill(killed.pid, SIGKILL);
    EXPECT_TRUE(ends(killed));
    EXPECT_EQ(launcher.how_it_ended(killed), "signal 9 (Killed)");
}

TEST_F(LocalLauncherTest, refuses_a_program_that_is_not_there) {
    EXPECT_THROW(run({"/nowhere/program"}), Error);
}

TEST_F(LocalLauncherTest, a_process_with_a_pid_that_was_used_again_is_another) {
    Process process = run({"/bin/sleep", "100"});
    EXPECT_TRUE(launcher.alive(process));
    Process older = process;
    older.birth = "boot/1";
    EXPECT_FALSE(launcher.alive(older));
    launcher.ask_to_end(older);
    EXPECT_TRUE(launcher.alive(process));
    EXPECT_TRUE(launcher.kill_all_of({process}));
    EXPECT_FALSE(launcher.alive(process));
}

TEST_F(LocalLauncherTest, kills_what_a_process_left_in_other_sessions) {
    const Process process =
        run({"/bin/sh", "-c", "setsid sleep 4711 & sleep 4711 & echo ready; exec sleep 4711"});
    for (int i = 0; i < 500 && logged().empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(process.pid, SIGKILL);
    EXPECT_TRUE(ends(process));
    EXPECT_TRUE(launcher.kill_all_of({process}));
    EXPECT_TRUE(launcher.kill_all_of({process})) << "nothing is left";
}

TEST_F(LocalLauncherTest, adopts_only_a_process_that_runs_the_same) {
    const Process process = run({"/bin/sleep", "100"});
    // A process that is just being started has no arguments for a moment.
    for (int i = 0; i < 500 && !launcher.adopt(process.pid, {"/bin/sleep", "100"}); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(launcher.adopt(process.pid, {"/bin/sleep", "100"}), process);
    EXPECT_FALSE(launcher.adopt(process.pid, {"/bin/sleep", "99"}));
    launcher.kill_all_of({process});
    EXPECT_FALSE(launcher.adopt(process.pid, {"/bin/sleep", "100"}));
}

}  // namespace
}  // namespace juxta::deploy
