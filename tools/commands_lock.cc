#include "tools/commands_lock.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tools/output.h"

namespace juxta::tools {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kVariable = "JUXTA_LOCK";
constexpr milliseconds kLook{200};  // how late a lost lock may be seen

// The lock, in either form.
struct Held {
    std::unique_ptr<data::WriteHold> exclusive;
    std::unique_ptr<data::ReadHold> shared;

    data::Token token() const { return exclusive ? exclusive->token() : shared->token(); }
    Version version() const { return exclusive ? exclusive->base() : shared->version(); }
    bool lost() const { return exclusive ? exclusive->lost() : shared->lost(); }
};

Held take(data::DataAccess& data, const DataId& id, const LockCommand& command, Signals& signals) {
    data::LockOptions options;
    if (command.lease_s) {
        options.lease = milliseconds(static_cast<std::int64_t>(*command.lease_s * 1000));
    }
    options.given_up = [&signals] { return signals.end_wanted(); };
    const auto for_ever = data::DataAccess::Clock::now() + std::chrono::hours(24 * 365);
    if (!command.shared) return {data.acquire(id, for_ever, options), nullptr};
    return {nullptr, data.acquire_read(id, {true, for_ever, options})};
}

Error lost(const DataId& id, const std::string& kept) {
    return {ErrorCode::lease_expired, "the lock of " + to_string(id) +
                                          " was lost: its lease ended before it was renewed. " +
                                          kept + "; lock it again"};
}

json describe(const DataId& id, const Held& held, bool shared) {
    return {{"id", to_string(id)},
            {"token", held.token()},
            {"mode", shared ? "shared" : "exclusive"},
            {"version", held.version()}};
}

void print_json(const json& document) {
    fmt::print("{}\n", document.dump(-1, ' ', false, json::error_handler_t::replace));
    std::fflush(stdout);
}

// A process of the command, with JUXTA_LOCK, and signals as this process found them.
pid_t spawn(const std::vector<std::string>& command, const std::string& lock,
            const sigset_t& mask) {
    std::vector<std::string> variables{std::string(kVariable) + "=" + lock};
    for (char** each = environ; *each != nullptr; ++each) {
        if (!std::string_view(*each).starts_with(std::string(kVariable) + "="))
            variables.emplace_back(*each);
    }
    std::vector<std::string> words = command;
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> list;
        for (std::string& text : texts) list.push_back(text.data());
        list.push_back(nullptr);
        return list;
    };
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = 0;
    const int failure = posix_spawnp(&child, words.front().c_str(), nullptr, &attributes,
                                     pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) {
        throw Error(ErrorCode::not_found, "cannot start " + command.front() + ": " +
                                              std::strerror(failure) + "; the lock is given back");
    }
    return child;
}

int exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Its status. A lost lock asks it to end: what it protects is no longer protected.
int wait_for(pid_t child, const Held& held, Signals& signals) {
    bool told = false;
    for (;;) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) return exit_code(status);
        const Signals::Event event = signals.wait(kLook);
        if (event.number != 0 && event.number != SIGCHLD && !event.from_terminal) {
            ::kill(child, event.number);
        }
        if (held.lost() && !told) {
            ::kill(child, SIGTERM);
            told = true;
        }
    }
}

int run_command(const DataId& id, const LockCommand& command, const Held& held, Signals& signals,
                bool as_json) {
    const std::string variable = to_string(id) + ":" + std::to_string(held.token());
    const pid_t child = spawn(command.command, variable, signals.former());
    const int status = wait_for(child, held, signals);
    if (held.lost()) {
        throw lost(id,
                   "The command was told to end (SIGTERM); what it committed before is kept, "
                   "nothing after");
    }
    if (as_json) {
        json document = describe(id, held, command.shared);
        document["status"] = status;
        print_json(document);
    }
    return status;
}

int hold_until_signal(const DataId& id, const LockCommand& command, const Held& held,
                      Signals& signals, bool as_json) {
    if (as_json) {
        print_json(describe(id, held, command.shared));
    } else {
        fmt::print("{}\n", held.token());
        std::fflush(stdout);
    }
    while (!signals.end_wanted()) {
        if (held.lost()) throw lost(id, "What was committed under it before is kept");
        signals.wait(kLook);
    }
    return kSuccess;
}

}  // namespace

int lock(data::DataAccess& data, const LockCommand& command, Signals& signals, bool as_json) {
    const DataId id = data.find(command.datum).id;
    const Held held = take(data, id, command, signals);
    return command.command.empty() ? hold_until_signal(id, command, held, signals, as_json)
                                   : run_command(id, command, held, signals, as_json);
}

std::optional<data::Token> token_from_environment(const DataId& id) {
    const char* set = std::getenv(kVariable);
    if (set == nullptr || *set == '\0') return std::nullopt;
    const std::string_view text = set;
    const std::size_t colon = text.rfind(':');
    data::Token token = 0;
    if (colon != std::string_view::npos) {
        const std::string_view number = text.substr(colon + 1);
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), token);
        if (error != std::errc{} || end != number.data() + number.size()) token = 0;
    }
    const auto datum = parse_data_id(text.substr(0, std::min(colon, text.size())));
    if (!datum || token == 0) {
        throw Error(ErrorCode::invalid_argument,
                    "the environment has " + std::string(kVariable) + "='" + std::string(text) +
                        "', which is no ID:TOKEN of 'juxta lock'; nothing was done: unset it");
    }
    if (*datum != id) return std::nullopt;
    return token;
}

void expect_held(data::DataAccess& data, const DataId& id, data::Token token) {
    const data::LockStatus status = data.look(id);
    const bool held = std::ranges::find(status.holders, token, &data::LockStatus::Holder::token) !=
                      status.holders.end();
    if (!held) {
        throw lost(id, std::string(kVariable) + " names token " + std::to_string(token) +
                           ", which holds it no longer; what was committed under it is kept");
    }
}

}  // namespace juxta::tools
