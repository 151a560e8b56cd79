// Managers of a cluster c1 whose providers, and whose neighbour cluster c2, exist in the test's
// mind.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/cluster_manager.h"
#include "tests/unit/data_service/memory_log.h"

namespace juxta::data {

using Clock = std::chrono::steady_clock;

// Providers that exist in the test's mind only.
class FakeCalls final : public ProviderCalls {
public:
    struct State {
        std::set<std::string> full;         // refuse to reserve
        std::set<std::string> unreachable;  // answer nothing
        std::map<std::string, Seen> seen;   // what a probe finds; else alive as registered
        std::map<std::string, std::map<GroupId, View>> adopted;
        std::map<std::string, std::vector<Reservation>> reserved;
    };

    void reserve(const ProviderContact& provider, const std::vector<Reservation>& wanted,
                 unsigned) override {
        state.with([&](State& s) {
            refuse_if_unreachable(s, provider);
            if (s.full.contains(provider.name)) {
                throw Error(ErrorCode::out_of_space, "no room here");
            }
            std::ranges::copy(wanted, std::back_inserter(s.reserved[provider.name]));
        });
    }
    void adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
               unsigned) override {
        state.change([&](State& s) {
            refuse_if_unreachable(s, provider);
            for (const GroupView& view : views) s.adopted[provider.name][view.group] = view.view;
        });
    }
    Seen look_at(const ProviderContact& provider, unsigned) override {
        return state.with([&](State& s) {
            const auto found = s.seen.find(provider.name);
            if (found != s.seen.end()) return found->second;
            return Seen{Look::alive, provider.self.incarnation};
        });
    }

    // What `provider` was last told of the group; waits a moment for it.
    std::optional<View> told(const std::string& provider, const GroupId& group,
                             const std::function<bool(const View&)>& wanted) {
        return state.wait_until(
            Clock::now() + std::chrono::seconds(5),
            [&](State& s) {
                return s.adopted[provider].contains(group) && wanted(s.adopted[provider][group]);
            },
            [&](State& s) { return s.adopted[provider][group]; });
    }

    Guarded<State> state;

private:
    static void refuse_if_unreachable(State& s, const ProviderContact& provider) {
        if (s.unreachable.contains(provider.name)) {
            throw Error(ErrorCode::peer_unreachable, "gone");
        }
    }
};

class FakeClusters final : public OtherClusters {
public:
    struct State {
        std::vector<ProviderContact> providers;  // of c2
        bool cut_off = false;
    };
    std::vector<std::string> names() const override { return {"c2"}; }
    std::vector<ProviderContact> providers(const std::string&, unsigned) override {
        return state.with([](State& s) {
            if (s.cut_off) throw Error(ErrorCode::peer_unreachable, "cut off");
            return s.providers;
        });
    }
    Guarded<State> state;
};

class ManagerWorld : public testing::Test {
protected:
    void SetUp() override { restart(); }

    void restart() {
        manager_.reset();
        log_ = std::make_unique<MemoryLog>(order_, 0);
        manager_ = std::make_unique<ClusterManager>(settings(), *log_, calls_, &others_);
        manager_->start();
    }
    static ClusterManagerSettings settings() {
        ClusterManagerSettings settings;
        settings.cluster = "c1";
        settings.durations.heartbeat = 20 * kMillisecond;
        settings.durations.detection = 300 * kMillisecond;
        settings.first_lease = 200 * kMillisecond;
        return settings;
    }

    static ProviderContact contact(const std::string& name, Incarnation incarnation = 1) {
        return {name, {provider_id(name), incarnation}, "127.0.0.1:1", "/s", {"h-" + name, "c1"},
                false};
    }
    void join(const std::string& name, Incarnation incarnation = 1) {
        join_with(name, {1000, 0}, incarnation);
    }
    void join_with(const std::string& name, const Room& room, Incarnation incarnation = 1) {
        manager_->register_provider(contact(name, incarnation), room);
        manager_->hold_volatile(contact(name, incarnation).self, {}, true);
    }
    BeatAnswer beat(const std::string& name, std::vector<std::pair<GroupId, Epoch>> epochs = {},
                    std::vector<std::pair<DataId, Version>> versions = {}) {
        return manager_->beat(
            {contact(name).self, {1000, 0}, std::move(epochs), std::move(versions)});
    }
    static DataSpec spec(std::uint64_t bytes, std::uint16_t copies = 1) {
        DataSpec spec;
        spec.type = {ElementType::char8, {bytes}};
        spec.copies = copies;
        return spec;
    }
    static DataSpec volatile_spec() {
        DataSpec made = spec(10);
        made.persistence = Persistence::volatile_;
        return made;
    }
    static ProviderContact guest(const std::string& name) {
        ProviderContact made = contact(name);
        made.place.cluster = "c2";
        return made;
    }
    bool named_joiner(const DataId& id) {
        return manager_->find(id).blocks.at(0).joiner.has_value();
    }
    DatumInfo allocate(const DataSpec& spec) {
        return manager_->allocate(RequestId::make(), DataId::make("c1"), spec);
    }
    std::vector<DatumInfo> all() { return manager_->list({}, 1000); }
    bool activated(const std::string& primary, const GroupId& group, Epoch epoch) {
        return !manager_->record(contact(primary).self, {{group, epoch}}, {}).empty();
    }
    // Beats for all of `alive` until `holds`, for 5 s at most.
    bool until(const std::vector<std::string>& alive, const std::function<bool()>& holds,
               int most_ms = 5000) {
        const auto deadline = Clock::now() + std::chrono::milliseconds(most_ms);
        while (!holds()) {
            if (Clock::now() > deadline) return false;
            for (const std::string& name : alive) beat(name);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

    SharedOrder order_;
    FakeCalls calls_;
    FakeClusters others_;
    std::unique_ptr<MemoryLog> log_;
    std::unique_ptr<ClusterManager> manager_;
};

}  // namespace juxta::data
