// A client that does one thing without end: lock a block, put it whole, unlock it.
//
// Each release's version must be there at the next lock: what is not is counted as lost.
//
// Threading: a thread of its own between start() and stop(); the results are read after that.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "juxta/client.h"

namespace juxta::bench {

class LoopingClient {
public:
    using Clock = std::chrono::steady_clock;
    // From the first attempt to lock until the release was acknowledged, in s after `origin`.
    struct Loop {
        double begun = 0;
        double took = 0;
    };

    // Connects and allocates the block.
    LoopingClient(const std::string& configuration, std::uint64_t bytes, unsigned copies,
                  Clock::time_point origin);
    ~LoopingClient();  // frees the block

    const DataId& datum() const { return datum_; }

    void start();
    void stop();
    // One lock-put-unlock, by this thread; not between start() and stop(). Error.
    void once();

    // Reads the block once more: the last acknowledged content must be there.
    void check_last();

    std::vector<Loop> loops;
    std::vector<std::string> errors;  // the first few
    std::uint64_t acknowledged = 0;
    std::uint64_t unknown = 0;
    std::uint64_t lost = 0;

private:
    void run();
    void fill();

    Client client_;
    DataId datum_;
    const Clock::time_point origin_;
    std::vector<std::byte> content_;
    std::uint64_t number_ = 0;        // of the content in content_
    std::uint64_t last_version_ = 0;  // acknowledged
    std::uint64_t last_number_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace juxta::bench
