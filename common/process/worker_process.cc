#include "common/process/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta {
namespace {

constexpr std::size_t kTailBytes = 2048;
constexpr int kWorkerSocket = 3;

[[noreturn]] void cannot_start(int error) {
    throw Error(
        ErrorCode::unavailable,
        std::string("no worker process can be started on this host: ") + std::strerror(error));
}

std::string_view name_in(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

std::vector<std::string> environment_with(const std::vector<std::string>& ours) {
    std::vector<std::string> all = ours;
    for (char** theirs = environ; *theirs != nullptr; ++theirs) {
        const std::string_view name = name_in(*theirs);
        const auto same = [&](const std::string& own) { return name_in(own) == name; };
        if (std::ranges::none_of(ours, same)) all.emplace_back(*theirs);
    }
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& text : strings) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// Signals as a new program expects them; a process group of its own.
struct Attributes {
    posix_spawnattr_t value;
    Attributes() {
        ::posix_spawnattr_init(&value);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&value, &none);
        ::posix_spawnattr_setsigdefault(&value, &all);
        ::posix_spawnattr_setpgroup(&value, 0);
        ::posix_spawnattr_setflags(
            &value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~Attributes() { ::posix_spawnattr_destroy(&value); }
};

struct Actions {
    posix_spawn_file_actions_t value;
    Actions(int socket, int output) {
        ::posix_spawn_file_actions_init(&value);
        ::posix_spawn_file_actions_addopen(&value, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&value, output, 1);
        ::posix_spawn_file_actions_adddup2(&value, output, 2);
        ::posix_spawn_file_actions_adddup2(&value, socket, kWorkerSocket);
        ::posix_spawn_file_actions_addclosefrom_np(&value, kWorkerSocket + 1);
    }
    ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
};

}  // namespace

struct WorkerProcess::Ends {
    pid_t pid = -1;
    UniqueFd socket;
    UniqueFd output;
};

WorkerProcess::Ends WorkerProcess::start(const WorkerProgram& program) {
    std::array<int, 2> sockets{}, pipe{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0)
        cannot_start(errno);
    UniqueFd own(sockets[0]);
    const UniqueFd theirs(sockets[1]);
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) cannot_start(errno);
    UniqueFd output(pipe[0]);
    const UniqueFd output_end(pipe[1]);
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);

    std::vector<std::string> arguments{program.name, "--worker", std::to_string(kWorkerSocket)};
    arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
    std::vector<std::string> environment = environment_with(program.environment);
    // Above the numbers that they are given in the worker.
    const UniqueFd high_socket(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kWorkerSocket + 1));
    const UniqueFd high_output(::fcntl(output_end.get(), F_DUPFD_CLOEXEC, kWorkerSocket + 1));
    if (!high_socket || !high_output) cannot_start(errno);
    Actions actions(high_socket.get(), high_output.get());
    Attributes attributes;
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, program.file.c_str(), &actions.value, &attributes.value,
                                    pointers_to(arguments).data(), pointers_to(environment).data());
    if (error != 0) cannot_start(error);
    return {pid, std::move(own), std::move(output)};
}

WorkerProcess::WorkerProcess(const WorkerProgram& program) : WorkerProcess(start(program)) {}

WorkerProcess::WorkerProcess(Ends ends)
    : pid_(ends.pid),
      channel_(std::move(ends.socket)),
      pid_fd_(static_cast<int>(::syscall(SYS_pidfd_open, ends.pid, 0))),
      output_(std::move(ends.output)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      memory_(
          ::open(("/proc/" + std::to_string(ends.pid) + "/statm").c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!pid_fd_ || !wake_) {
        const int error = errno;
        reap();
        cannot_start(error);
    }
}

WorkerProcess::~WorkerProcess() {
    if (pid_ > 0) reap();
}

void WorkerProcess::wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t wrote = ::write(wake_.get(), &one, sizeof one);
}

void WorkerProcess::clear_wake() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
}

void WorkerProcess::read_output() {
    std::array<char, 4096> part;
    // Bounded: a service that never stops writing must not keep the SeD from anything else.
    for (int round = 0; round < 64; ++round) {
        const ssize_t got = ::read(output_.get(), part.data(), part.size());
        if (got <= 0) {
            // All who could write are gone; polling on would only spin.
            if (got == 0) output_.reset();
            break;
        }
        tail_.append(part.data(), static_cast<std::size_t>(got));
        if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    }
}

void WorkerProcess::forget_output() {
    read_output();
    tail_.clear();
}

void WorkerProcess::signal(int number) {
    if (pid_ > 0) ::kill(-pid_, number);
}

std::string WorkerProcess::reap() {
    signal(SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    read_output();
    if (!WIFSIGNALED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return "died of " + (name != nullptr ? "SIG" + std::string(name)
                                         : "signal " + std::to_string(WTERMSIG(status)));
}

std::uint64_t WorkerProcess::grown_by() {
    // "size resident shared ..." in pages: what is mapped from others does not count.
    std::array<char, 128> text{};
    const ssize_t got = ::pread(memory_.get(), text.data(), text.size() - 1, 0);
    if (got <= 0) return 0;
    std::array<std::uint64_t, 3> pages{};
    const char* at = text.data();
    for (std::uint64_t& number : pages) {
        const auto [end, error] = std::from_chars(at, text.data() + got, number);
        if (error != std::errc{}) return 0;
        at = end + 1;
    }
    const std::uint64_t own = (pages[1] - std::min(pages[1], pages[2])) * kPage;
    if (memory_at_first_ == 0) memory_at_first_ = own + 1;
    return own - std::min(own, memory_at_first_);
}

}  // namespace juxta
