// Clients that read, change and write data of a running platform, and write down what they saw.
//
// Each client is a session and a thread of its own: it takes the lock of a datum, reads it, writes
// a new content and releases it, with snapshots in between. What they did is a history
// (operation.h).
//
// Threading: one thread drives; the clients are threads of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "data_service/core/data_access.h"
#include "tests/history/operation.h"

namespace juxta::history {

struct WorkloadOptions {
    std::string config;  // a client configuration; empty: the platform deployed last
    std::string prefix = "h";
    std::string owner;  // cluster that allocates; empty: the clients' own
    std::string protocol = "sequential";
    std::uint64_t clients = 8;
    std::uint64_t data = 4;
    std::uint64_t bytes = 65536;
    std::uint64_t blocks = 1;
    std::uint64_t copies = 3;
    std::uint64_t clusters = 1;
    bool durable = false;
    double snapshots = 0.3;  // part of the loops that only read
    std::uint64_t pause_us = 0;
    std::uint64_t patience_ms = 30000;  // for a lock
    std::uint64_t stall_ms = 50;        // loops that take longer are told
    std::uint64_t seed = 1;
};

struct Stall {
    std::uint64_t client = 0;
    std::uint32_t datum = 0;
    std::uint64_t begun = 0;  // as in the history
    double ms = 0;
    std::string code;  // of the error that it ended with
};

// What one session does, and its part of the history.
class Session {
public:
    struct Shared {
        std::vector<DataId> data;
        std::unique_ptr<std::atomic<std::uint64_t>[]> acknowledged;  // newest version, by datum
        std::uint64_t bytes = 0;
        double stall_ms = 0;
        std::chrono::milliseconds patience{0};
    };
    struct Failures {
        std::uint64_t count = 0;
        std::string first;
    };

    Session(data::DataAccess& access, Shared& shared, std::uint64_t number)
        : access_(access), shared_(shared), number_(number) {}

    // False if it failed; how is written down.
    bool snapshot(std::uint32_t datum);
    bool change(std::uint32_t datum);

    std::uint64_t last_version() const { return last_version_; }

    std::vector<Operation> operations;
    std::vector<float> loops_ms;
    std::vector<Stall> stalls;
    std::map<std::string, Failures> failures;

private:
    Operation begin(Deed deed, std::uint32_t datum) const;
    void end(Operation& operation);
    void failed(Operation& operation, const std::exception& error);
    void read_into(Operation& operation, std::span<const std::byte> content) const;
    void loop_over(std::uint32_t datum, std::uint64_t begun, const std::string& code);
    bool change_locked(std::uint32_t datum);
    bool commit(data::WriteHold& hold, std::uint32_t datum);

    data::DataAccess& access_;
    Shared& shared_;
    const std::uint64_t number_;
    std::uint64_t seq_ = 0;
    std::uint64_t last_version_ = 0;
    std::vector<std::byte> buffer_;
};

class Workload {
public:
    // Connects, allocates the data and writes each once. Throws Error.
    explicit Workload(const WorkloadOptions& options);
    ~Workload();

    void start();
    void stop();
    // While paused, clients end what they are doing and begin nothing.
    void pause(bool paused) { paused_ = paused; }

    // Reads every datum at once, as a new reader, for at most `seconds` each:
    // {"seconds", "unreadable": [...], "stale": [...]}, both empty if all is well.
    nlohmann::json probe(double seconds);

    // After stop(): reads all data again, then tells everything.
    nlohmann::json summary();
    void write_history(const std::string& file) const;

private:
    struct Worker;
    void run(Worker& worker, std::size_t index);
    std::vector<const Session*> sessions() const;

    const WorkloadOptions options_;
    Session::Shared shared_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<Worker> keeper_;  // sets up, probes, reads at the end
    std::atomic<bool> stopping_{false};
    std::atomic<bool> paused_{false};
};

}  // namespace juxta::history
