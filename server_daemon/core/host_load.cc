#include "server_daemon/core/host_load.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

namespace juxta::sed {
namespace {

double available_memory() {
    std::ifstream table("/proc/meminfo");
    std::string name;
    double kibibytes = 0;
    while (table >> name >> kibibytes) {
        if (name == "MemAvailable:") return kibibytes * 1024;
        table.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

double free_cores() {
    const double cores = std::max(1u, std::thread::hardware_concurrency());
    double load = 0;
    if (::getloadavg(&load, 1) != 1) load = 0;
    return std::max(0.0, cores - load);
}

}  // namespace

HostLoad::Numbers HostLoad::numbers(Time now) {
    const bool stale = state_.with([&](State& state) {
        if (state.known && now - state.asked < kSecond) return false;
        // Whoever comes meanwhile takes the old numbers.
        state.asked = now;
        return true;
    });
    if (stale) {
        const Numbers fresh{available_memory(), free_cores()};
        state_.with([&](State& state) {
            state.numbers = fresh;
            state.known = true;
        });
    }
    return state_.with([](State& state) { return state.numbers; });
}

}  // namespace juxta::sed
