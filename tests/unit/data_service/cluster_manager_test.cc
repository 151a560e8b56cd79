#include "data_service/core/cluster_manager.h"

#include <gtest/gtest.h>

#include <set>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "tests/refusal.h"
#include "tests/unit/data_service/manager_world.h"

namespace juxta::data {
namespace {

using ClusterManagerTest = ManagerWorld;

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
    EXPECT_EQ(all().size(), 1u);
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
    EXPECT_TRUE(all().empty());
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

TEST_F(ClusterManagerTest, has_probed_and_recorded_a_death_before_the_suspicion_is_answered) {
    join("p1");
    join("p2");
    const DatumInfo info = allocate(spec(1, 2));
    calls_.state.with([](FakeCalls::State& s) {
        s.seen["p1"] = {ProviderCalls::Look::refused, 0};
    });
    manager_->suspect(contact("p1").self);
    const DatumInfo now = manager_->find(info.id);
    EXPECT_FALSE(now.blocks[0].has(contact("p1").self)) << "nobody is sent to the dead again";
    EXPECT_EQ(now.blocks[0].epoch, 2U);
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
    EXPECT_TRUE(activated("p1", group, epoch));
    EXPECT_TRUE(activated("p1", group, epoch)) << "a repeat";
    EXPECT_FALSE(activated("p2", group, epoch)) << "not the primary";
    manager_->record(contact("p1").self, {}, {{group, epoch, contact("p2").self}});
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
    foreign.place.cluster = "nowhere";
    EXPECT_EQ(failure_of(
                  [&] {
                      manager_->register_provider(foreign, {1, 0});
                  },
                  "nowhere"),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { manager_->drain("nobody", true); }, "nobody"), ErrorCode::not_found);
}

TEST_F(ClusterManagerTest, decides_many_allocations_at_once) {
    join("p1");
    in_parallel(8, [&](std::size_t) {
        for (int i = 0; i < 20; ++i) allocate(spec(1));
    });
    EXPECT_EQ(all().size(), 160u);
    const auto before = all().size();
    restart();
    EXPECT_EQ(all().size(), before);
}

// -- blocks
// ----------------------------------------------------------------------------------------

TEST_F(ClusterManagerTest, places_the_blocks_of_a_datum_over_its_providers) {
    for (const std::string name : {"p1", "p2", "p3", "p4"}) join(name);
    DataSpec blocks = spec(400);
    blocks.block_bytes = {100, 100, 150, 50};
    const DatumInfo info = allocate(blocks);
    ASSERT_EQ(info.blocks.size(), 4u);
    std::set<ProviderId> places;
    for (const View& view : info.blocks) places.insert(view.members.at(0).provider);
    EXPECT_EQ(places.size(), 4u);
    calls_.state.with([&](FakeCalls::State& s) {
        std::uint64_t bytes = 0;
        for (const auto& [name, reserved] : s.reserved) {
            for (const Reservation& one : reserved) {
                bytes += one.bytes;
                EXPECT_EQ(one.owner, "c1");
                EXPECT_EQ(one.bytes, blocks.block_bytes.at(one.group.block));
                EXPECT_EQ(s.adopted[name][one.group].epoch, 1u);
            }
        }
        EXPECT_EQ(bytes, 400u);
    });
}

TEST_F(ClusterManagerTest, refuses_blocks_that_do_not_make_the_datum) {
    join("p1");
    for (const std::vector<std::uint64_t>& sizes :
         {std::vector<std::uint64_t>{100, 100}, {400, 1}, {~std::uint64_t{0}, 401}}) {
        DataSpec blocks = spec(400);
        blocks.block_bytes = sizes;
        EXPECT_EQ(failure_of([&] { allocate(blocks); }, "400"), ErrorCode::invalid_argument);
    }
    EXPECT_TRUE(all().empty());
}

TEST_F(ClusterManagerTest, allocates_all_blocks_or_none) {
    join("p1");
    DataSpec blocks = spec(1500);
    blocks.block_bytes = {100, 1400};
    EXPECT_EQ(failure_of([&] { allocate(blocks); }), ErrorCode::out_of_space);
    EXPECT_TRUE(all().empty());
}

// -- durable
// ---------------------------------------------------------------------------------------

TEST_F(ClusterManagerTest, puts_durable_data_where_there_is_a_disk_or_says_who_has_none) {
    join("p1");
    DataSpec durable = spec(100);
    durable.durable = true;
    EXPECT_EQ(failure_of([&] { allocate(durable); }, "p1 has no disk"), ErrorCode::out_of_space);
    join_with("p2", {1000, 0, 5000, 0});
    EXPECT_EQ(allocate(durable).blocks[0].members[0].provider, provider_id("p2"));
    const auto commits = manager_->consensus_commits();
    durable.persistence = Persistence::volatile_;  // until it is complete
    allocate(durable);
    EXPECT_EQ(manager_->consensus_commits(), commits + 1);
}

TEST_F(ClusterManagerTest, takes_a_durable_copy_back_after_everything_was_killed) {
    join_with("p1", {1000, 0, 5000, 0});
    DataSpec durable = spec(100);
    durable.durable = true;
    const DatumInfo info = allocate(durable);
    const GroupId group{info.id, 0};
    restart();
    join_with("p1", {1000, 0, 5000, 0}, 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(manager_->find(info.id).lost) << "its disk was not heard of yet";
    EXPECT_TRUE(manager_->find(info.id).silent);
    const Member again = contact("p1", 2).self;
    manager_->offer_disks(again, {{group, 1}}, true);
    ASSERT_TRUE(calls_.told("p1", group, [&](const View& v) { return v.primary() == again; }));
    EXPECT_FALSE(manager_->find(info.id).silent);
}

TEST_F(ClusterManagerTest, declares_a_durable_datum_lost_when_its_disk_came_back_empty) {
    join_with("p1", {1000, 0, 5000, 0});
    DataSpec durable = spec(100);
    durable.durable = true;
    const DatumInfo info = allocate(durable);
    join_with("p1", {1000, 0, 5000, 0}, 2);
    manager_->offer_disks(contact("p1", 2).self, {}, true);
    EXPECT_TRUE(until({}, [&] { return manager_->find(info.id).lost; }));
}

// -- volatile data
// ---------------------------------------------------------------------------------

TEST_F(ClusterManagerTest, agrees_on_nothing_for_volatile_data) {
    join("p1");
    const auto commits = manager_->consensus_commits();
    const RequestId request = RequestId::make();
    const DatumInfo info = manager_->allocate(request, DataId::make("c1"), volatile_spec());
    EXPECT_EQ(manager_->allocate(request, DataId::make("c1"), volatile_spec()).id, info.id);
    EXPECT_EQ(manager_->find(info.id).blocks.at(0).members.at(0), contact("p1").self);
    EXPECT_EQ(manager_->locate({info.id}).size(), 1u);
    EXPECT_EQ(all().size(), 1u);
    beat("p1", {{{info.id, 0}, 1}}, {{info.id, 3}});
    EXPECT_EQ(manager_->find(info.id).newest, 3u);
    manager_->free_datum(info.id);
    EXPECT_EQ(failure_of([&] { manager_->find(info.id); }), ErrorCode::not_found);
    EXPECT_TRUE(calls_.told("p1", {info.id, 0}, [](const View& v) { return v.freed; }));
    EXPECT_EQ(manager_->consensus_commits(), commits);
}

TEST_F(ClusterManagerTest, makes_a_volatile_datum_known_to_all_when_it_is_to_stay) {
    join("p1");
    DataSpec mine = volatile_spec();
    mine.lifetime = Lifetime::client;
    mine.client = ClientId{7};
    const DatumInfo info = allocate(mine);
    manager_->change({.id = info.id, .name = "A", .persistence = Persistence::persistent});
    EXPECT_EQ(manager_->find_by_name("A").blocks, info.blocks);
    manager_->end_client(ClientId{7});
    restart();
    EXPECT_EQ(manager_->find(info.id).spec.persistence, Persistence::persistent);
}

TEST_F(ClusterManagerTest, loses_a_volatile_datum_with_its_provider) {
    join("p1");
    const DatumInfo info = allocate(volatile_spec());
    join("p1", 2);
    EXPECT_TRUE(manager_->find(info.id).lost);
}

TEST_F(ClusterManagerTest, frees_the_volatile_data_of_a_client_that_ended_or_fell_silent) {
    join("p1");
    DataSpec mine = volatile_spec();
    mine.lifetime = Lifetime::client;
    mine.client = ClientId{7};
    const DatumInfo first = allocate(mine);
    manager_->end_client(ClientId{7});
    EXPECT_TRUE(calls_.told("p1", {first.id, 0}, [](const View& v) { return v.freed; }));
    const DatumInfo second = allocate(mine);
    EXPECT_TRUE(until({"p1"}, [&] { return all().empty(); }));
    EXPECT_TRUE(calls_.told("p1", {second.id, 0}, [](const View& v) { return v.freed; }));
}

TEST_F(ClusterManagerTest, moves_the_volatile_data_of_a_leaving_provider) {
    join("p1");
    const DatumInfo info = allocate(volatile_spec());
    join("p2");
    manager_->drain("p1", true);
    EXPECT_FALSE(beat("p1").may_end);
    EXPECT_TRUE(until({"p1", "p2"}, [&] {
        return manager_->find(info.id).blocks[0].joiner == contact("p2").self;
    }));
}

// -- lives and changes
// -----------------------------------------------------------------------------

TEST_F(ClusterManagerTest, frees_a_datum_whose_lease_nobody_renews) {
    join("p1");
    DataSpec leased = spec(1);
    leased.lifetime = Lifetime::lease;
    leased.lease_ms = 150;
    const DatumInfo kept = allocate(leased), left = allocate(leased);
    const auto start = Clock::now();
    while (Clock::now() - start < std::chrono::milliseconds(400)) {
        manager_->renew_datum(kept.id);
        beat("p1");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_NO_THROW(manager_->find(kept.id));
    EXPECT_EQ(failure_of([&] { manager_->find(left.id); }), ErrorCode::not_found);
    leased.lease_ms = 0;
    EXPECT_EQ(failure_of([&] { allocate(leased); }), ErrorCode::invalid_argument);
}

TEST_F(ClusterManagerTest, gives_a_lease_to_a_living_datum) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    EXPECT_EQ(manager_->change({.id = info.id, .lease_ms = 100}).spec.lease_ms, 100u);
    EXPECT_TRUE(until({"p1"}, [&] { return all().empty(); }));
}

TEST_F(ClusterManagerTest, refuses_changes_that_make_no_sense_and_keeps_the_datum_as_it_was) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    const auto refusal = [&](const ChangeDatum& change) {
        return failure_of([&] { manager_->change(change); }, "nothing was changed");
    };
    EXPECT_EQ(refusal({.id = info.id, .copies = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(refusal({.id = info.id, .clusters = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(refusal({.id = info.id, .lease_ms = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(refusal({.id = info.id, .copies = 2, .persistence = Persistence::unique_sticky}),
              ErrorCode::invalid_argument);
    EXPECT_EQ(refusal({.id = info.id, .name = "d:1"}), ErrorCode::invalid_argument);
    EXPECT_EQ(manager_->find(info.id).spec, info.spec);
}

TEST_F(ClusterManagerTest, refuses_to_make_a_durable_datum_volatile) {
    join_with("p1", {1000, 0, 5000, 0});
    DataSpec durable = spec(100);
    durable.durable = true;
    const DatumInfo info = allocate(durable);
    for (const Persistence mode : {Persistence::volatile_, Persistence::strictly_volatile}) {
        EXPECT_EQ(failure_of([&] { manager_->change({.id = info.id, .persistence = mode}); },
                             "nothing was changed"),
                  ErrorCode::invalid_argument);
    }
    manager_->change({.id = info.id, .persistence = Persistence::sticky});
    EXPECT_EQ(manager_->find(info.id).spec.persistence, Persistence::sticky);
}

TEST_F(ClusterManagerTest, lists_page_by_page_in_the_order_of_ids) {
    join("p1");
    std::set<DataId> made;
    for (int i = 0; i < 10; ++i) {
        made.insert(allocate(i % 2 == 0 ? spec(1) : volatile_spec()).id);
    }
    std::vector<DataId> listed;
    for (DataId after; listed.size() < 10; after = listed.back()) {
        const auto page = manager_->list(after, 3);
        ASSERT_FALSE(page.empty());
        for (const DatumInfo& info : page) listed.push_back(info.id);
    }
    EXPECT_EQ(listed, std::vector<DataId>(made.begin(), made.end()));
}

// -- costs
// -----------------------------------------------------------------------------------------

TEST_F(ClusterManagerTest, records_a_batch_of_activations_as_one_entry) {
    join("p1");
    join("p2");
    std::vector<std::pair<GroupId, Epoch>> activated;
    for (int i = 0; i < 50; ++i) activated.push_back({{allocate(spec(1, 2)).id, 0}, 2});
    calls_.state.with([](FakeCalls::State& s) { s.full.insert("p1"); });  // it joins nothing
    const std::size_t before = order_.size();
    join("p1", 2);
    EXPECT_EQ(order_.size(), before + 1) << "one command for a death, whatever it held";
    const auto recorded = manager_->record(contact("p2").self, activated, {});
    EXPECT_EQ(recorded.size(), 50u);
    EXPECT_LE(order_.size(), before + 4);
}

TEST_F(ClusterManagerTest, has_a_joiner_make_room_before_the_view_names_it) {
    join("p1");
    const DatumInfo info = allocate(spec(100, 2));
    calls_.state.with([](FakeCalls::State& s) { s.full.insert("p2"); });
    join("p2");
    EXPECT_FALSE(until(
        {"p1", "p2"}, [&] { return named_joiner(info.id); }, 300));
    calls_.state.with([](FakeCalls::State& s) { s.full.clear(); });
    EXPECT_TRUE(until({"p1", "p2"}, [&] { return named_joiner(info.id); }));
    calls_.state.with([&](FakeCalls::State& s) {
        ASSERT_FALSE(s.reserved["p2"].empty());
        EXPECT_EQ(s.reserved["p2"].back().spec.copies, 2u);
        EXPECT_EQ(s.reserved["p2"].back().bytes, 100u);
    });
}

// -- several clusters
// ------------------------------------------------------------------------------

TEST_F(ClusterManagerTest, keeps_copies_in_another_cluster_and_decides_about_them) {
    join("p1");
    others_.state.with([](FakeClusters::State& s) { s.providers = {guest("q1"), guest("q2")}; });
    DataSpec wide = spec(10);
    wide.clusters = 2;
    const DatumInfo info = allocate(wide);
    const View& view = info.blocks.at(0);
    ASSERT_EQ(view.members.size(), 2u);
    EXPECT_EQ(view.members[0], contact("p1").self) << "the owner's member is the primary";
    EXPECT_EQ(info.contacts.size(), 2u);
    const std::string there = view.members[1] == guest("q1").self ? "q1" : "q2";
    EXPECT_TRUE(calls_.told(there, {info.id, 0}, [](const View& v) { return v.epoch == 1; }));
    EXPECT_EQ(manager_->providers().size(), 2u) << "members find guests by their own manager";

    manager_->register_provider(guest(there), {1000, 0});
    EXPECT_TRUE(manager_->beat({guest(there).self, {1000, 0}, {}, {}}).known);
    calls_.state.with([&](FakeCalls::State& s) {
        s.seen[there] = {ProviderCalls::Look::silent, 0};
        s.unreachable.insert(there);
    });
    others_.state.with([](FakeClusters::State& s) { s.cut_off = true; });
    EXPECT_TRUE(until({"p1"}, [&] {
        return manager_->find(info.id).blocks[0].members.size() == 1;
    })) << "cut off, it goes after the detection time";
}

TEST_F(ClusterManagerTest, allocates_in_its_own_cluster_when_the_others_are_cut_off) {
    join("p1");
    others_.state.with([](FakeClusters::State& s) { s.cut_off = true; });
    DataSpec wide = spec(10);
    wide.clusters = 2;
    const DatumInfo info = allocate(wide);
    EXPECT_EQ(info.blocks.at(0).members.size(), 1u);
    others_.state.with([](FakeClusters::State& s) {
        s.cut_off = false;
        s.providers = {guest("q1")};
    });
    EXPECT_TRUE(until({"p1"}, [&] {
        return manager_->find(info.id).blocks[0].joiner == guest("q1").self;
    })) << "the copy is made up for";
}

}  // namespace
}  // namespace juxta::data
