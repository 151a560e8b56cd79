#include "client_api/core/configuration.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/base/error.h"

namespace juxta::client {
namespace {

// A configuration is a few lines; whatever is larger is another file.
constexpr std::uintmax_t kLargestFile = 1 << 20;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw Error(ErrorCode::invalid_argument, where + ": " + why);
}

// "host:port" out of that or of a corbaloc.
std::string agent_address(std::string_view value, const std::string& where) {
    std::string_view address = value;
    constexpr std::string_view prefix = "corbaloc:iiop:";
    if (address.starts_with(prefix)) {
        address.remove_prefix(prefix.size());
        const auto slash = address.find('/');
        if (slash == std::string_view::npos || address.substr(slash) != "/MasterAgent") {
            refuse(where, "'" + std::string(value) + "' should end in /MasterAgent");
        }
        address = address.substr(0, slash);
    }
    const auto colon = address.rfind(':');
    unsigned port = 0;
    if (colon != std::string_view::npos && colon != 0) {
        const char* end = address.data() + address.size();
        const auto [rest, error] = std::from_chars(address.data() + colon + 1, end, port);
        if (error != std::errc{} || rest != end) port = 0;
    }
    if (port == 0 || port > 65535) {
        refuse(where, "master_agent is '" + std::string(value) +
                          "', not HOST:PORT or corbaloc:iiop:HOST:PORT/MasterAgent");
    }
    return std::string(address);
}

std::string contents_of(const std::string& file, const std::string& asked_by) {
    std::error_code status;
    if (!std::filesystem::exists(file, status)) {
        throw Error(ErrorCode::not_found, file + ": no such client configuration" + asked_by);
    }
    if (!std::filesystem::is_regular_file(file, status) ||
        std::filesystem::file_size(file, status) > kLargestFile) {
        refuse(file, "not a client configuration" + asked_by);
    }
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) {
        throw Error(ErrorCode::not_found, file + ": cannot be read: " + std::strerror(errno));
    }
    return text;
}

std::string file_of_last_platform(const Environment& environment) {
    std::string state = environment("JUXTA_STATE_DIR").value_or("");
    if (state.empty()) {
        const std::string home = environment("HOME").value_or("");
        if (home.empty()) {
            throw Error(
                ErrorCode::not_found,
                "no client configuration: give a file, or set JUXTA_CONFIG or JUXTA_STATE_DIR");
        }
        state = home + "/.local/state/juxta";
    }
    std::string name;
    std::getline(std::ifstream(state + "/last") >> std::ws, name);
    name = std::string(trimmed(name));
    if (name.empty()) {
        throw Error(ErrorCode::not_found,
                    "no client configuration: no file was given, JUXTA_CONFIG is not set, "
                    "and no platform was deployed here (" +
                        state + "/last): start one with 'juxta up'");
    }
    if (name.find('/') != std::string::npos)
        refuse(state + "/last", "'" + name + "' is no platform's name");
    return state + "/platforms/" + name + "/client.conf";
}

std::string name_of_this_machine() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

Configuration parse_configuration(std::string_view text, const std::string& file) {
    Configuration found;
    unsigned line_number = 0;
    while (!text.empty()) {
        ++line_number;
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) continue;

        const std::string where = file + ":" + std::to_string(line_number);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            refuse(where, "'" + std::string(line) + "' is not KEY = VALUE");
        const std::string_view key = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(equals + 1));
        std::string* target = key == "master_agent" ? &found.master_agent
                              : key == "platform"   ? &found.platform
                              : key == "host"       ? &found.host
                              : key == "cluster"    ? &found.cluster
                                                    : nullptr;
        if (target == nullptr) {
            refuse(where, "unknown key '" + std::string(key) +
                              "': known are master_agent, platform, host, cluster");
        }
        if (value.empty()) refuse(where, std::string(key) + " has no value");
        if (!target->empty()) refuse(where, std::string(key) + " is given twice");
        *target = target == &found.master_agent ? agent_address(value, where) : std::string(value);
    }
    if (found.master_agent.empty()) refuse(file, "master_agent is missing");
    return found;
}

Configuration find_configuration(const std::string& file, const Environment& environment) {
    std::string chosen = file;
    std::string asked_by;
    if (chosen.empty()) {
        chosen = environment("JUXTA_CONFIG").value_or("");
        if (!chosen.empty()) asked_by = " (named by JUXTA_CONFIG)";
    }
    if (chosen.empty()) {
        chosen = file_of_last_platform(environment);
        asked_by = " (of the platform deployed last; start one with 'juxta up')";
    }
    Configuration found = parse_configuration(contents_of(chosen, asked_by), chosen);
    if (auto host = environment("JUXTA_HOST"); host && !host->empty()) found.host = *host;
    if (auto cluster = environment("JUXTA_CLUSTER"); cluster && !cluster->empty())
        found.cluster = *cluster;
    if (found.host.empty()) found.host = name_of_this_machine();
    return found;
}

}  // namespace juxta::client
