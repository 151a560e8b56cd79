// What processes use, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace juxta::bench {

// Seconds of processor, of the system's share too, that these processes have used so far; nothing
// for one that is gone. Threads and children that were waited for are included.
double cpu_seconds(const std::vector<pid_t>& processes);

// The memory of these processes, shared pages counted once in all (proportional set size).
std::uint64_t shared_out_bytes(const std::vector<pid_t>& processes);

}  // namespace juxta::bench
