// juxta: the command line.
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "common/log/log.h"
#include "common/orb/node.h"
#include "juxta/client.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/platform_choice.h"

namespace juxta::tools {
namespace {

int run_platform_verb(const CommandLine& line) {
    const PlatformOutput output{line.json};
    if (line.verb == Verb::validate) return validate(line.subject, output);
    orb::Node node({.serves = false});
    switch (line.verb) {
        case Verb::up: return up(line.up, node, output);
        case Verb::deploy: return deploy(line.subject, node, output);
        case Verb::down: return down(line.platform, line.purge, node, output);
        case Verb::start: return start(line.platform, line.subject, node, output);
        case Verb::stop: return stop(line.platform, line.subject, node, output);
        default: return status(line.platform, node, output);
    }
}

int run_client_verb(const CommandLine& line) {
    if (line.verb == Verb::bench) {
        return bench([&] { return Client::connect(client_configuration(line.platform)); },
                     line.bench, line.json);
    }
    std::optional<Signals> signals;  // before the first thread
    if (line.verb == Verb::lock) signals.emplace();
    const Client client = Client::connect(client_configuration(line.platform));
    data::DataAccess& data = client.data_access();
    switch (line.verb) {
        case Verb::services: return services(client, line.json);
        case Verb::call: return call(client, line.call, line.json);
        case Verb::wait: return wait(client, line.subject, line.json);
        case Verb::cancel: return cancel(client, line.subject, line.json);
        case Verb::why: return why(client, line.subject, line.json);
        case Verb::policy: return policy(client, line.policy, line.json);
        case Verb::put: return put(data, line.put, client.platform().default_copies, line.json);
        case Verb::get: return get(data, line.get, line.json);
        case Verb::set: return set(data, line.set, line.json);
        case Verb::lock: return lock(data, line.lock, *signals, line.json);
        case Verb::data: return show_data(data, line.subject, line.json);
        default: return remove(data, line.subject, line.json);
    }
}

int run(const CommandLine& line) {
    return run_reporting(line.json, [&] {
        return line.verb <= Verb::status ? run_platform_verb(line) : run_client_verb(line);
    });
}

}  // namespace
}  // namespace juxta::tools

int main(int argc, char** argv) {
    return juxta::tools::with_command_line(argc, argv, juxta::tools::run);
}
