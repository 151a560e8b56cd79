#include "bench/volatility.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "bench/looping_client.h"
#include "bench/tcp_ping_pong.h"
#include "bench/volatility_run.h"
#include "common/base/error.h"

namespace juxta::bench {
namespace {

constexpr std::uint64_t kBlock = 65536;
constexpr unsigned kCopies = 3;
constexpr double kStopEvery = 20;  // s

// How much of it: a run is repeated where its quiet windows differ too much, as long as there is
// time for that; then its row says that it is void.
struct Extent {
    unsigned kills;                 // at one each second
    unsigned own_kills;             // for R: far apart
    std::vector<double> per_stall;  // delta / R of the curve's points
    unsigned curve_kills;
    unsigned stops;       // SIGSTOP
    double stop_every_s;  // its overhead is told for one every 20 s
    double quiet_s;
    std::size_t pairs;  // of loops and round trips
    double repeats_s;   // seconds for all repeats
};

const Extent kWhole{60, 40, {20, 40, 80}, 40, 6, 20, 3, 21, 100};
const Extent kQuick{6, 4, {}, 0, 1, 6, 1.5, 5, 0};

class Sweep {
public:
    Sweep(const BenchPlatform& platform, const Extent& extent)
        : platform_(platform), extent_(extent), repeats_s_(extent.repeats_s) {}

    std::vector<Row> rows() {
        rows_ = loop_without_kills();
        RunSettings own;  // R: in a run of its own, 2.5 s apart
        own.delta_s = 2.5;
        own.kills = extent_.own_kills;
        const RunResult alone = run(own);
        every_second();
        stops();
        curve(mean_stall_s(alone));
        rows_.push_back(stall_row("R: stall of one reconfiguration, p50", 0.5));
        rows_.push_back(stall_row("R: stall of one reconfiguration, p99", 0.99));
        rows_.push_back(
            itself("acknowledged releases lost", static_cast<double>(lost_), "releases", 0));
        return std::move(rows_);
    }

private:
    // Beside both: a round trip on one processor is what an idle machine makes of it.
    std::vector<Row> loop_without_kills() const {
        LoopingClient looping(platform_.configuration(), 1024, kCopies,
                              LoopingClient::Clock::now());
        TcpPingPong raw;
        for (int i = 0; i < 100; ++i) looping.once();
        Row row = measure_pairs(
            extent_.pairs, [&] { return 1e6 * median_seconds(200, [&] { looping.once(); }); },
            [&] { return 1e6 * median_seconds(1000, [&] { raw.round_trip(); }); });
        row.what = "lock-put-unlock of 1 KiB, 3 copies";
        row.unit = "us";
        row.reference_is = "raw TCP round trip of 64 bytes";
        row.bar = 12;
        Row apart = measure_pairs(
            extent_.pairs, [&] { return 1e6 * median_seconds(200, [&] { looping.once(); }); },
            [&] {
                const TcpPingPong::Apart on_two_processors(raw);
                return 1e6 * median_seconds(1000, [&] { raw.round_trip(); });
            });
        apart.what = row.what + ", as its processes are spread";
        apart.unit = row.unit;
        apart.reference_is = row.reference_is + " between two processors";
        apart.bar = row.bar;
        return {row, apart};
    }

    // Again, if no window counts because the machine was busy with something else.
    RunResult run(RunSettings settings) {
        settings.bytes = kBlock;
        settings.quiet_s = extent_.quiet_s;
        settings.copies = kCopies;
        for (;;) {
            const auto began = LoopingClient::Clock::now();
            settings.seed = ++seed_;
            RunResult result = run_volatility(platform_, settings);
            lost_ += result.lost;
            if (!settings.silent) {
                for (const KillRecord& kill : result.kills) stalls_ms_.push_back(kill.stall_ms);
            }
            const std::chrono::duration<double> took = LoopingClient::Clock::now() - began;
            if (result.kill_seconds > 0 || took.count() > repeats_s_) return result;
            repeats_s_ -= took.count();
        }
    }

    static double mean_stall_s(const RunResult& result) {
        double sum = 0;
        for (const KillRecord& kill : result.kills) sum += kill.stall_ms / 1e3;
        return result.kills.empty() ? 0 : sum / static_cast<double>(result.kills.size());
    }

    // Stall time beside time.
    static Row overhead(const std::string& what, const RunResult& result, double bar) {
        Row row;
        row.what = what;
        if (result.kill_seconds <= 0) row.what += " (void: its quiet windows differ by over 5 %)";
        row.unit = "s of stalls";
        row.value = result.stall_seconds;
        row.reference = result.kill_seconds;
        row.reference_is = "s of the run";
        row.ratio = result.kill_seconds > 0 ? result.overhead() : 1;
        row.bar = bar;
        return row;
    }

    void every_second() {
        RunSettings settings;
        settings.kills = extent_.kills;
        rows_.push_back(overhead("overhead, a SIGKILL every second", run(settings), 0.05));
    }

    void stops() {
        RunSettings settings;
        settings.silent = true;
        settings.delta_s = extent_.stop_every_s;
        settings.kills = extent_.stops;
        settings.most_stall_s = 5;
        RunResult result = run(settings);
        result.kill_seconds *= kStopEvery / settings.delta_s;
        rows_.push_back(
            overhead("overhead, a SIGSTOP every 20 s, T_d 1 s", result, 1.2 * 1.0 / kStopEvery));
    }

    void curve(double stall_s) {
        double shortest = 0;
        for (const double per_stall : extent_.per_stall) {
            RunSettings settings;
            // Whom to kill is looked up before: kills that are nearer to each other cannot be made.
            settings.delta_s = std::max(per_stall * stall_s, 0.3);
            if (settings.delta_s == std::exchange(shortest, settings.delta_s)) continue;
            settings.kills = extent_.curve_kills;
            const RunResult result = run(settings);
            Row row = overhead(fmt::format("deviation from R / delta, SIGKILL, delta {:.2f} s = "
                                           "{:.0f} R",
                                           settings.delta_s, settings.delta_s / stall_s),
                               result, 0.25);
            row.unit = "of the time";
            row.value = result.overhead();
            row.reference = stall_s / settings.delta_s;
            row.reference_is = "R / delta";
            row.ratio = row.reference > 0 ? std::abs(row.value / row.reference - 1) : 1;
            rows_.push_back(row);
        }
    }

    Row stall_row(const std::string& what, double part) {
        std::ranges::sort(stalls_ms_);
        const double value = stalls_ms_.empty()
                                 ? 0
                                 : stalls_ms_[static_cast<std::size_t>(
                                       part * static_cast<double>(stalls_ms_.size() - 1))];
        return itself(fmt::format("{} of {} kills", what, stalls_ms_.size()), value, "ms", 100);
    }

    const BenchPlatform& platform_;
    const Extent& extent_;
    double repeats_s_;  // left
    std::vector<Row> rows_;
    std::vector<double> stalls_ms_;  // of SIGKILL
    std::uint64_t lost_ = 0;
    std::uint64_t seed_ = 0;
};

}  // namespace

std::vector<Row> volatility_rows(bool quick) {
    const BenchPlatform platform{BenchPlatformSettings{}};
    return Sweep(platform, quick ? kQuick : kWhole).rows();
}

}  // namespace juxta::bench
