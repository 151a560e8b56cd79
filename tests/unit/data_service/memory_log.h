// Replicated logs in memory: several replicas that share one order, led by whom the test says.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/replicated_log.h"

namespace juxta::data {

// The order of all replicas of one manager, and who leads. Outlives them.
class SharedOrder {
public:
    // Whoever led before is told that he does not, the new one that he does. Nobody: -1.
    void lead(int replica) {
        std::lock_guard lock(mutex_);
        leader_ = replica;
        ++term_;
        changed_.notify_all();
    }
    std::size_t size() {
        std::lock_guard lock(mutex_);
        return entries_.size();
    }
    // The next proposal is kept, or not, and its proposer told `unavailable`.
    void lose_next_answer(bool keep) {
        std::lock_guard lock(mutex_);
        losing_ = keep ? Losing::answer : Losing::entry;
    }
    // From now on proposals find no majority.
    void cut(bool is_cut) {
        std::lock_guard lock(mutex_);
        cut_ = is_cut;
    }
    // What is before the end is forgotten, as after a snapshot: replicas that start get that.
    void keep_snapshot(std::string snapshot) {
        std::lock_guard lock(mutex_);
        snapshot_ = std::move(snapshot);
        snapshot_end_ = entries_.size();
    }

private:
    friend class MemoryLog;
    enum class Losing { nothing, answer, entry };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> entries_;
    std::string snapshot_;
    std::size_t snapshot_end_ = 0;
    int leader_ = 0;
    std::uint64_t term_ = 1;
    Losing losing_ = Losing::nothing;
    bool cut_ = false;
};

class MemoryLog final : public ReplicatedLog {
public:
    MemoryLog(SharedOrder& order, int self) : order_(order), self_(self) {}
    ~MemoryLog() override { stop(); }

    void start(Machine& machine) override {
        machine_ = &machine;
        thread_ = std::thread([this] { run(); });
        std::unique_lock lock(order_.mutex_);
        order_.changed_.wait(lock, [&] { return told_term_ != 0; });
    }
    void stop() override {
        {
            std::lock_guard lock(order_.mutex_);
            stopping_ = true;
            order_.changed_.notify_all();
        }
        if (thread_.joinable()) thread_.join();
    }

    void propose(std::string entry, std::chrono::steady_clock::time_point deadline) override {
        std::unique_lock lock(order_.mutex_);
        if (order_.leader_ != self_) {
            throw Error(ErrorCode::not_leader, "another one leads", address(order_.leader_));
        }
        const auto losing = std::exchange(order_.losing_, SharedOrder::Losing::nothing);
        if (losing == SharedOrder::Losing::entry || order_.cut_) {
            throw Error(ErrorCode::unavailable, "no majority");
        }
        order_.entries_.push_back(std::move(entry));
        const std::size_t mine = order_.entries_.size();
        order_.changed_.notify_all();
        if (losing == SharedOrder::Losing::answer) throw Error(ErrorCode::unavailable, "lost");
        const bool applied = order_.changed_.wait_until(
            lock, deadline, [&] { return applied_ >= mine || stopping_; });
        if (!applied || applied_ < mine) throw Error(ErrorCode::unavailable, "too late");
    }

    Role role() const override {
        std::lock_guard lock(order_.mutex_);
        return {order_.leader_ == self_, address(order_.leader_), order_.term_};
    }

private:
    static std::string address(int replica) {
        return replica < 0 ? "" : "m" + std::to_string(replica) + ":1";
    }

    void run() {
        std::unique_lock lock(order_.mutex_);
        if (order_.snapshot_end_ > 0) {
            const std::string snapshot = order_.snapshot_;
            applied_ = order_.snapshot_end_;
            lock.unlock();
            machine_->restore(snapshot);
            lock.lock();
        }
        while (!stopping_) {
            if (applied_ < order_.entries_.size()) {
                const std::string entry = order_.entries_[applied_];
                lock.unlock();
                machine_->apply(entry);
                lock.lock();
                ++applied_;
            } else if (told_term_ != order_.term_) {
                const bool leads = order_.leader_ == self_;
                const std::string leader = address(order_.leader_);
                const std::uint64_t term = order_.term_;
                lock.unlock();
                machine_->role_changed(leads, leader);
                lock.lock();
                told_term_ = term;
            } else {
                order_.changed_.wait(lock);
                continue;
            }
            order_.changed_.notify_all();
        }
    }

    SharedOrder& order_;
    const int self_;
    Machine* machine_ = nullptr;
    std::size_t applied_ = 0;
    std::uint64_t told_term_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace juxta::data
