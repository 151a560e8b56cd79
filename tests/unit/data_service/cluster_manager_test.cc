#include "data_service/core/cluster_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

// Providers that exist in the test's mind only.
class FakeCalls final : public ProviderCalls {
public:
    struct State {
        std::set<std::string> full;         // refuse to reserve
        std::set<std::string> unreachable;  // answer nothing
        std::map<std::string, Seen> seen;   // what a probe finds; else alive as registered
        std::map<std::string, std::map<GroupId, View>> adopted;
        int reserved = 0;
    };

    void reserve(const ProviderContact& provider, const GroupId&, std::uint64_t, std::uint32_t,
                 unsigned, unsigned) override {
        state.with([&](State& s) {
            refuse_if_unreachable(s, provider);
            if (s.full.contains(provider.name)) {
                throw Error(ErrorCode::out_of_space, "no room here");
            }
            ++s.reserved;
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

class ClusterManagerTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/juxta-manager-XXXXXX";
        folder_ = ::mkdtemp(name);
        restart();
    }
    void TearDown() override {
        manager_.reset();
        std::filesystem::remove_all(folder_);
    }

    void restart() {
        manager_.reset();
        ClusterManagerSettings settings;
        settings.cluster = "c1";
        settings.folder = folder_;
        settings.durations.heartbeat = 20 * kMillisecond;
        settings.durations.detection = 300 * kMillisecond;
        settings.first_lease = 200 * kMillisecond;
        manager_ = std::make_unique<ClusterManager>(settings, calls_);
        manager_->start();
    }

    static ProviderContact contact(const std::string& name, Incarnation incarnation = 1) {
        return {name, {provider_id(name), incarnation}, "127.0.0.1:1", "/s", {"h-" + name, "c1"},
                false};
    }
    void join(const std::string& name, Incarnation incarnation = 1) {
        manager_->register_provider(contact(name, incarnation), {1000, 0});
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
    DatumInfo allocate(const DataSpec& spec) {
        return manager_->allocate(RequestId::make(), DataId::make("c1"), spec);
    }
    // Beats for all of `alive` until `holds`, for 5 s at most.
    bool until(const std::vector<std::string>& alive, const std::function<bool()>& holds) {
        const auto deadline = Clock::now() + std::chrono::seconds(5);
        while (!holds()) {
            if (Clock::now() > deadline) return false;
            for (const std::string& name : alive) beat(name);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

    std::filesystem::path folder_;
    FakeCalls calls_;
    std::unique_ptr<ClusterManager> manager_;
};

TEST_F(ClusterManagerTest, has_told_all_members_before_an_allocation_is_answered) {
    join("p1");
    join("p2");
    const DatumInfo info = allocate(spec(100, 2));
    EXPECT_EQ(info.blocks.at(0).members.size(), 2u);
    EXPECT_EQ(info.contacts.size(), 2u);
    EXPECT_EQ(info.owner, "c1");
    calls_.state.with([&](FakeCalls::State& s) {
        for (const std::string name : {"p1", "p2"}) {
            const View& told = s.adopted[name][GroupId{info.id, 0}];
            EXPECT_EQ(told.epoch, info.blocks[0].epoch);
        }
    });
}

TEST_F(ClusterManagerTest, gives_the_same_datum_to_a_repeated_request) {
    join("p1");
    const RequestId request = RequestId::make();
    const DatumInfo first = manager_->allocate(request, DataId::make("c1"), spec(1));
    const DatumInfo second = manager_->allocate(request, DataId::make("c1"), spec(1));
    EXPECT_EQ(first.id, second.id);
    EXPECT_EQ(manager_->list().size(), 1u);
}

TEST_F(ClusterManagerTest, places_a_copy_elsewhere_when_a_provider_refuses) {
    join("p1");
    join("p2");
    calls_.state.with([](FakeCalls::State& s) { s.full.insert("p1"); });
    for (int i = 0; i < 5; ++i) {
        const DatumInfo info = allocate(spec(1));
        EXPECT_EQ(info.blocks.at(0).members.at(0).provider, provider_id("p2"));
    }
}

TEST_F(ClusterManagerTest, makes_the_copies_that_can_be_had_and_remembers_how_many_were_wanted) {
    join("p1");
    const DatumInfo info = allocate(spec(1, 3));
    EXPECT_EQ(info.blocks.at(0).members.size(), 1u);
    EXPECT_EQ(info.spec.copies, 3);
}

TEST_F(ClusterManagerTest, names_the_size_and_who_has_how_much_room_when_it_refuses) {
    join("p1");
    beat("p1");
    EXPECT_EQ(failure_of([&] { allocate(spec(5000)); }, "p1 has 1000 of 1000 bytes free"),
              ErrorCode::out_of_space);
    EXPECT_TRUE(manager_->list().empty());
}

TEST_F(ClusterManagerTest, refuses_what_can_never_be_allocated) {
    join("p1");
    DataSpec strange = spec(1);
    strange.protocol = "telepathy";
    EXPECT_EQ(failure_of([&] { allocate(strange); }, "telepathy"), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { allocate(spec(1, 0)); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] {
                  manager_->allocate(RequestId::make(), DataId::make("elsewhere"), spec(1));
              }),
              ErrorCode::invalid_argument);
    DataSpec huge = spec(1);
    huge.type = {ElementType::float64, {std::uint64_t{1} << 40, std::uint64_t{1} << 40}};
    EXPECT_EQ(failure_of([&] { allocate(huge); }), ErrorCode::invalid_argument);
}

TEST_F(ClusterManagerTest, allocates_nothing_at_all_of_zero_bytes) {
    join("p1");
    EXPECT_EQ(allocate(spec(0)).bytes, 0u);
}

TEST_F(ClusterManagerTest, knows_its_data_by_id_and_name_after_a_restart) {
    join("p1");
    DataSpec named = spec(10);
    named.name = "A";
    const DatumInfo before = allocate(named);
    restart();
    EXPECT_EQ(manager_->find(before.id).blocks, before.blocks);
    EXPECT_EQ(manager_->find_by_name("A").id, before.id);
    EXPECT_FALSE(beat("p1").known) << "a provider registers again with a restarted manager";
    join("p1");
    EXPECT_TRUE(beat("p1").known);
    EXPECT_EQ(manager_->consensus_commits(), 0u) << "nothing new was to be logged";
}

TEST_F(ClusterManagerTest, waits_for_the_providers_it_knows_before_it_refuses_after_a_restart) {
    join("p1");
    restart();
    std::thread late([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        join("p1");
    });
    EXPECT_NO_THROW(allocate(spec(1)));
    late.join();
}

TEST_F(ClusterManagerTest, takes_a_name_from_whoever_had_it) {
    join("p1");
    DataSpec named = spec(1);
    named.name = "A";
    const DatumInfo first = allocate(named);
    const DatumInfo second = allocate(named);
    EXPECT_EQ(manager_->find_by_name("A").id, second.id);
    EXPECT_EQ(manager_->find(first.id).spec.name, "");
    manager_->forget_name("A", second.id);
    EXPECT_EQ(manager_->find_by_name("A").id, second.id);
    manager_->forget_name("A", first.id);
    EXPECT_EQ(failure_of([&] { manager_->find_by_name("A"); }), ErrorCode::not_found);
}

TEST_F(ClusterManagerTest, declares_a_datum_lost_once_the_death_of_its_only_provider_is_proven) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    calls_.state.with([](FakeCalls::State& s) {
        s.seen["p1"] = {ProviderCalls::Look::refused, 0};
        s.unreachable.insert("p1");
    });
    manager_->suspect(contact("p1").self);
    EXPECT_TRUE(until({}, [&] { return manager_->find(info.id).lost; }));
    EXPECT_TRUE(manager_->locate({info.id}).empty());
    manager_->free_datum(info.id);
    EXPECT_EQ(failure_of([&] { manager_->find(info.id); }), ErrorCode::not_found);
}

TEST_F(ClusterManagerTest, never_declares_a_datum_lost_for_silence) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    calls_.state.with([](FakeCalls::State& s) { s.seen["p1"] = {ProviderCalls::Look::silent, 0}; });
    manager_->suspect(contact("p1").self);
    std::this_thread::sleep_for(std::chrono::milliseconds(900));  // three times the detection
    EXPECT_FALSE(manager_->find(info.id).lost);
    EXPECT_TRUE(manager_->find(info.id).silent);  // and says so, for clients not to wait in vain
}

TEST_F(ClusterManagerTest, moves_the_primary_when_a_new_incarnation_proves_the_old_one_dead) {
    join("p1");
    join("p2");
    const DatumInfo info = allocate(spec(1, 2));
    const GroupId group{info.id, 0};
    const bool first_is_p1 = info.blocks[0].members[0].provider == provider_id("p1");
    const std::string dead = first_is_p1 ? "p1" : "p2";
    const std::string other = first_is_p1 ? "p2" : "p1";
    join(dead, 2);
    const auto view = calls_.told(other, group, [](const View& v) { return v.epoch > 1; });
    ASSERT_TRUE(view);
    EXPECT_EQ(view->members.front(), contact(other).self);
}

TEST_F(ClusterManagerTest, restores_the_number_of_copies_with_a_provider_that_joins_later) {
    join("p1");
    const DatumInfo info = allocate(spec(1, 2));
    const GroupId group{info.id, 0};
    join("p2");
    ASSERT_TRUE(until({"p1", "p2"}, [&] {
        return manager_->find(info.id).blocks[0].joiner == contact("p2").self;
    }));
    const Epoch epoch = manager_->find(info.id).blocks[0].epoch;
    EXPECT_TRUE(manager_->activated(contact("p1").self, group, epoch));
    EXPECT_TRUE(manager_->activated(contact("p1").self, group, epoch)) << "a repeat";
    EXPECT_FALSE(manager_->activated(contact("p2").self, group, epoch)) << "not the primary";
    manager_->full(contact("p1").self, group, epoch, contact("p2").self);
    EXPECT_EQ(manager_->find(info.id).blocks[0].members.size(), 2u);
}

TEST_F(ClusterManagerTest, tells_a_view_again_to_who_beats_with_an_older_epoch) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    const GroupId group{info.id, 0};
    EXPECT_TRUE(beat("p1", {{group, info.blocks[0].epoch}}).views.empty());
    const BeatAnswer answer = beat("p1", {{group, 0}});
    ASSERT_EQ(answer.views.size(), 1u);
    EXPECT_EQ(answer.views[0].view, info.blocks[0]);
    const GroupId forgotten{DataId::make("c1"), 0};
    const BeatAnswer wipe = beat("p1", {{forgotten, 4}});
    ASSERT_EQ(wipe.views.size(), 1u);
    EXPECT_TRUE(wipe.views[0].view.freed);
    EXPECT_EQ(wipe.views[0].view.epoch, 5u);
    EXPECT_TRUE(beat("p1", {{forgotten, 0}}).views.empty()) << "a mere reservation";
}

TEST_F(ClusterManagerTest, forgets_a_freed_datum_when_everybody_was_told) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    const auto commits = manager_->consensus_commits();
    manager_->free_datum(info.id);
    manager_->free_datum(info.id);
    EXPECT_EQ(failure_of([&] { manager_->find(info.id); }), ErrorCode::not_found);
    EXPECT_TRUE(calls_.told("p1", {info.id, 0}, [](const View& v) { return v.freed; }));
    EXPECT_TRUE(until({"p1"}, [&] { return manager_->consensus_commits() == commits + 2; }));
}

TEST_F(ClusterManagerTest, frees_the_data_of_a_client_that_fell_silent) {
    join("p1");
    DataSpec mine = spec(1);
    mine.lifetime = Lifetime::client;
    mine.client = ClientId{42};
    const DatumInfo info = allocate(mine);
    const DatumInfo other = allocate(spec(1));
    manager_->renew_client(ClientId{42}, 400 * kMillisecond);
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    EXPECT_NO_THROW(manager_->find(info.id));
    const auto gone = [&] {
        try {
            manager_->find(info.id);
            return false;
        } catch (const Error&) {
            return true;
        }
    };
    EXPECT_TRUE(until({"p1"}, gone));
    EXPECT_NO_THROW(manager_->find(other.id));
}

TEST_F(ClusterManagerTest, gives_a_known_client_a_fresh_lease_after_a_restart) {
    join("p1");
    DataSpec mine = spec(1);
    mine.lifetime = Lifetime::client;
    mine.client = ClientId{42};
    const DatumInfo info = allocate(mine);
    restart();
    EXPECT_NO_THROW(manager_->find(info.id));
    manager_->end_client(ClientId{42});
    EXPECT_EQ(failure_of([&] { manager_->find(info.id); }), ErrorCode::not_found);
}

TEST_F(ClusterManagerTest, counts_a_cache_only_while_its_version_is_the_newest) {
    join("p1");
    const DatumInfo info = allocate(spec(8));
    ProviderContact far = contact("far");
    far.place = {"h-far", "c2"};
    beat("p1", {}, {{info.id, 1}});
    manager_->cached(far, info.id, 1, true);
    const DatumLocation written = manager_->locate({info.id})[0];
    ASSERT_EQ(written.copies.size(), 2u);
    EXPECT_EQ(written.copies[0].provider, "p1");
    EXPECT_EQ(written.copies[1].place.cluster, "c2");
    EXPECT_TRUE(written.copies[1].cached);
    beat("p1", {}, {{info.id, 2}});
    EXPECT_EQ(manager_->locate({info.id})[0].copies.size(), 1u) << "the cache is outdated";
    EXPECT_EQ(manager_->find(info.id).newest, 2u);
}

// A result was sent elsewhere by the call right after the one that made it.
TEST_F(ClusterManagerTest, locates_what_was_just_written_before_its_provider_beats) {
    join("p1");
    const DatumInfo info = allocate(spec(8));
    ASSERT_EQ(manager_->locate({info.id})[0].copies.size(), 1u);
    ProviderContact far = contact("far");
    manager_->cached(far, info.id, 1, true);
    EXPECT_EQ(manager_->locate({info.id})[0].copies.size(), 2u);
}

TEST_F(ClusterManagerTest, refuses_a_dead_incarnation_and_a_foreign_provider) {
    join("p1", 3);
    EXPECT_EQ(failure_of([&] { join("p1", 2); }), ErrorCode::stale_version);
    ProviderContact foreign = contact("p2");
    foreign.place.cluster = "c2";
    EXPECT_EQ(failure_of(
                  [&] {
                      manager_->register_provider(foreign, {1, 0});
                  },
                  "c2"),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { manager_->drain("nobody", true); }, "nobody"), ErrorCode::not_found);
}

TEST_F(ClusterManagerTest, decides_many_allocations_at_once) {
    join("p1");
    in_parallel(8, [&](std::size_t) {
        for (int i = 0; i < 20; ++i) allocate(spec(1));
    });
    EXPECT_EQ(manager_->list().size(), 160u);
    const auto before = manager_->list().size();
    restart();
    EXPECT_EQ(manager_->list().size(), before);
}

}  // namespace
}  // namespace juxta::data
