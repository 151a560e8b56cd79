// Many operations through one client, at the word of a test. One command a line on standard input,
// one JSON object a line on standard output:
//
//     echo N THREADS [SERVER]   N calls of testing/echo; SERVER: only that SeD
//     async N                   the same, submitted eight at a time and waited for
//     array N                   N calls of linalg/scale: an array by value in, an array out, freed
//     put N                     N small data put
//     get                       each of them read once
//     free                      and freed
//
//     {"count", "seconds", "p50_us", "p99_us", "calls_out", "rss_kib"}
//
// calls_out: CORBA invocations that this process has sent so far, rss_kib its resident size. A
// failure ends the program with one line and status 1.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "common/orb/node.h"
#include "juxta/client.h"

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    }
    return 0;
}

double microseconds(Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

// `count` times `operation(i)`, dealt out to `threads`; the time of each.
std::vector<float> timed(std::size_t count, std::size_t threads,
                         const std::function<void(std::size_t)>& operation) {
    std::vector<float> times(count);
    std::atomic<std::size_t> next{0};
    std::mutex failure_mutex;
    std::exception_ptr failure;
    const auto work = [&] {
        try {
            for (std::size_t i = next++; i < count; i = next++) {
                const auto begun = Clock::now();
                operation(i);
                times[i] = static_cast<float>(microseconds(Clock::now() - begun));
            }
        } catch (...) {
            const std::lock_guard lock(failure_mutex);
            failure = std::current_exception();
            next = count;
        }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    if (failure) std::rethrow_exception(failure);
    return times;
}

void report(std::size_t count, std::size_t threads,
            const std::function<void(std::size_t)>& operation) {
    const auto begun = Clock::now();
    std::vector<float> times = timed(count, threads, operation);
    const double seconds = microseconds(Clock::now() - begun) / 1e6;
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
        return times.empty() ? 0 : times[static_cast<std::size_t>(part * (times.size() - 1.0))];
    };
    const float p50 = at(0.5), p99 = at(0.99);
    times = {};
    fmt::print(R"({{"count": {}, "seconds": {:.3f}, "p50_us": {:.1f}, "p99_us": {:.1f}, )"
               R"("calls_out": {}, "rss_kib": {}}})"
               "\n",
               count, seconds, p50, p99, juxta::orb::calls_out(), resident_kib());
    std::fflush(stdout);
}

class ManyCalls {
public:
    explicit ManyCalls(const std::string& configuration)
        : client_(juxta::Client::connect(configuration)) {}

    void obey(const std::string& line) {
        std::istringstream words(line);
        std::string command, server;
        std::size_t count = 0, threads = 1;
        words >> command >> count >> threads >> server;
        if (command == "echo") {
            const std::vector<juxta::Arg> arguments{juxta::Arg(1.5)};
            juxta::CallOptions options;
            options.server = server;
            report(count, threads, [&](std::size_t) {
                const auto result = client_.call("testing/echo", arguments, options);
                check(juxta::scalar_of<double>(result, "out") == 1.5);
            });
        } else if (command == "async") {
            report((count + 7) / 8, 1, [&](std::size_t) { eight_at_once(); });
        } else if (command == "array") {
            const std::vector<double> small(64, 1.5);
            report(count, 1, [&](std::size_t) { scale(small); });
        } else if (command == "put") {
            std::vector<double> small(16, 0.5);
            report(count, 1, [&](std::size_t) {
                data_.push_back(client_.put<double>(std::span<const double>(small), {16}));
            });
        } else if (command == "get") {
            report(data_.size(), 1, [&](std::size_t i) { data_[i].get(); });
        } else if (command == "free") {
            report(data_.size(), 1, [&](std::size_t i) { data_[i].free(); });
            data_.clear();
        } else {
            throw juxta::Error(juxta::ErrorCode::invalid_argument, "unknown command: " + line);
        }
    }

private:
    static void check(bool right) {
        if (!right) throw juxta::Error(juxta::ErrorCode::internal, "a call gave a wrong result");
    }

    void eight_at_once() {
        std::vector<juxta::Future> calls;
        for (int i = 0; i < 8; ++i) calls.push_back(client_.submit("testing/echo", {i + 0.5}));
        for (int i = 0; i < 8; ++i)
            check(juxta::scalar_of<double>(calls[i].get(), "out") == i + 0.5);
    }

    void scale(const std::vector<double>& small) {
        const juxta::Arg array(std::span<const double>(small), {8, 8});
        const auto result = client_.call("linalg/scale", {array, juxta::Arg(2.0)});
        const auto output = client_.output<double>(result, "B");
        check(output.get().at(63) == 3.0);
        output.free();
    }

    juxta::Client client_;
    std::vector<juxta::Data<double>> data_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        ManyCalls program(argc > 1 ? argv[1] : "");
        for (std::string line; std::getline(std::cin, line);) program.obey(line);
        return 0;
    } catch (const std::exception& e) {
        fmt::print(stderr, "many_calls: {}\n", e.what());
        return 1;
    }
}
