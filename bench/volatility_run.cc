#include "bench/volatility_run.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "bench/looping_client.h"
#include "bench/measure.h"
#include "data_service/core/data_access.h"

namespace juxta::bench {
namespace {

using Clock = LoopingClient::Clock;
using Loop = LoopingClient::Loop;

constexpr double kLookEvery = 0.01;   // s
constexpr double kLookAhead = 0.1;    // s before a kill: whom?
constexpr double kMendPatience = 10;  // s
constexpr double kAfterwards = 0.1;   // s after the last copy was back
constexpr double kMostDifference = 0.05;

std::chrono::nanoseconds seconds(double value) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(value * 1e9));
}

struct Window {
    double from = 0;
    double to = 0;
    std::vector<double> kills;   // when; empty: a quiet one
    std::size_t first_kill = 0;  // index of its first record
};

// Kills, watches and starts again. Times in s after `origin`.
class Killer {
public:
    Killer(const BenchPlatform& platform, const RunSettings& settings, const DataId& datum,
           Clock::time_point origin)
        : platform_(platform),
          settings_(settings),
          datum_(datum),
          origin_(origin),
          client_(Client::connect(platform.configuration())),
          dice_(settings.seed) {}

    ~Killer() {
        for (std::thread& start : starts_) start.join();
    }

    double now() const { return std::chrono::duration<double>(Clock::now() - origin_).count(); }
    void wait_until(double when) const { std::this_thread::sleep_until(origin_ + seconds(when)); }

    // Kills one at `when` if more than one copy is full then, and watches until it is mended or
    // until `end`. False: not done.
    bool kill_one(double when, double end, KillRecord& record) {
        wait_until(when - kLookAhead);
        std::vector<data::DatumDescription> seen(1, look());
        client_.data_access().ask_processes(seen);
        std::vector<data::CopyStatus> holders;
        for (const data::CopyStatus& copy : copies_of(seen.front())) {
            if (copy.state == "full" && copy.pid != 0) holders.push_back(copy);
        }
        if (holders.size() < 2) return false;
        const data::CopyStatus& victim = holders[dice_() % holders.size()];
        record.provider = victim.provider;
        record.primary = seen.front().blocks.front().primary == victim.provider;
        wait_until(when);
        ::kill(static_cast<pid_t>(victim.pid), settings_.silent ? SIGSTOP : SIGKILL);
        const double killed = now();
        down_[victim.provider] = static_cast<pid_t>(victim.pid);
        if (settings_.restart_after_s > 0) start_later(victim.provider, killed);
        watch(killed, end, record);
        return true;
    }

    // Until the asked number of copies is full. False if that takes too long.
    bool mended() {
        for (const double end = now() + kMendPatience; now() < end;
             wait_until(now() + kLookEvery)) {
            std::size_t full = 0;
            for (const data::CopyStatus& copy : copies_of(look())) full += copy.state == "full";
            if (full >= settings_.copies) return true;
        }
        fail("the copies were not back within 10 s");
        return false;
    }

    // Until `end`: how often a copy went while nobody was killed.
    unsigned watch_quiet(double end) {
        unsigned changes = 0;
        bool were_full = true;
        for (; now() < end; wait_until(std::min(end, now() + 2 * kLookEvery))) {
            std::size_t full = 0;
            for (const data::CopyStatus& copy : copies_of(look())) full += copy.state == "full";
            const bool are_full = full >= settings_.copies;
            changes += were_full && !are_full;
            were_full = are_full;
        }
        return changes;
    }

    // All that were killed are up again.
    void start_all() {
        for (std::thread& start : starts_) start.join();
        starts_.clear();
        for (const auto& [name, pid] : down_) {
            if (settings_.restart_after_s <= 0) start_again(name, pid);
        }
        down_.clear();
    }

    std::vector<std::string> failures() {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

private:
    static std::vector<data::CopyStatus> copies_of(const data::DatumDescription& datum) {
        return datum.blocks.empty() ? std::vector<data::CopyStatus>{} : datum.blocks.front().copies;
    }

    data::DatumDescription look() {
        for (;;) {
            try {
                return client_.data_access().describe(datum_);
            } catch (const Error& e) {
                fail(e.what());
                wait_until(now() + kLookEvery);
            }
        }
    }

    void watch(double killed, double end, KillRecord& record) {
        for (; now() < end; wait_until(now() + kLookEvery)) {
            std::size_t full = 0;
            bool there = false;
            for (const data::CopyStatus& copy : copies_of(look())) {
                there = there || copy.provider == record.provider;
                full += copy.state == "full";
            }
            const double ms = (now() - killed) * 1e3;
            if (!there && record.detect_ms == 0) record.detect_ms = ms;
            if (record.detect_ms > 0 && full >= settings_.copies) {
                record.copies_ms = ms;
                return;
            }
        }
    }

    void start_later(const std::string& name, double killed) {
        const pid_t pid = down_[name];
        starts_.emplace_back([this, name, pid, killed] {
            wait_until(killed + settings_.restart_after_s);
            start_again(name, pid);
        });
    }

    void start_again(const std::string& name, pid_t pid) {
        if (settings_.silent) {
            ::kill(pid, SIGKILL);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until it is reaped
        }
        const std::string said = platform_.start(name);
        if (!said.empty()) fail(said);
    }

    void fail(const std::string& what) {
        const std::lock_guard lock(mutex_);
        if (failures_.size() < 5) failures_.push_back(what);
    }

    const BenchPlatform& platform_;
    const RunSettings settings_;
    const DataId datum_;
    const Clock::time_point origin_;
    Client client_;
    std::mt19937_64 dice_;
    std::map<std::string, pid_t> down_;
    std::list<std::thread> starts_;
    std::mutex mutex_;
    std::vector<std::string> failures_;
};

// ---- What the loops tell -----------------------------------------------------------------------

// The loops of a window: those that began in it. `loops` is in order.
std::span<const Loop> loops_of(const std::vector<Loop>& loops, double from, double to) {
    const auto first = std::ranges::lower_bound(loops, from, {}, &Loop::begun);
    const auto last = std::ranges::lower_bound(loops, to, {}, &Loop::begun);
    return {first, last};
}

std::vector<double> times_of(std::span<const Loop> loops) {
    std::vector<double> times;
    for (const Loop& loop : loops) times.push_back(loop.took);
    return times;
}

// A loop that is no noise.
bool stalled(const Loop& loop, double usual) { return loop.took > 2 * usual + 0.002; }

struct Above {
    double stalls = 0;  // s above the usual, of loops that stalled
    double all = 0;     // of all loops above the usual
};

Above above(std::span<const Loop> loops, double usual) {
    Above sum;
    for (const Loop& loop : loops) {
        if (loop.took > usual) sum.all += loop.took - usual;
        if (stalled(loop, usual)) sum.stalls += loop.took - usual;
    }
    return sum;
}

// Stalls of loops that were under way at some time of [killed, end), but not at the next kill: that
// one is theirs.
double stall_after(const std::vector<Loop>& loops, double killed, double end, double next,
                   double usual) {
    auto loop = std::ranges::lower_bound(loops, killed, {}, &Loop::begun);
    if (loop != loops.begin()) --loop;
    double stall = 0;
    for (; loop != loops.end() && loop->begun < end; ++loop) {
        const double ended = loop->begun + loop->took;
        if (ended > killed && ended < next && stalled(*loop, usual)) stall += loop->took - usual;
    }
    return stall;
}

// `windows` alternate: quiet, with kills, ..., quiet.
void judge(const std::vector<Loop>& loops, const std::vector<Window>& windows,
           const RunSettings& settings, RunResult& result) {
    std::vector<double> quiet;
    for (std::size_t i = 0; i < windows.size(); i += 2) {
        const auto times = times_of(loops_of(loops, windows[i].from, windows[i].to));
        quiet.insert(quiet.end(), times.begin(), times.end());
        result.quiet_seconds += windows[i].to - windows[i].from;
    }
    result.loop_ms = median(quiet) * 1e3;
    std::ranges::sort(quiet);
    if (!quiet.empty()) result.loop_p99_ms = quiet[quiet.size() * 99 / 100] * 1e3;

    for (std::size_t i = 1; i + 1 < windows.size(); i += 2) {
        const Window &before = windows[i - 1], &window = windows[i], &after = windows[i + 1];
        const auto first = loops_of(loops, before.from, before.to);
        const auto last = loops_of(loops, after.from, after.to);
        auto beside = times_of(first);
        const double median_before = median(beside), median_after = median(times_of(last));
        for (const double time : times_of(last)) beside.push_back(time);
        const double usual = median(beside);
        const double quiet_length = before.to - before.from + after.to - after.from;
        const Above in_quiet_1 = above(first, usual), in_quiet_2 = above(last, usual);
        const double noise = (in_quiet_1.stalls + in_quiet_2.stalls) / quiet_length;
        for (std::size_t k = 0; k < window.kills.size(); ++k) {
            const bool is_last = k + 1 == window.kills.size();
            const double next =
                is_last ? std::numeric_limits<double>::infinity() : window.kills[k + 1];
            // It is over once all copies are there, and the loops after that are noise.
            KillRecord& kill = result.kills[window.first_kill + k];
            const double over =
                kill.copies_ms > 0 ? window.kills[k] + kill.copies_ms / 1e3 + kAfterwards : next;
            const double end =
                std::min({next, window.to, over, window.kills[k] + settings.most_stall_s});
            const double stall = stall_after(loops, window.kills[k], end, next, usual);
            kill.stall_ms = 1e3 * std::max(0.0, stall - noise * (end - window.kills[k]));
        }
        if (std::abs(median_before - median_after) > kMostDifference * usual) {
            ++result.void_windows;
            continue;
        }
        const double length = window.to - window.from;
        const Above in_window = above(loops_of(loops, window.from, window.to), usual);
        const double scale = length / quiet_length;
        result.kill_seconds += length;
        result.stall_seconds += in_window.stalls - scale * (in_quiet_1.stalls + in_quiet_2.stalls);
        result.excess_seconds += in_window.all - scale * (in_quiet_1.all + in_quiet_2.all);
    }
}

}  // namespace

RunResult run_volatility(const BenchPlatform& platform, const RunSettings& settings) {
    const auto origin = Clock::now();
    LoopingClient looping(platform.configuration(), settings.bytes, settings.copies, origin);
    Killer killer(platform, settings, looping.datum(), origin);
    RunResult result;
    std::vector<Window> windows;
    const auto quiet = [&] {
        killer.mended();
        const double from = killer.now();
        result.quiet_changes += killer.watch_quiet(from + settings.quiet_s);
        windows.push_back({from, killer.now(), {}, 0});
    };

    killer.mended();
    if (!settings.idle) looping.start();
    killer.wait_until(killer.now() + 0.5);  // connections, caches
    quiet();
    for (unsigned w = 0; w < settings.windows; ++w) {
        Window window{killer.now(), 0, {}, result.kills.size()};
        for (unsigned k = 0; k < settings.kills; ++k) {
            const double when = window.from + settings.delta_s * (k + 0.5);
            KillRecord record;
            if (killer.kill_one(when, when + settings.delta_s - 2 * kLookAhead, record)) {
                window.kills.push_back(when);
                result.kills.push_back(record);
            } else {
                ++result.skipped;
            }
        }
        window.to = window.from + settings.delta_s * settings.kills;
        killer.wait_until(window.to);
        windows.push_back(window);
        if (settings.restart_after_s > 0) killer.start_all();
        quiet();
    }
    looping.stop();
    looping.check_last();
    killer.start_all();

    judge(looping.loops, windows, settings, result);
    result.loops = looping.loops.size();
    result.acknowledged = looping.acknowledged;
    result.unknown = looping.unknown;
    result.lost = looping.lost;
    result.errors = looping.errors;
    for (const std::string& failure : killer.failures()) result.errors.push_back(failure);
    return result;
}

}  // namespace juxta::bench
