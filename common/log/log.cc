#include "common/log/log.h"

#include <atomic>
#include <boost/core/null_deleter.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/sync_frontend.hpp>
#include <boost/log/sinks/text_ostream_backend.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/make_shared.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>

namespace juxta::log {
namespace {

namespace logging = boost::log;

std::atomic<Level> threshold{Level::warning};

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: break;
    }
    return "error";
}

Level wanted(Level configured) {
    const char* text = std::getenv("JUXTA_LOG");
    if (text == nullptr) return configured;
    for (Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
        if (name_of(level) == text) return level;
    }
    return configured;
}

std::string& element_name() {
    static std::string name;
    return name;
}

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::tm broken{};
    gmtime_r(&seconds, &broken);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", broken.tm_year + 1900,
                       broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
                       broken.tm_sec, millis);
}

}  // namespace

void start(const Settings& settings) {
    threshold = wanted(settings.level);
    element_name() = settings.element;
    if (!settings.to_stderr) return;
    using Sink = logging::sinks::synchronous_sink<logging::sinks::text_ostream_backend>;
    auto sink = boost::make_shared<Sink>();
    sink->locked_backend()->add_stream(
        boost::shared_ptr<std::ostream>(&std::clog, boost::null_deleter()));
    sink->locked_backend()->auto_flush(true);
    sink->set_formatter(logging::expressions::stream << logging::expressions::smessage);
    logging::core::get()->remove_all_sinks();
    logging::core::get()->add_sink(sink);
}

bool enabled(Level level) noexcept { return level >= threshold.load(std::memory_order_relaxed); }

void write(Level level, std::string_view text) {
    thread_local logging::sources::severity_logger<Level> logger;
    BOOST_LOG_SEV(logger, level) << timestamp() << ' ' << name_of(level) << ' ' << element_name()
                                 << ": " << text;
}

}  // namespace juxta::log
