#include "tools/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>

namespace juxta::tools {

std::string one_line(std::string text) {
    constexpr std::size_t most = 4000;
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
        text.pop_back();
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    if (text.size() > most) text = text.substr(0, most) + " ...";
    return text;
}

void print_error(bool json, const Error& error) {
    fmt::print(stderr, "juxta: {}\n", one_line(error.what()));
    if (!json) return;
    const nlohmann::json document{
        {"error", {{"code", name_of(error.code())}, {"message", error.what()}}}};
    std::printf("%s\n",
                document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

int run_reporting(bool json, const std::function<int()>& command) {
    try {
        return command();
    } catch (const Error& e) {
        print_error(json, e);
    } catch (const std::bad_alloc&) {
        print_error(json, Error(ErrorCode::out_of_space,
                                "this machine has not enough free memory for that"));
    } catch (const std::exception& e) {
        print_error(json, Error(ErrorCode::internal, e.what()));
    }
    return kFailure;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double size = static_cast<double>(bytes);
    const char* unit = "KiB";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
        size /= 1024;
        unit = next;
        if (size < 1024) break;
    }
    return fmt::format("{:.1f} {}", size, unit);
}

std::string human_seconds(double seconds) {
    if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
    if (seconds < 1) return fmt::format("{:.2f} ms", seconds * 1e3);
    return fmt::format("{:.2f} s", seconds);
}

data::Progress progress_of(std::string what) {
    using Clock = std::chrono::steady_clock;
    struct State {
        Clock::time_point begun = Clock::now();
        Clock::time_point shown = Clock::now();
        bool any = false;
    };
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    return [what = std::move(what), state = std::make_shared<State>(), terminal](
               std::uint64_t done, std::uint64_t total) {
        const auto now = Clock::now();
        const bool last = done == total;
        const auto pause =
            terminal ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000);
        if (now - state->begun < std::chrono::seconds(2)) return;
        if (!last && state->any && now - state->shown < pause) return;
        if (last && !state->any) return;
        state->shown = now;
        state->any = true;
        const double seconds = std::chrono::duration<double>(now - state->begun).count();
        const double share =
            total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
        const std::string line = fmt::format(
            "{}: {:.0f} % of {}, {}/s", what, 100 * share, human_bytes(total),
            human_bytes(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)));
        std::fprintf(stderr,
                     terminal && !last ? "\r%s "
                     : terminal        ? "\r%s \n"
                                       : "%s\n",
                     line.c_str());
    };
}

std::uint64_t bytes_of(const std::vector<Movement>& moved) {
    std::uint64_t bytes = 0;
    for (const Movement& movement : moved) bytes += movement.bytes;
    return bytes;
}

int tell_moved(const DataId& id, const std::string& name, Version version, std::uint64_t bytes,
               std::uint64_t moved, bool as_json, const char* verb) {
    if (as_json) {
        const nlohmann::json document{
            {"id", to_string(id)}, {"version", version}, {"bytes", bytes}, {"bytes_moved", moved}};
        fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        fmt::print("{}{}{} version {}: {} {}, {} moved\n", to_string(id), name.empty() ? "" : " ",
                   name, version, human_bytes(bytes), verb, human_bytes(moved));
    }
    return kSuccess;
}

void write_stdout(std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, content.data(), content.size());
        if (written < 0)
            throw Error(ErrorCode::invalid_argument, "cannot write to standard output");
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace juxta::tools
