// What the mains of all daemons have in common: options, log, ending, exit codes.
//
//     int main(int argc, char** argv) {
//         Options options;  // : orb::DaemonOptions
//         orb::DaemonCommand command("juxta-x", "does this and that", options);
//         command.text("--cluster", options.cluster, "cluster it belongs to", orb::kRequired);
//         return command.run(argc, argv, [&](orb::Ending& ending) { run(options, ending); });
//     }
//
// Exit codes: 0 after a clean end, 1 after a failure, 2 on wrong usage; each with one clear line.
// What a daemon does between its start and its end is its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/model/element.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"

namespace juxta::orb {

struct DaemonOptions {
    std::string platform = "default";
    std::string name;
    std::string host;
    std::string address = "127.0.0.1";  // to listen on
    std::uint16_t port = 0;             // 0: any
    std::filesystem::path state_dir;    // empty: nothing outlives it
    std::string name_service;

    NodeSettings node() const { return {true, address, port, name_service}; }

    // Spends a number. Call it once the port is known to be free: a second start on a taken one
    // must not.
    Incarnation next_incarnation() const;

    // What is known of the element from the start.
    ElementStatus status(ElementKind kind, Incarnation incarnation) const;
};

// Managers in the order of the command line: cluster and "host:port".
using ManagerList = std::vector<std::pair<std::string, std::string>>;
std::map<std::string, std::vector<std::string>> by_cluster(const ManagerList& managers);

enum Presence { kOptional, kRequired };

class DaemonCommand {
public:
    // `options` outlives it, and so does every variable given below: they are set by run().
    DaemonCommand(std::string program, const std::string& purpose, DaemonOptions& options);
    ~DaemonCommand();
    DaemonCommand(const DaemonCommand&) = delete;
    DaemonCommand& operator=(const DaemonCommand&) = delete;

    void text(const std::string& option, std::string& value, const std::string& help,
              Presence presence = kOptional);
    // "HOST:PORT".
    void contact(const std::string& option, std::string& value, const std::string& help,
                 Presence presence = kOptional);
    // May be repeated.
    void texts(const std::string& option, std::vector<std::string>& values,
               const std::string& help);
    // From `least` to `most`.
    void number(const std::string& option, std::uint64_t& value, const std::string& help,
                std::uint64_t least, std::uint64_t most, Presence presence = kOptional);
    void flag(const std::string& option, bool& value, const std::string& help);
    // "--manager CLUSTER=HOST:PORT", for each manager of the platform.
    void managers(ManagerList& managers, Presence presence = kOptional);
    void require_state_dir();

    // Parses the options and checks them; `check` may throw Error for what else is wrong with them.
    // Then `body`, with the log started: until `ending`, which SIGTERM and SIGINT ask for.
    int run(int argc, char** argv, const std::function<void(Ending&)>& body,
            const std::function<void()>& check = {});

private:
    struct Parser;  // of the library that parses, which takes long to compile

    std::optional<int> parse(int argc, char** argv);

    const std::string program_;
    DaemonOptions& options_;
    std::unique_ptr<Parser> parser_;
};

}  // namespace juxta::orb
