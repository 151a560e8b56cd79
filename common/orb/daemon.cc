#include "common/orb/daemon.h"

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <thread>

#include "common/base/error.h"
#include "common/base/incarnation.h"
#include "common/log/log.h"

namespace juxta::orb {
namespace {

bool is_contact(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos || colon == 0) return false;
    unsigned port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    return parsed.ec == std::errc{} && parsed.ptr == end && port > 0 && port <= 65535;
}

std::pair<std::string, std::string> split_manager(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == text.npos || !is_contact(text.substr(equals + 1))) {
        throw Error(ErrorCode::invalid_argument,
                    "--manager '" + text + "': write CLUSTER=HOST:PORT");
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

// Each heap keeps what was freed in it. With the eight a core that are the default, a daemon of
// many threads keeps many times what it uses.
void limit_heaps() {
    ::mallopt(M_ARENA_MAX,
              static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 8U)));
}

}  // namespace

Incarnation DaemonOptions::next_incarnation() const {
    return juxta::next_incarnation(state_dir.empty() ? std::filesystem::path{}
                                                     : state_dir / "incarnation");
}

ElementStatus DaemonOptions::status(ElementKind kind, Incarnation incarnation) const {
    ElementStatus status;
    status.kind = kind;
    status.name = name;
    status.place.host = host;
    status.incarnation = incarnation;
    return status;
}

std::map<std::string, std::vector<std::string>> by_cluster(const ManagerList& managers) {
    std::map<std::string, std::vector<std::string>> clusters;
    for (const auto& [cluster, address] : managers) clusters[cluster].push_back(address);
    return clusters;
}

struct DaemonCommand::Parser {
    explicit Parser(const std::string& description) : app(description) {}

    CLI::App app;
    CLI::Option* state_dir = nullptr;
    std::vector<std::string> manager_texts;
    ManagerList* managers = nullptr;
};

DaemonCommand::DaemonCommand(std::string program, const std::string& purpose,
                             DaemonOptions& options)
    : program_(std::move(program)),
      options_(options),
      parser_(std::make_unique<Parser>(program_ + ": " + purpose)) {
    CLI::App& app = parser_->app;
    app.add_option("--platform", options.platform, "name of the platform");
    app.add_option("--name", options.name, "name of this element")->required();
    app.add_option("--host", options.host, "name of the host it counts to")->required();
    app.add_option("--address", options.address, "address to listen on");
    app.add_option("--port", options.port, "port to listen on; 0: any");
    parser_->state_dir =
        app.add_option("--state-dir", options.state_dir, "where it keeps what outlives it");
    app.add_option("--name-service", options.name_service, "corbaloc of an omniNames");
}

DaemonCommand::~DaemonCommand() = default;

void DaemonCommand::text(const std::string& option, std::string& value, const std::string& help,
                         Presence presence) {
    parser_->app.add_option(option, value, help)->required(presence == kRequired);
}

void DaemonCommand::contact(const std::string& option, std::string& value, const std::string& help,
                            Presence presence) {
    parser_->app.add_option(option, value, help)
        ->required(presence == kRequired)
        ->check([](const std::string& given) {
            return is_contact(given) ? std::string()
                                     : "'" + given + "': an address is written HOST:PORT";
        });
}

void DaemonCommand::texts(const std::string& option, std::vector<std::string>& values,
                          const std::string& help) {
    parser_->app.add_option(option, values, help);
}

void DaemonCommand::number(const std::string& option, std::uint64_t& value, const std::string& help,
                           std::uint64_t least, std::uint64_t most, Presence presence) {
    parser_->app.add_option(option, value, help)
        ->required(presence == kRequired)
        ->check(CLI::Range(least, most));
}

void DaemonCommand::flag(const std::string& option, bool& value, const std::string& help) {
    parser_->app.add_flag(option, value, help);
}

void DaemonCommand::managers(ManagerList& managers, Presence presence) {
    parser_->managers = &managers;
    parser_->app
        .add_option("--manager", parser_->manager_texts, "CLUSTER=HOST:PORT, for each manager")
        ->required(presence == kRequired);
}

void DaemonCommand::require_state_dir() { parser_->state_dir->required(); }

// What to exit with, if it is at the parser already.
std::optional<int> DaemonCommand::parse(int argc, char** argv) {
    try {
        parser_->app.parse(argc, argv);
    } catch (const CLI::CallForHelp& e) {
        return parser_->app.exit(e);
    } catch (const CLI::ParseError& e) {
        std::fprintf(stderr, "%s: %s; --help lists the options\n", program_.c_str(), e.what());
        return 2;
    }
    return std::nullopt;
}

int DaemonCommand::run(int argc, char** argv, const std::function<void(Ending&)>& body,
                       const std::function<void()>& check) {
    if (const auto code = parse(argc, argv)) return *code;
    limit_heaps();
    log::start({.element = options_.name});
    try {
        for (const std::string& text : parser_->manager_texts)
            parser_->managers->push_back(split_manager(text));
        if (check) check();
    } catch (const Error& e) {
        std::fprintf(stderr, "%s: %s\n", program_.c_str(), e.what());
        return 2;
    }
    try {
        Ending ending;
        end_on_signals(ending);
        end_with_parent();
        body(ending);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s %s: %s\n", program_.c_str(), options_.name.c_str(), e.what());
        return 1;
    }
}

}  // namespace juxta::orb
