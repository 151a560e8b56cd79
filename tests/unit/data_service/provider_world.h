// A few providers in one process, with a manager and a network that are a few lines each.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/provider.h"

namespace juxta::data {

constexpr std::uint64_t kMiB = 1024 * 1024;

inline bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

inline std::vector<std::byte> bytes_of_pattern(std::size_t size, int seed) {
    std::vector<std::byte> content(size);
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::byte>((i * 7 + seed) >> 2);
    return content;
}

// Records what it is told; answers from `views`, which the test sets.
class FakeManager final : public ManagerLink {
public:
    struct Told {
        int registrations = 0;
        std::map<DataId, Version> newest;
        std::map<GroupId, Epoch> epochs;
        std::map<std::pair<std::string, DataId>, bool> cached;
        std::vector<Full> full;
        std::set<Member> suspected;
    };
    struct State : Told {
        std::map<GroupId, View> views;
        std::vector<ProviderContact> contacts;
        bool knows = true;
        bool away = false;
        bool draining = false;
        bool may_end = false;
    };

    FakeManager() {
        durations.heartbeat = 10 * kMillisecond;
        durations.detection = 100 * kMillisecond;
        durations.primary_lease = 60 * kMillisecond;
        durations.lock = 10 * kSecond;  // the writers here renew nothing
        durations.pin = 300 * kMillisecond;
    }

    Durations register_provider(const ProviderContact&, std::uint64_t, std::uint64_t) override {
        state.with([](State& s) {
            fail_if_away(s);
            s.registrations += 1;
            s.knows = true;
        });
        return durations;
    }
    BeatReply beat(const BeatReport& report) override {
        return state.with([&](State& s) {
            fail_if_away(s);
            BeatReply reply{
                .known = s.knows, .views = {}, .draining = s.draining, .may_end = s.may_end};
            for (const auto& [datum, version] : report.versions) s.newest[datum] = version;
            for (const auto& [group, epoch] : report.epochs) {
                s.epochs[group] = epoch;
                if (s.views[group].epoch > epoch) reply.views.push_back({group, s.views[group]});
            }
            return reply;
        });
    }
    bool activated(const Member&, const Activated& message) override {
        return state.with([&](State& s) {
            fail_if_away(s);
            View& view = s.views[message.group];
            if (view.epoch != message.epoch) return false;
            view.activated = true;
            return true;
        });
    }
    void full(const Member&, const Full& message) override {
        state.with([&](State& s) { s.full.push_back(message); });
    }
    std::vector<View> views_of(const DataId& datum) override {
        return state.with([&](State& s) { return std::vector<View>{s.views[{datum, 0}]}; });
    }
    void suspect(const Member& who) override {
        state.with([&](State& s) { s.suspected.insert(who); });
    }
    void cached(const ProviderContact& self, const DataId& datum, Version, bool held) override {
        state.with([&](State& s) { s.cached[{self.name, datum}] = held; });
    }
    std::vector<ProviderContact> providers() override {
        return state.with([](State& s) { return s.contacts; });
    }
    void drain(const std::string&, bool leaving) override {
        state.with([&](State& s) { s.draining = leaving; });
    }

    Guarded<State> state;
    Durations durations;  // told at registration

private:
    static void fail_if_away(const State& s) {
        if (s.away) throw Error(ErrorCode::peer_unreachable, "away");
    }
};

class ProviderWorld;

// Delivers at once, to providers that live.
class FakeNetwork final : public PeerLink, public PieceReader {
public:
    explicit FakeNetwork(ProviderWorld& world) : world_(world) {}
    void send(std::vector<PeerMessage> messages) override;
    void read(const std::string& address, const SegmentId& segment, std::uint64_t offset,
              std::span<std::byte> into) override;

private:
    ProviderWorld& world_;
};

class ProviderWorld {
public:
    struct Node {
        Node(const std::string& name, std::uint64_t memory, ProviderWorld& world)
            : store(memory),
              contacts(world.manager),
              provider({.self = {.name = name,
                                 .self = {provider_id(name), 1},
                                 .address = name,
                                 .socket_path = {},
                                 .place = {"host-of-" + name, "c1"},
                                 .cache_only = false},
                        .answer_wait = 500 * kMillisecond,
                        .stage_wait = 5 * kSecond,
                        .sweep_interval = 20 * kMillisecond,
                        .garbage_age = 200 * kMillisecond},
                       store, world.manager, world.network, world.network, contacts) {}
        SegmentStore store;
        ContactBook contacts;
        Provider provider;
        std::atomic<bool> dead{false};
        std::atomic<int> reads{0};
        std::atomic<int> fails_after{-1};  // reads; -1: never
    };

    Node& add(const std::string& name, std::uint64_t memory = 64 * kMiB) {
        auto& node = nodes[name];
        node = std::make_unique<Node>(name, memory, *this);
        manager.state.with([&](auto& s) {
            s.contacts.push_back({name, member(name), name, {}, {"host-of-" + name, "c1"}, false});
        });
        node->provider.start([this] { ended = true; });
        eventually([&] { return node->provider.status().state == ElementState::up; });
        return *node;
    }
    ~ProviderWorld() {
        for (auto& [name, node] : nodes) node->provider.stop();
    }

    static Member member(const std::string& name) { return {provider_id(name), 1}; }

    // Told to everybody.
    void install(const GroupId& group, const View& view) {
        manager.state.with([&](auto& s) { s.views[group] = view; });
        for (auto& [name, node] : nodes) {
            if (!node->dead) node->provider.adopt({{group, view}});
        }
    }

    // As an allocation does: reserved, then view 1, born activated.
    void allocate(const GroupId& group, const std::vector<std::string>& names,
                  std::uint64_t bytes) {
        View view;
        view.epoch = 1;
        view.activated = true;
        for (const std::string& name : names) {
            nodes.at(name)->provider.reserve(group, bytes, 1, kSecond);
            view.members.push_back(member(name));
        }
        install(group, view);
    }

    FakeManager manager;
    FakeNetwork network{*this};
    std::map<std::string, std::unique_ptr<Node>> nodes;
    std::atomic<bool> ended{false};
};

inline void FakeNetwork::send(std::vector<PeerMessage> messages) {
    for (const PeerMessage& message : messages) {
        for (auto& [name, node] : world_.nodes) {
            if (ProviderWorld::member(name) == message.to && !node->dead)
                node->provider.deliver({message});
        }
    }
}

inline void FakeNetwork::read(const std::string& address, const SegmentId& segment,
                              std::uint64_t offset, std::span<std::byte> into) {
    const auto found = world_.nodes.find(address);
    if (found == world_.nodes.end() || found->second->dead) {
        throw Error(ErrorCode::peer_unreachable, address + " is dead");
    }
    ProviderWorld::Node& node = *found->second;
    if (node.fails_after >= 0 && node.reads >= node.fails_after) {
        throw Error(ErrorCode::peer_unreachable, address + " broke");
    }
    node.reads += 1;
    node.provider.read(segment, offset, into);
}

}  // namespace juxta::data
