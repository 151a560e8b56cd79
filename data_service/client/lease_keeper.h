// Renews locks, pins and whatever else must be said again and again, in the background.
//
// What is due is renewed at a quarter of its lease; who is reached by different addresses is
// renewed at the same time, so that one silent provider costs the others nothing.
//
// Threading: any thread; one thread of its own, and short-lived ones where several are due.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/guarded.h"
#include "common/base/time.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

struct Lease {
    enum class Kind { lock, pin };
    Kind kind = Kind::pin;
    DataId datum;
    std::uint64_t number = 0;  // token or version
    ClientId client;
    std::uint64_t rid = 0;
    std::chrono::milliseconds length{5000};
    std::atomic<Time> trusted_until{0};  // by this process's clock
    std::atomic<bool> lost{false};       // refused for good

    std::chrono::milliseconds every() const { return length / 4; }
    // It was granted or renewed by the answer to a request sent at `sent`.
    void renewed(Time sent) { trusted_until = sent + trusted(length.count() * kMillisecond); }
};

class LeaseKeeper {
public:
    using Clock = std::chrono::steady_clock;
    struct Port {
        // Renews; may set `lost`. False: it failed in a way that may pass.
        std::function<bool(Lease&)> renew;
        std::function<std::string(const Lease&)> address_of;  // who will be asked
        std::function<void()> housekeeping;                   // about twice a second
    };

    explicit LeaseKeeper(Port port);
    ~LeaseKeeper();  // ends its thread; what is kept is renewed no longer

    void keep(const std::shared_ptr<Lease>& lease);
    void drop(const std::shared_ptr<Lease>& lease);

private:
    struct Entry {
        std::shared_ptr<Lease> lease;
        Clock::time_point due;
    };
    struct State {
        std::vector<Entry> entries;
        bool stopping = false;
    };

    void run();
    void renew(const std::vector<std::shared_ptr<Lease>>& due);

    Port port_;
    Guarded<State> state_;
    std::thread thread_;
};

}  // namespace juxta::data
