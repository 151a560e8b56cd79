// Logging, behind one facade. Boost.Log is named in log.cc only.
//
//     log::info("joined cluster c1 as incarnation 4");
//     log::warning("no answer from {}", name);       // fmt's syntax, checked when compiled
//
// Any thread. Before start() nothing is written but warnings and errors, to standard error.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace juxta::log {

enum class Level { debug, info, warning, error };

struct Settings {
    std::string element;        // printed on each line, e.g. "p1"
    Level level = Level::info;  // JUXTA_LOG=debug|info|warning|error overrides it
    bool to_stderr = true;      // daemons: standard error is their log file
};

// Call once, from main, before other threads start.
void start(const Settings& settings);

bool enabled(Level level) noexcept;
void write(Level level, std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::debug))
        write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::warning))
        write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::error))
        write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace juxta::log
