// juxta-bench-volatility [OPTIONS]: one run of the volatility experiment on a platform of its own,
// as one JSON object. `juxta bench volatility` is the reduced sweep; campaigns are made of these.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/volatility_run.h"

int main(int argc, char** argv) {
    juxta::bench::BenchPlatformSettings platform;
    juxta::bench::RunSettings run;
    CLI::App app("one run of lock-put-unlock while providers are killed");
    app.add_option("--providers", platform.providers);
    app.add_option("--managers", platform.managers);
    app.add_option("--detection-ms", platform.detection_ms);
    app.add_option("--copies", platform.copies);
    app.add_option("--bytes", run.bytes);
    app.add_option("--delta", run.delta_s, "seconds between kills");
    app.add_option("--kills", run.kills, "in each window");
    app.add_option("--windows", run.windows);
    app.add_option("--quiet", run.quiet_s, "seconds of a window without kills");
    app.add_flag("--silent", run.silent, "SIGSTOP instead of SIGKILL");
    app.add_flag("--idle", run.idle, "no client loops");
    app.add_option("--restart-after", run.restart_after_s, "seconds; 0: never");
    app.add_option("--most-stall", run.most_stall_s, "seconds that a reconfiguration may take");
    app.add_option("--seed", run.seed);
    CLI11_PARSE(app, argc, argv);
    run.copies = platform.copies;
    try {
        const juxta::bench::BenchPlatform own(platform);
        const juxta::bench::RunResult result = run_volatility(own, run);
        nlohmann::ordered_json kills = nlohmann::ordered_json::array();
        for (const auto& kill : result.kills) {
            kills.push_back({{"provider", kill.provider},
                             {"primary", kill.primary},
                             {"stall_ms", kill.stall_ms},
                             {"detect_ms", kill.detect_ms},
                             {"copies_ms", kill.copies_ms}});
        }
        const nlohmann::ordered_json document{{"bytes", run.bytes},
                                              {"copies", run.copies},
                                              {"providers", platform.providers},
                                              {"managers", platform.managers},
                                              {"detection_ms", platform.detection_ms},
                                              {"delta_s", run.delta_s},
                                              {"silent", run.silent},
                                              {"restart_after_s", run.restart_after_s},
                                              {"seed", run.seed},
                                              {"loops", result.loops},
                                              {"loop_ms", result.loop_ms},
                                              {"loop_p99_ms", result.loop_p99_ms},
                                              {"kill_seconds", result.kill_seconds},
                                              {"stall_seconds", result.stall_seconds},
                                              {"excess_seconds", result.excess_seconds},
                                              {"overhead", result.overhead()},
                                              {"void_windows", result.void_windows},
                                              {"skipped", result.skipped},
                                              {"quiet_seconds", result.quiet_seconds},
                                              {"quiet_changes", result.quiet_changes},
                                              {"acknowledged", result.acknowledged},
                                              {"unknown", result.unknown},
                                              {"lost", result.lost},
                                              {"errors", result.errors},
                                              {"kills", kills}};
        fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        return result.lost == 0 ? 0 : 1;
    } catch (const std::exception& e) {
        fmt::print(stderr, "juxta-bench-volatility: {}\n", e.what());
        return 1;
    }
}
