// The experiment of RR-4924, 4.2: a client loops lock-put-unlock on one block while providers that
// hold a copy of it are killed, one every delta seconds.
//
// A run is windows with kills between windows without any. What a kill costs is its stall time: by
// how much loops exceed the median of the windows without kills beside them, summed. Throughput is
// not compared: on a shared machine it says nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench_platform.h"

namespace juxta::bench {

struct RunSettings {
    std::uint64_t bytes = 65536;
    unsigned copies = 3;
    double delta_s = 1;
    unsigned kills = 12;         // in each window
    unsigned windows = 1;        // with kills; one without before, between and after them
    double quiet_s = 3;          // a window without kills
    bool silent = false;         // SIGSTOP; else SIGKILL
    bool idle = false;           // no loop at all: for false evictions
    double restart_after_s = 3;  // as a new incarnation; 0: never
    double most_stall_s = 2;     // after a kill, that its reconfiguration may take
    std::uint64_t seed = 1;
};

struct KillRecord {
    std::string provider;
    bool primary = false;
    double stall_ms = 0;   // R; less what quiet windows have in the same time
    double detect_ms = 0;  // until the view was without it
    double copies_ms = 0;  // until the asked number of copies was full again; 0: not seen
};

struct RunResult {
    std::size_t loops = 0;
    double loop_ms = 0;         // median without kills
    double loop_p99_ms = 0;     // without kills
    double kill_seconds = 0;    // of windows with kills that count
    double stall_seconds = 0;   // in them: loops that stalled, less such of quiet windows
    double excess_seconds = 0;  // in them: all that is above the median, less that of quiet ones
    double overhead() const { return kill_seconds > 0 ? stall_seconds / kill_seconds : 0; }
    std::vector<KillRecord> kills;
    unsigned skipped = 0;        // kills not done: fewer than two full copies
    unsigned void_windows = 0;   // whose neighbours' medians differ by more than 5 %
    unsigned quiet_changes = 0;  // copies that went in quiet windows: false evictions
    double quiet_seconds = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t unknown = 0;        // releases whose answer did not come
    std::uint64_t lost = 0;           // acknowledged versions that were not there later
    std::vector<std::string> errors;  // the first few
};

// On a platform with all providers up; starts again, at the end, those it killed if it restarts.
RunResult run_volatility(const BenchPlatform& platform, const RunSettings& settings);

}  // namespace juxta::bench
