// history_workload [OPTIONS] HISTORY: clients of a running platform, at the word of a test. Says
// {"ready": true} once they are at work; then one JSON object for each line of standard input:
//
//     probe SECONDS   {"seconds", "unreadable", "stale"}: every datum read by a new reader
//     pause, resume   {"paused"}
//     stop            (or the end of the input) the summary; HISTORY is written, and it ends
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

#include "tests/history/workload.h"

namespace {

void say(const nlohmann::json& document) {
    fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    juxta::history::WorkloadOptions options;
    std::string history;
    CLI::App app("clients that write a history");
    app.add_option("HISTORY", history)->required();
    app.add_option("--config", options.config);
    app.add_option("--prefix", options.prefix);
    app.add_option("--owner", options.owner);
    app.add_option("--protocol", options.protocol);
    app.add_option("--clients", options.clients);
    app.add_option("--data", options.data);
    app.add_option("--bytes", options.bytes);
    app.add_option("--blocks", options.blocks);
    app.add_option("--copies", options.copies);
    app.add_option("--clusters", options.clusters);
    app.add_flag("--durable", options.durable);
    app.add_option("--snapshots", options.snapshots);
    app.add_option("--pause-us", options.pause_us);
    app.add_option("--patience-ms", options.patience_ms);
    app.add_option("--stall-ms", options.stall_ms);
    app.add_option("--seed", options.seed);
    CLI11_PARSE(app, argc, argv);
    try {
        juxta::history::Workload workload(options);
        workload.start();
        say({{"ready", true}});
        for (std::string line; std::getline(std::cin, line);) {
            std::istringstream words(line);
            std::string command;
            double seconds = 0;
            words >> command >> seconds;
            if (command == "stop") break;
            if (command == "probe") say(workload.probe(seconds));
            if (command == "pause" || command == "resume") {
                workload.pause(command == "pause");
                say({{"paused", command == "pause"}});
            }
        }
        workload.stop();
        say(workload.summary());
        workload.write_history(history);
        return 0;
    } catch (const std::exception& e) {
        fmt::print(stderr, "history_workload: {}\n", e.what());
        return 1;
    }
}
