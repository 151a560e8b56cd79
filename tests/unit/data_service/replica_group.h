// Several RaftLogs in one process, each with a machine that remembers what it was told, over a
// network in memory that can be cut and can lose messages.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "data_service/consensus/raft_log.h"

namespace juxta::data {

using namespace std::chrono_literals;

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "juxta-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Its state: all entries, in order. A snapshot may be made heavy.
class Memory final : public ReplicatedLog::Machine {
public:
    void apply(std::string_view entry) override {
        std::lock_guard lock(mutex_);
        entries_.emplace_back(entry);
    }
    std::string snapshot() override {
        std::lock_guard lock(mutex_);
        ++snapshots_;
        std::string all;
        for (const std::string& entry : entries_) all += entry + '\n';
        all.insert(0, std::to_string(all.size()) + '\n');
        all.resize(all.size() + weight);
        return all;
    }
    void restore(std::string_view snapshot) override {
        std::lock_guard lock(mutex_);
        ++restores_;
        entries_.clear();
        const auto end = snapshot.find('\n');
        auto all = snapshot.substr(end + 1, std::stoull(std::string(snapshot.substr(0, end))));
        while (!all.empty()) {
            entries_.emplace_back(all.substr(0, all.find('\n')));
            all.remove_prefix(all.find('\n') + 1);
        }
    }
    void role_changed(bool leads, const std::string&) override {
        std::lock_guard lock(mutex_);
        known_when_it_led_ = leads ? entries_.size() : 0;
    }

    std::vector<std::string> entries() const {
        std::lock_guard lock(mutex_);
        return entries_;
    }
    std::size_t known_when_it_led() const {
        std::lock_guard lock(mutex_);
        return known_when_it_led_;
    }
    unsigned snapshots() const {
        std::lock_guard lock(mutex_);
        return snapshots_;
    }
    unsigned restores() const {
        std::lock_guard lock(mutex_);
        return restores_;
    }

    std::size_t weight = 0;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> entries_;
    std::size_t known_when_it_led_ = 0;
    unsigned snapshots_ = 0;
    unsigned restores_ = 0;
};

class NoTransport final : public PeerTransport {
    void deliver(const Replica& to, std::string_view) override {
        throw Error(ErrorCode::peer_unreachable, to.name + " is not there");
    }
};

class ReplicaGroup {
    TemporaryFolder own_;

public:
    explicit ReplicaGroup(unsigned count) {
        settings.group = "c1";
        settings.election_ms = 200;
        settings.heartbeat_ms = 40;
        for (unsigned i = 1; i <= count; ++i) {
            const std::string name = "m" + std::to_string(i);
            settings.replicas.push_back({name, "host:" + std::to_string(i)});
        }
    }
    ~ReplicaGroup() {
        for (const Replica& replica : settings.replicas) stop(replica.name);
    }

    void start_all() {
        for (const Replica& replica : settings.replicas) start(replica.name);
    }
    void start(const std::string& name) {
        auto node = std::make_shared<Node>(*this, name);
        RaftLogSettings mine = settings;
        mine.self = name;
        mine.folder = folder / name;
        node->memory.weight = weight;
        node->log = std::make_unique<RaftLog>(mine, *node);
        {
            std::lock_guard lock(mutex_);
            nodes_[name] = node;
        }
        node->log->start(node->memory);
    }
    // Not politely: nothing it says from now on is heard.
    void stop(const std::string& name) {
        std::shared_ptr<Node> node;
        {
            std::lock_guard lock(mutex_);
            const auto found = nodes_.find(name);
            if (found == nodes_.end()) return;
            node = found->second;
            nodes_.erase(found);
        }
        node->log->stop();
    }
    void cut_off(const std::string& name, bool is_cut = true) {
        std::lock_guard lock(mutex_);
        if (is_cut)
            cut_.insert(name);
        else
            cut_.erase(name);
    }

    RaftLog& log(const std::string& name) { return *node(name)->log; }
    Memory& memory(const std::string& name) { return node(name)->memory; }

    // The one that leads and is not cut off; empty after 10 s without.
    std::string leader() {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (std::chrono::steady_clock::now() < until) {
            for (const auto& [name, node] : nodes()) {
                if (!is_cut(name) && node->log->role().leads) return name;
            }
            std::this_thread::sleep_for(2ms);
        }
        return {};
    }
    std::string follower() {
        const std::string leads = leader();
        for (const auto& [name, node] : nodes()) {
            if (name != leads) return name;
        }
        return {};
    }

    void propose(const std::string& entry, std::chrono::milliseconds patience = 3s) {
        log(leader()).propose(entry, std::chrono::steady_clock::now() + patience);
    }
    // Until it is confirmed, by whoever leads: it may be there twice.
    void propose_until_confirmed(const std::string& entry) {
        const auto until = std::chrono::steady_clock::now() + 30s;
        for (;;) {
            try {
                return propose(entry, 5s);
            } catch (const Error&) {
                if (std::chrono::steady_clock::now() > until) throw;
                std::this_thread::sleep_for(20ms);
            }
        }
    }
    void propose_many(const std::string& prefix, unsigned count) {
        for (unsigned i = 0; i < count; ++i) propose(prefix + std::to_string(i));
    }

    // Whether all that run have the same entries within 20 s.
    bool agree() {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (std::chrono::steady_clock::now() < until) {
            std::set<std::vector<std::string>> states;
            for (const auto& [name, node] : nodes()) states.insert(node->memory.entries());
            if (states.size() == 1) return true;
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }

    RaftLogSettings settings;
    NoTransport nobody;
    const std::filesystem::path folder = own_.path();
    std::size_t weight = 0;                // of each snapshot
    std::atomic<unsigned> lost_of_100{0};  // messages

private:
    struct Node final : PeerTransport {
        Node(ReplicaGroup& all, std::string own) : group(all), name(std::move(own)) {}
        void deliver(const Replica& to, std::string_view message) override {
            group.pass(name, to.name, message);
        }
        ReplicaGroup& group;
        const std::string name;
        Memory memory;
        std::unique_ptr<RaftLog> log;
    };

    void pass(const std::string& from, const std::string& to, std::string_view message) {
        static thread_local std::minstd_rand random(
            std::hash<std::thread::id>{}(std::this_thread::get_id()));
        std::shared_ptr<Node> there;
        {
            std::lock_guard lock(mutex_);
            if (nodes_.contains(to) && nodes_.contains(from) && !cut_.contains(from) &&
                !cut_.contains(to)) {
                there = nodes_[to];
            }
        }
        if (!there || random() % 100 < lost_of_100) {
            throw Error(ErrorCode::peer_unreachable, to + " is not there");
        }
        there->log->receive(message);
    }
    std::map<std::string, std::shared_ptr<Node>> nodes() {
        std::lock_guard lock(mutex_);
        return nodes_;
    }
    std::shared_ptr<Node> node(const std::string& name) {
        std::lock_guard lock(mutex_);
        const auto found = nodes_.find(name);
        if (found == nodes_.end()) throw Error(ErrorCode::not_leader, "nobody leads");
        return found->second;
    }
    bool is_cut(const std::string& name) {
        std::lock_guard lock(mutex_);
        return cut_.contains(name);
    }

    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Node>> nodes_;
    std::set<std::string> cut_;
};

}  // namespace juxta::data
