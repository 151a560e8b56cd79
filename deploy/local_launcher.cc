#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "deploy/launcher.h"

namespace juxta::deploy {
namespace {

constexpr const char* kMarkVariable = "JUXTA_ELEMENT=";

// What of /proc/PID/stat matters here.
struct Seen {
    char state = 'Z';
    pid_t session = 0;
    std::string started;  // clock ticks since boot
    bool ended() const { return state == 'Z' || state == 'X'; }
};

// Empty if the process has ended, also between opening and reading (an iterator over the stream's
// buffer would throw then).
std::string read_all(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::optional<Seen> see(pid_t pid) {
    const std::string text = read_all("/proc/" + std::to_string(pid) + "/stat");
    // The second field is the program's name in parentheses, and may hold anything.
    const std::size_t close = text.rfind(')');
    if (close == std::string::npos) return std::nullopt;
    std::vector<std::string> fields;
    for (std::size_t at = close + 1; at < text.size();) {
        const std::size_t start = text.find_first_not_of(" \n", at);
        if (start == std::string::npos) break;
        at = std::min(text.find_first_of(" \n", start), text.size());
        fields.push_back(text.substr(start, at - start));
    }
    constexpr std::size_t kState = 0, kSession = 3, kStarted = 19;  // counted from the third field
    if (fields.size() <= kStarted) return std::nullopt;
    Seen seen;
    seen.state = fields[kState][0];
    std::from_chars(fields[kSession].data(), fields[kSession].data() + fields[kSession].size(),
                    seen.session);
    seen.started = fields[kStarted];
    return seen;
}

std::string birth_of(const Seen& seen) {
    std::string boot = read_all("/proc/sys/kernel/random/boot_id");
    while (!boot.empty() && boot.back() == '\n') boot.pop_back();
    return boot + '/' + seen.started;
}

// The mark that a process was started with, or empty.
std::string mark_of(pid_t pid) {
    const std::string environment = '\0' + read_all("/proc/" + std::to_string(pid) + "/environ");
    const std::string variable = '\0' + std::string(kMarkVariable);
    const std::size_t at = environment.find(variable);
    if (at == std::string::npos) return {};
    const std::size_t start = at + variable.size();
    return environment.substr(start, environment.find('\0', start) - start);
}

// What an element does not inherit: the place of the client that deploys it, and the tie to the
// command that started it.
bool is_private(const char* variable) {
    for (const char* name : {"JUXTA_HOST=", "JUXTA_CLUSTER=", "JUXTA_CONFIG=", "JUXTA_LOCK=",
                             "JUXTA_WITH_PARENT=", "XERCES_DISABLE_DTD=", kMarkVariable}) {
        if (std::strncmp(variable, name, std::strlen(name)) == 0) return true;
    }
    return false;
}

// posix_spawn's attributes and file actions.
class Spawn {
public:
    Spawn(int input, int output) {
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawn_file_actions_init(&files_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        ::posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&files_, output, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    }
    ~Spawn() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&files_);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;

    int run(pid_t& pid, char* const* argv, char* const* environment) {
        return ::posix_spawn(&pid, argv[0], &files_, &attributes_, argv, environment);
    }

private:
    posix_spawnattr_t attributes_;
    posix_spawn_file_actions_t files_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// All that /proc shows, with what it says of them.
std::vector<std::pair<pid_t, Seen>> all_processes() {
    std::vector<std::pair<pid_t, Seen>> all;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        const auto seen = see(pid);
        if (seen) all.emplace_back(pid, *seen);
    }
    return all;
}

// The processes that have one of `marks` or are of one of `sessions`, and have not ended.
std::vector<pid_t> family_of(const std::set<std::string>& marks, const std::set<pid_t>& sessions) {
    std::vector<pid_t> family;
    for (const auto& [pid, seen] : all_processes()) {
        if (seen.ended() || pid == ::getpid()) continue;
        if (sessions.contains(seen.session) || marks.contains(mark_of(pid))) family.push_back(pid);
    }
    return family;
}

}  // namespace

Process LocalLauncher::start(const Launch& launch) {
    const UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd log(
        ::open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!input || !log) {
        throw Error(ErrorCode::internal,
                    "cannot write the log " + launch.log.string() + ": " + std::strerror(errno));
    }
    std::vector<std::string> argv = launch.argv;
    std::vector<std::string> environment{kMarkVariable + launch.mark};
    for (char** each = environ; *each != nullptr; ++each) {
        if (!is_private(*each)) environment.emplace_back(*each);
    }
    Spawn spawn(input.get(), log.get());
    pid_t pid = 0;
    if (const int error = spawn.run(pid, pointers(argv).data(), pointers(environment).data())) {
        throw Error(ErrorCode::internal,
                    "cannot run " + launch.argv.at(0) + ": " + std::strerror(error));
    }
    const auto seen = see(pid);
    return {pid, seen ? birth_of(*seen) : std::string{}, launch.mark};
}

bool LocalLauncher::alive(const Process& process) {
    if (process.pid <= 0) return false;
    const auto seen = see(process.pid);
    return seen && !seen->ended() && birth_of(*seen) == process.birth;
}

std::string LocalLauncher::how_it_ended(const Process& process) {
    siginfo_t info{};
    if (process.pid <= 0 ||
        ::waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != process.pid) {
        return "unknown reason";
    }
    if (info.si_code == CLD_EXITED) return "exit code " + std::to_string(info.si_status);
    return "signal " + std::to_string(info.si_status) + " (" + ::strsignal(info.si_status) + ')';
}

std::optional<Process> LocalLauncher::adopt(pid_t pid, const std::vector<std::string>& argv) {
    const auto seen = see(pid);
    if (!seen || seen->ended()) return std::nullopt;
    std::string wanted;
    for (const std::string& argument : argv) wanted += argument + '\0';
    if (read_all("/proc/" + std::to_string(pid) + "/cmdline") != wanted) return std::nullopt;
    return Process{pid, birth_of(*seen), mark_of(pid)};
}

void LocalLauncher::ask_to_end(const Process& process) {
    if (alive(process)) ::kill(process.pid, SIGTERM);
}

bool LocalLauncher::kill_all_of(const std::vector<Process>& processes) {
    std::set<std::string> marks;
    std::set<pid_t> sessions;
    for (const Process& each : processes) {
        if (!each.mark.empty()) marks.insert(each.mark);
        // While its leader lives, the session's number is surely not a stranger's.
        if (alive(each)) sessions.insert(each.pid);
    }
    constexpr int kRounds = 200;
    for (int round = 0; round < kRounds; ++round) {
        const std::vector<pid_t> family = family_of(marks, sessions);
        for (const pid_t pid : family) ::kill(pid, SIGKILL);
        if (family.empty()) {
            // Where this process started them, nobody else would take note of their ends.
            for (const Process& each : processes) {
                if (each.pid > 0) ::waitpid(each.pid, nullptr, WNOHANG);
            }
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

void LocalLauncher::wait_until_gone(const std::vector<Process>& processes, unsigned wait_ms) {
    std::set<pid_t> sessions;  // each leads one of its own; its workers are in it
    for (const Process& each : processes) {
        if (each.pid > 0) sessions.insert(each.pid);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    const auto any_is_seen = [&] {
        for (const pid_t pid : sessions) ::waitpid(pid, nullptr, WNOHANG);  // if it is a child
        return std::ranges::any_of(all_processes(), [&](const auto& each) {
            return each.second.ended() && sessions.contains(each.second.session);
        });
    };
    while (any_is_seen() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

std::filesystem::path program_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace juxta::deploy
