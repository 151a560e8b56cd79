#include "bench/processes.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace juxta::bench {
namespace {

std::string proc(pid_t process, const char* file) {
    return "/proc/" + std::to_string(process) + "/" + file;
}

}  // namespace

double cpu_seconds(const std::vector<pid_t>& processes) {
    constexpr int kFieldsBefore = 11;  // after the name: state up to cmajflt
    std::uint64_t ticks = 0;
    for (const pid_t process : processes) {
        std::ifstream file(proc(process, "stat"));
        std::string line;
        std::getline(file, line);
        const auto name_end = line.rfind(')');
        if (name_end == std::string::npos) continue;
        std::istringstream fields(line.substr(name_end + 1));
        std::string skipped;
        for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
        std::uint64_t user = 0, system = 0, children_user = 0, children_system = 0;
        fields >> user >> system >> children_user >> children_system;
        ticks += user + system + children_user + children_system;
    }
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t shared_out_bytes(const std::vector<pid_t>& processes) {
    std::uint64_t kib = 0;
    for (const pid_t process : processes) {
        std::ifstream file(proc(process, "smaps_rollup"));
        for (std::string line; std::getline(file, line);) {
            if (!line.starts_with("Pss:")) continue;
            std::uint64_t value = 0;
            std::istringstream(line.substr(4)) >> value;
            kib += value;
        }
    }
    return kib * 1024;
}

}  // namespace juxta::bench
