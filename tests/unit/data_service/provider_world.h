// A few providers in one process, with a manager and a network that are a few lines each.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/provider.h"
#include "data_service/store/disk_store.h"

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
        std::set<std::string> clusters;  // that were registered with
        std::map<Member, std::vector<DiskOffer>> offered;
        std::vector<VolatileDatum> held;
        int tellings = 0;  // of what is held
        int records = 0;
        std::size_t most_recorded = 0;
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

    std::string owner_of(const DataId&) const override { return "c1"; }
    Durations register_provider(const std::string& cluster, const ProviderContact& self,
                                const ProviderRoom&) override {
        state.with([&](State& s) {
            fail_if_away(s);
            s.registrations += 1;
            s.clusters.insert(cluster);
            s.offered.erase(self.self);
            s.knows = true;
        });
        return durations;
    }
    void offer_disks(const std::string&, const Member& self,
                     const std::vector<DiskOffer>& offers) override {
        state.with([&](State& s) { s.offered[self] = offers; });
    }
    void hold_volatile(const std::string&, const Member&,
                       const std::vector<VolatileDatum>& held) override {
        state.with([&](State& s) {
            s.held = held;
            s.tellings += 1;
        });
    }
    BeatReply beat(const std::string&, const BeatReport& report) override {
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
    std::vector<Activated> record(const std::string&, const Member&,
                                  const std::vector<Activated>& activated,
                                  const std::vector<Full>& full) override {
        return state.with([&](State& s) {
            fail_if_away(s);
            s.full.insert(s.full.end(), full.begin(), full.end());
            s.records += 1;
            s.most_recorded = std::max(s.most_recorded, activated.size());
            std::vector<Activated> recorded;
            for (const Activated& one : activated) {
                View& view = s.views[one.group];
                if (view.epoch != one.epoch) continue;
                view.activated = true;
                recorded.push_back(one);
            }
            return recorded;
        });
    }
    std::vector<View> views_of(const DataId& datum) override {
        return state.with([&](State& s) { return std::vector<View>{s.views[{datum, 0}]}; });
    }
    void suspect(const std::string&, const Member& who) override {
        state.with([&](State& s) { s.suspected.insert(who); });
    }
    void cached(const ProviderContact& self, const DataId& datum, Version, bool held) override {
        state.with([&](State& s) { s.cached[{self.name, datum}] = held; });
    }
    std::vector<ProviderContact> providers(const std::string&) override {
        return state.with([](State& s) { return s.contacts; });
    }
    void drain(const std::string&, const std::string&, bool leaving) override {
        state.with([&](State& s) { s.draining = leaving; });
    }

    Guarded<State> state;
    Durations durations;  // told at registration

private:
    static void fail_if_away(const State& s) {
        if (s.away) throw Error(ErrorCode::peer_unreachable, "away");
    }
};

// Of one block.
inline Reservation room_for(const GroupId& group, std::uint64_t bytes, Duration hold = kSecond) {
    Reservation wanted;
    wanted.group = group;
    wanted.spec.type = {ElementType::char8, {bytes}};
    wanted.bytes = bytes;
    wanted.hold = hold;
    wanted.owner = "c1";
    return wanted;
}

class ProviderWorld;

// Delivers at once, to providers that live: one provider's way to the others.
class FakeNetwork final : public PeerLink, public PieceReader {
public:
    explicit FakeNetwork(ProviderWorld& world) : world_(world) {}
    std::vector<Member> post(std::vector<PeerMessage> messages) override;
    void serve(const std::vector<Member>& posted, bool here) override;
    void on_answers(std::function<void(std::vector<PeerMessage>)> answered) override {
        answered_ = std::move(answered);
    }
    std::uint32_t read(const std::string& address, const SegmentId& segment, std::uint64_t offset,
                       std::span<std::byte> into) override;
    void doubt(const std::string& address, const SegmentId& segment) override;

    std::atomic<int> deliveries{0};
    std::atomic<int> flips{0};  // of the next bytes to be read

private:
    ProviderWorld& world_;
    std::function<void(std::vector<PeerMessage>)> answered_;
    Guarded<std::map<Member, std::vector<PeerMessage>>> posted_;
};

class ProviderWorld {
public:
    struct Node {
        Node(const std::string& name, Incarnation incarnation, std::uint64_t memory,
             const std::filesystem::path& disk_folder, std::uint64_t disk_bytes,
             ProviderWorld& world)
            : store(memory),
              disk(disk_folder.empty() ? nullptr
                                       : std::make_unique<DiskStore>(disk_folder, disk_bytes)),
              contacts(world.manager),
              network(world),
              self{provider_id(name), incarnation},
              provider({.self = {.name = name,
                                 .self = self,
                                 .address = name,
                                 .socket_path = {},
                                 .place = {"host-of-" + name, "c1"},
                                 .cache_only = false},
                        .answer_wait = 500 * kMillisecond,
                        .stage_wait = 5 * kSecond,
                        .sweep_interval = 20 * kMillisecond,
                        .garbage_age = 200 * kMillisecond,
                        .scrub_interval = 5 * kMillisecond},
                       store, world.manager, network, network, contacts, disk.get()) {}
        SegmentStore store;
        std::unique_ptr<DiskStore> disk;
        ContactBook contacts;
        FakeNetwork network;
        const Member self;
        std::atomic<bool> dead{false};
        std::atomic<int> reads{0};
        std::atomic<int> fails_after{-1};  // reads; -1: never
        std::atomic<bool> disk_failed{false};
        Provider provider;
    };

    Node& add(const std::string& name, std::uint64_t memory = 64 * kMiB,
              Incarnation incarnation = 1) {
        return start(name, incarnation, memory, {}, 0);
    }
    Node& add_with_disk(const std::string& name, const std::filesystem::path& folder,
                        Incarnation incarnation = 1, std::uint64_t disk_bytes = 64 * kMiB) {
        return start(name, incarnation, 64 * kMiB, folder, disk_bytes);
    }
    // Its memory and its threads go; what is on its disk stays.
    void kill(const std::string& name) {
        std::shared_ptr<Node> node = nodes.at(name);
        node->dead = true;
        node->provider.stop();
        {
            std::lock_guard lock(nodes_mutex);
            nodes.erase(name);
        }
        eventually([&] { return node.use_count() == 1; });  // deliveries to it end
    }
    // From any thread; null: there is none that lives.
    std::shared_ptr<Node> living(const std::function<bool(const std::string&, const Node&)>& is) {
        std::lock_guard lock(nodes_mutex);
        for (const auto& [name, node] : nodes) {
            if (!node->dead && is(name, *node)) return node;
        }
        return nullptr;
    }
    ~ProviderWorld() {
        for (auto& [name, node] : nodes) node->provider.stop();
    }

    static Member member(const std::string& name, Incarnation incarnation = 1) {
        return {provider_id(name), incarnation};
    }

    // Told to everybody.
    void install(const GroupId& group, const View& view) {
        manager.state.with([&](auto& s) { s.views[group] = view; });
        for (auto& [name, node] : nodes) {
            if (!node->dead) node->provider.adopt({{group, view}});
        }
    }

    // As an allocation does: reserved, then view 1, born activated.
    void allocate(const GroupId& group, const std::vector<std::string>& names, std::uint64_t bytes,
                  bool durable = false) {
        View view;
        view.epoch = 1;
        view.activated = true;
        for (const std::string& name : names) {
            Reservation wanted = room_for(group, bytes);
            wanted.spec.durable = durable;
            wanted.spec.copies = static_cast<std::uint16_t>(names.size());
            nodes.at(name)->provider.reserve(wanted);
            view.members.push_back(nodes.at(name)->self);
        }
        install(group, view);
    }

    FakeManager manager;
    std::map<std::string, std::shared_ptr<Node>> nodes;  // changed by the test's thread alone
    std::mutex nodes_mutex;                              // for the others, and for changes
    std::atomic<bool> ended{false};

private:
    Node& start(const std::string& name, Incarnation incarnation, std::uint64_t memory,
                const std::filesystem::path& folder, std::uint64_t disk_bytes) {
        auto node = std::make_shared<Node>(name, incarnation, memory, folder, disk_bytes, *this);
        {
            std::lock_guard lock(nodes_mutex);
            nodes[name] = node;
        }
        manager.state.with([&](auto& s) {
            std::erase_if(s.contacts, [&](const auto& one) { return one.name == name; });
            s.contacts.push_back({name, node->self, name, {}, {"host-of-" + name, "c1"}, false});
        });
        Node* const raw = node.get();
        node->provider.start([this] { ended = true; },
                             [raw](const std::string&) { raw->disk_failed = true; });
        eventually([&] { return node->provider.status().state == ElementState::up; });
        return *node;
    }
};

inline std::vector<Member> FakeNetwork::post(std::vector<PeerMessage> messages) {
    return posted_.with([&](auto& posted) {
        std::vector<Member> fresh;
        for (PeerMessage& message : messages) {
            auto& queue = posted[message.to];
            if (queue.empty()) fresh.push_back(message.to);
            queue.push_back(std::move(message));
        }
        return fresh;
    });
}

inline void FakeNetwork::serve(const std::vector<Member>& posted, bool) {
    for (const Member& to : posted) {
        const auto messages =
            posted_.with([&](auto& waiting) { return std::exchange(waiting[to], {}); });
        const auto node = world_.living([&](auto&, const auto& one) { return one.self == to; });
        if (!node || messages.empty()) continue;
        deliveries += 1;
        const auto answers = node->provider.deliver(messages);
        if (!answers.empty()) answered_(answers);
    }
}

inline std::uint32_t FakeNetwork::read(const std::string& address, const SegmentId& segment,
                                       std::uint64_t offset, std::span<std::byte> into) {
    const auto found =
        world_.living([&](const std::string& name, const auto&) { return name == address; });
    if (!found) throw Error(ErrorCode::peer_unreachable, address + " is dead");
    ProviderWorld::Node& node = *found;
    if (node.fails_after >= 0 && node.reads >= node.fails_after) {
        throw Error(ErrorCode::peer_unreachable, address + " broke");
    }
    node.reads += 1;
    const std::uint32_t crc = node.provider.read(segment, offset, into);
    if (flips > 0) {
        flips -= 1;
        into[into.size() / 2] ^= std::byte{4};
    }
    return crc;
}

inline void FakeNetwork::doubt(const std::string& address, const SegmentId& segment) {
    const auto found =
        world_.living([&](const std::string& name, const auto&) { return name == address; });
    if (found) found->provider.doubt(segment);
}

}  // namespace juxta::data
