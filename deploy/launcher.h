// Starts and ends processes. A launcher knows machines, not platforms.
//
// `local` starts on this machine, by an argument vector, never through a shell, each element in a
// session of its own with its standard output and error appended to its log. Launchers for other
// machines will stand beside it.
//
// Threading: start() from one thread; the rest from any.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace juxta::deploy {

// What to run. `mark` is passed on in the environment, so that whatever the process starts can be
// recognised as its own, also in other sessions.
struct Launch {
    std::vector<std::string> argv;
    std::filesystem::path log;
    std::string mark;
};

// A process that was started. `birth` tells it from a later one with the same pid.
struct Process {
    pid_t pid = 0;
    std::string birth;
    std::string mark;

    friend bool operator==(const Process&, const Process&) = default;
};

class Launcher {
public:
    virtual ~Launcher() = default;

    // Throws Error if the program cannot be run or its log not be written.
    virtual Process start(const Launch& launch) = 0;

    // False once it ended, also while nobody has taken note of its end (a zombie).
    virtual bool alive(const Process& process) = 0;

    // "exit code 2", "signal 9 (Killed)"; "unknown reason" for one that another process started.
    virtual std::string how_it_ended(const Process& process) = 0;

    // The process `pid`, if it lives and runs exactly `argv`: one that somebody started by hand.
    virtual std::optional<Process> adopt(pid_t pid, const std::vector<std::string>& argv) = 0;

    // SIGTERM, if it lives.
    virtual void ask_to_end(const Process& process) = 0;

    // SIGKILL to each and to all that each started, its workers too, also where it has ended
    // itself. Repeats until nothing of them is left; gives up after some seconds. True if nothing
    // is left.
    virtual bool kill_all_of(const std::vector<Process>& processes) = 0;

    // Waits until nothing is to be seen of processes that have ended, nor of what they started:
    // until whoever reaps orphans has taken note. Gives up after `wait_ms`.
    virtual void wait_until_gone(const std::vector<Process>& processes, unsigned wait_ms) = 0;
};

class LocalLauncher final : public Launcher {
public:
    Process start(const Launch& launch) override;
    bool alive(const Process& process) override;
    std::string how_it_ended(const Process& process) override;
    std::optional<Process> adopt(pid_t pid, const std::vector<std::string>& argv) override;
    void ask_to_end(const Process& process) override;
    bool kill_all_of(const std::vector<Process>& processes) override;
    void wait_until_gone(const std::vector<Process>& processes, unsigned wait_ms) override;
};

// The folder of the running program.
std::filesystem::path program_folder();

}  // namespace juxta::deploy
