// Many calls at once, whose ends are counted.
//
//     call_storm run SERVICE N FILE SECONDS   N calls SERVICE(FILE, "i", SECONDS), in flight
//     together;
//                                             "submitted" on standard output once they are
//     call_storm stop N SEED                  N calls of several kinds, 24 in flight, each ended by
//     a
//                                             cancel or a deadline at a random moment of its life
//
// The last line is a JSON object: {"done", "failed", "cancelled", "codes": {code: count},
// "done_lines", "latest_ms"}; latest_ms: from the cancel or the deadline to the end that was seen,
// the slowest. A call without an end is never counted: the program hangs, and its test fails.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "juxta/client.h"

namespace {

using namespace juxta;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Ends {
public:
    void count(const CallResult& result, int line = -1) {
        const std::lock_guard lock(mutex_);
        states_[std::string(name_of(result.state))] += 1;
        if (result.state == CallState::done && line >= 0) lines_.push_back(line);
        if (result.state != CallState::done) codes_[std::string(name_of(result.error))] += 1;
        if (result.state != CallState::done)
            messages_[std::string(name_of(result.error))] = result.message;
    }
    void late(double milliseconds) {
        const std::lock_guard lock(mutex_);
        latest_ms_ = std::max(latest_ms_, milliseconds);
    }
    void print() const {
        nlohmann::json told{{"done", 0},
                            {"failed", 0},
                            {"cancelled", 0},
                            {"codes", codes_},
                            {"messages", messages_},
                            {"done_lines", lines_},
                            {"latest_ms", latest_ms_}};
        for (const auto& [state, count] : states_) told[state] = count;
        fmt::print("{}\n", told.dump());
    }

private:
    std::mutex mutex_;
    std::map<std::string, int> states_, codes_;
    std::map<std::string, std::string> messages_;
    std::vector<int> lines_;
    double latest_ms_ = 0;
};

void run(const Client& client, const std::string& service, int count, const std::string& file,
         double seconds) {
    std::vector<Future> calls;
    for (int i = 0; i < count; ++i) {
        calls.push_back(client.submit(service, {file, std::to_string(i), seconds}));
    }
    fmt::print("submitted\n");
    std::fflush(stdout);
    Ends ends;
    for (int i = 0; i < count; ++i) ends.count(calls[static_cast<std::size_t>(i)].wait(), i);
    ends.print();
}

// One call, ended at a random moment.
class Stopped {
public:
    Stopped(const Client& client, std::uint64_t seed) : client_(client), dice_(seed) {}

    void once(Ends& ends) {
        CallOptions options;
        const bool by_deadline = below(2) == 0;
        const double after_s = below(250) / 1000.0 + 0.001;
        if (by_deadline) options.deadline_s = after_s;
        const auto begun = Clock::now();
        const Future call = submit(options);
        if (!by_deadline) {
            std::this_thread::sleep_until(begun + std::chrono::duration<double>(after_s));
            const auto asked = Clock::now();
            call.cancel();
            ends.count(call.wait());
            ends.late(since(asked));
        } else {
            ends.count(call.wait());
            ends.late(since(begun) - after_s * 1000);
        }
    }

private:
    Future submit(const CallOptions& options) {
        switch (below(6)) {
            case 0: return client_.submit("echo", {1.0}, options);
            case 1: return client_.submit("spin", {0.05}, options);
            case 2: return client_.submit("produce", {0.1}, options);
            case 3: {
                const std::vector<double> matrix(200 * 200, 1.0);
                return client_.submit(
                    "scale", {Arg(std::span<const double>(matrix), {200, 200}), 2.0}, options);
            }
            default: return client_.submit("sleep", {5.0}, options);
        }
    }
    std::uint64_t below(std::uint64_t end) { return dice_() % end; }
    static double since(Clock::time_point start) {
        return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    }

    const Client& client_;
    std::mt19937_64 dice_;
};

void stop(const Client& client, int count, std::uint64_t seed) {
    constexpr int width = 24;
    Ends ends;
    std::vector<std::thread> threads;
    for (int i = 0; i < width; ++i) {
        threads.emplace_back([&, i] {
            Stopped stopped(client, seed * 1000 + static_cast<std::uint64_t>(i));
            for (int n = i; n < count; n += width) stopped.once(ends);
        });
    }
    for (std::thread& thread : threads) thread.join();
    ends.print();
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    try {
        const Client client = Client::connect();
        if (words.size() == 5 && words[0] == "run") {
            run(client, words[1], std::stoi(words[2]), words[3], std::stod(words[4]));
        } else if (words.size() == 3 && words[0] == "stop") {
            stop(client, std::stoi(words[1]), std::stoull(words[2]));
        } else {
            return 2;
        }
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
    return 0;
}
