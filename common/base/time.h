// Time as the machines see it: a point on one process's monotonic clock, in microseconds.
// Machines never read a clock; components pass `monotonic_now()` in.
#pragma once

#include <chrono>
#include <cstdint>

namespace juxta {

using Time = std::int64_t;      // microseconds since some fixed moment of this process
using Duration = std::int64_t;  // microseconds

constexpr Duration kMillisecond = 1000;
constexpr Duration kSecond = 1000 * kMillisecond;

// As calls are told; none is negative.
constexpr unsigned milliseconds(Duration duration) {
    return duration <= 0 ? 0 : static_cast<unsigned>(duration / kMillisecond);
}

inline Time monotonic_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace juxta
