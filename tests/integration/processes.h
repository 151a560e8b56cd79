// Processes that a test starts, stops and kills. They end with their owner. The same for Python:
// tests/process/platform_under_test.py.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/unique_fd.h"

namespace juxta {

class Process {
public:
    Process() = default;
    // Standard error goes to `log`, or where that of the test goes.
    explicit Process(const std::vector<std::string>& words, const std::string& log = {}) {
        std::vector<char*> argv;
        for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        ::setenv("JUXTA_WITH_PARENT", "1", 1);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        if (!log.empty()) {
            posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                             0600);
        }
        ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Process& operator=(Process&& other) noexcept {
        if (this != &other) {
            kill();
            pid_ = std::exchange(other.pid_, 0);
        }
        return *this;
    }
    ~Process() { kill(); }

    pid_t pid() const { return pid_; }
    // Returns once a SIGSTOP has taken effect: until all its threads stand still it may answer.
    void signal(int number) const {
        ::kill(pid_, number);
        siginfo_t told{};
        for (int waited_ms = 0; number == SIGSTOP && waited_ms < 1000; ++waited_ms) {
            ::waitid(P_PID, static_cast<id_t>(pid_), &told, WSTOPPED | WNOHANG);
            if (told.si_pid == pid_) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    void kill() {
        if (pid_ == 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }

    // Its exit code, or 128 and the signal; -1 if it has not ended after 10 s.
    int wait() {
        int status = 0;
        for (int i = 0; i < 1000; ++i) {
            if (::waitpid(pid_, &status, WNOHANG) == pid_) {
                pid_ = 0;
                return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return -1;
    }

private:
    pid_t pid_ = 0;
};

inline std::uint16_t free_port() {
    UniqueFd probe(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

// Tries `attempt` until it returns true; false after 20 s.
template <class Attempt>
bool eventually(Attempt&& attempt) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!attempt()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace juxta
