// The overseer: whom it takes for silent, what it proposes, who gets the copies.
#include "data_service/core/overseer.h"

#include <gtest/gtest.h>

namespace juxta::data {
namespace {

const DataId kDatum{Id128{1, 1}};
const GroupId kHome{kDatum, 0};
constexpr Time kStart = 1000 * kSecond;

Member member(std::uint64_t provider, Incarnation incarnation = 1) {
    return {ProviderId{provider}, incarnation};
}

class OverseerOfFive : public ::testing::Test {
protected:
    OverseerOfFive() : overseer(durations, [](std::uint64_t) { return 0; }) {
        for (std::uint64_t p = 1; p <= 5; ++p) join(member(p), "h" + std::to_string(p));
    }
    void join(const Member& self, const std::string& host, std::uint64_t capacity = 1000,
              std::uint64_t disk = 0, const std::string& cluster = {}) {
        RegisterProvider command;
        command.contact.name = "p" + std::to_string(self.provider.value);
        command.contact.self = self;
        command.contact.place = {host, cluster};
        command.capacity_bytes = capacity;
        command.disk_bytes = disk;
        directory.apply(command);
    }
    void all_heard(Time at, std::set<std::uint64_t> but = {}) {
        for (std::uint64_t p = 1; p <= 5; ++p) {
            if (!but.contains(p)) overseer.heard(member(p), at);
        }
    }
    void allocate_more(std::uint64_t number, std::vector<Member> members,
                       std::uint64_t bytes = 100) {
        AllocateDatum command;
        command.request = RequestId{Id128{8, number}};
        command.id = DataId{Id128{3, number}};
        command.spec.copies = 2;
        command.bytes = bytes;
        command.members = {std::move(members)};
        ASSERT_TRUE(directory.apply(command).accepted);
    }
    void allocate_durable(std::vector<Member> members) {
        AllocateDatum command;
        command.request = RequestId{Id128{9, 1}};
        command.id = kDatum;
        command.spec.copies = 1;
        command.spec.durable = true;
        command.members = {std::move(members)};
        ASSERT_TRUE(directory.apply(command).accepted);
    }
    void allocate(std::vector<Member> members, std::uint16_t copies, std::uint16_t clusters = 1) {
        AllocateDatum command;
        command.request = RequestId{Id128{9, 1}};
        command.id = kDatum;
        command.spec.copies = copies;
        command.spec.clusters = clusters;
        command.bytes = 100;
        command.members = {std::move(members)};
        ASSERT_TRUE(directory.apply(command).accepted);
    }
    // Reviews and applies until nothing is left to do.
    void settle(Time now) {
        for (int round = 0; round < 10; ++round) {
            const auto commands = overseer.review(directory, now);
            if (commands.empty()) return;
            for (const Command& command : commands) ASSERT_TRUE(directory.apply(command).accepted);
        }
        FAIL() << "it never settles";
    }
    View view() const { return (*directory.find(kHome)).view; }

    Durations durations;
    Directory directory;
    Overseer overseer;
};

// 1 to 3 in the owner's cluster, 4 and 5 in another.
class OverseerOfClusters : public OverseerOfFive {
protected:
    OverseerOfClusters() {
        for (std::uint64_t p = 1; p <= 5; ++p) {
            join(member(p), "h" + std::to_string(p), 1000, 0, p <= 3 ? "" : "c2");
        }
        all_heard(kStart);
    }
    // The members when all that was asked for is done.
    std::vector<Member> settled(Time now = kStart) {
        for (int round = 0; round < 30; ++round) {
            const View now_installed = view();
            if (!now_installed.activated) {
                directory.apply(
                    RecordActivated{kHome, now_installed.epoch, now_installed.members.front()});
            } else if (now_installed.joiner) {
                directory.apply(RecordFull{kHome, now_installed.epoch, *now_installed.joiner});
            } else {
                const auto commands = overseer.review(directory, now);
                if (commands.empty()) break;
                for (const Command& command : commands) directory.apply(command);
            }
        }
        return view().members;
    }
};

TEST_F(OverseerOfFive, evicts_who_is_silent_for_the_detection_time) {
    allocate({member(1), member(2)}, 2);
    all_heard(kStart);
    const Time later = kStart + durations.detection;
    all_heard(later, {2, 3, 4, 5});
    EXPECT_TRUE(overseer.review(directory, later).empty());
    settle(later + 1);
    EXPECT_EQ(view().members, (std::vector<Member>{member(1)}));
    EXPECT_FALSE(view().joiner) << "nobody joins before the view is activated";
}

TEST_F(OverseerOfFive, counts_silence_from_its_own_start_for_who_was_never_heard) {
    allocate({member(1), member(2)}, 2);
    EXPECT_TRUE(overseer.review(directory, kStart).empty());
    all_heard(kStart + durations.detection, {2});
    EXPECT_TRUE(overseer.review(directory, kStart + durations.detection).empty());
    EXPECT_FALSE(overseer.is_silent(member(2), kStart + durations.detection));
    EXPECT_TRUE(overseer.is_silent(member(2), kStart + durations.detection + 1));
}

TEST_F(OverseerOfFive, evicts_the_dead_at_once) {
    allocate({member(1), member(2)}, 2);
    all_heard(kStart);
    directory.apply(ConfirmDead{member(1)});
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2)}));
}

TEST_F(OverseerOfFive, goes_back_to_the_holders_when_a_view_dies_before_its_activation) {
    allocate({member(1), member(2)}, 2);
    all_heard(kStart);
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    directory.apply(ConfirmDead{member(1)});
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2)}));
}

TEST_F(OverseerOfFive, waits_for_a_last_holder_that_is_only_silent) {
    allocate({member(1), member(2)}, 2);
    all_heard(kStart);
    directory.apply(ConfirmDead{member(1)});
    const Time later = kStart + durations.detection + 1;
    all_heard(later, {1, 2});
    settle(later);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2)}));
    EXPECT_FALSE(directory.is_lost(kDatum));
    directory.apply(ConfirmDead{member(2)});
    settle(later);
    EXPECT_TRUE(directory.is_lost(kDatum));
}

TEST_F(OverseerOfFive, fills_up_to_the_number_of_copies_on_another_host) {
    join(member(3), "h1");
    allocate({member(1), member(2)}, 3);
    all_heard(kStart);
    settle(kStart);
    ASSERT_TRUE(view().joiner);
    EXPECT_EQ(*view().joiner, member(4));
}

TEST_F(OverseerOfFive, lets_a_member_leave_whose_copy_nobody_can_take_while_others_have_one) {
    allocate({member(1), member(2), member(3), member(4), member(5)}, 5);
    all_heard(kStart);
    directory.apply(DrainProvider{ProviderId{2}});
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(1), member(3), member(4), member(5)}));
}

TEST_F(OverseerOfFive, drops_a_joiner_that_dies_drains_or_is_needed_no_more) {
    allocate({member(1), member(2)}, 3);
    all_heard(kStart);
    settle(kStart);
    const auto first = view().joiner;
    directory.apply(DrainProvider{first->provider});
    settle(kStart);
    ASSERT_TRUE(view().joiner);  // another one
    EXPECT_NE(view().joiner, first);
    directory.apply(ChangeDatum{kDatum, {}, 2, {}});
    settle(kStart);
    EXPECT_FALSE(view().joiner);
}

TEST_F(OverseerOfFive, removes_a_leaver_first_then_the_youngest) {
    allocate({member(1), member(2), member(3)}, 2);
    directory.apply(DrainProvider{ProviderId{1}});
    all_heard(kStart);
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2), member(3)}));
    directory.apply(RecordActivated{kHome, view().epoch, member(2)});
    directory.apply(ChangeDatum{kDatum, {}, 1, {}});
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2)}));
}

TEST_F(OverseerOfFive, replaces_a_leaver_before_it_goes) {
    allocate({member(1)}, 1);
    directory.apply(DrainProvider{ProviderId{1}});
    all_heard(kStart);
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(1)}));
    ASSERT_TRUE(view().joiner);
    const Member joiner = *view().joiner;
    directory.apply(RecordActivated{kHome, view().epoch, member(1)});
    directory.apply(RecordFull{kHome, view().epoch, joiner});
    directory.apply(RecordActivated{kHome, view().epoch, member(1)});
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{joiner}));
}

TEST_F(OverseerOfFive, looks_only_at_the_groups_asked_for) {
    allocate({member(1), member(2)}, 2);
    all_heard(kStart);
    directory.apply(ChangeDatum{.id = kDatum, .copies = 3});
    EXPECT_TRUE(overseer.review(directory, kStart, {{DataId{Id128{7, 7}}, 0}}).empty());
    EXPECT_EQ(overseer.review(directory, kStart, {kHome}).size(), 1u);
}

TEST_F(OverseerOfFive, forgets_a_freed_datum_after_a_while) {
    allocate({member(1)}, 1);
    all_heard(kStart);
    directory.apply(FreeDatum{kDatum});
    EXPECT_TRUE(overseer.review(directory, kStart).empty());
    EXPECT_EQ(overseer.review(directory, kStart + durations.row + 1).size(), 1u);
}

// -- silence, by provider
// ------------------------------------------------------------------------------

TEST_F(OverseerOfFive, proposes_one_eviction_for_a_silent_provider_whatever_it_holds) {
    allocate({member(1), member(2)}, 2);
    for (std::uint64_t i = 0; i < 50; ++i) allocate_more(i, {member(2), member(3)});
    all_heard(kStart);
    const Time later = kStart + durations.detection + 1;
    all_heard(later, {2, 4});
    const auto commands = overseer.evictions(directory, later);
    ASSERT_EQ(commands.size(), 1u) << "4 holds nothing";
    EXPECT_EQ(std::get<Evict>(commands[0]).who, member(2));
    EXPECT_TRUE(overseer.evictions(directory, later).empty());
    overseer.undecided(commands[0]);
    EXPECT_EQ(overseer.evictions(directory, later).size(), 1u);
    EXPECT_EQ(directory.apply(commands[0]).views.size(), 51u);
    overseer.heard(member(2), later);
    EXPECT_EQ(overseer.evictions(directory, later + durations.detection + 1).size(), 3u);
}

TEST_F(OverseerOfFive, says_what_is_settled_and_what_to_look_at_again) {
    allocate({member(1), member(2)}, 6);
    all_heard(kStart);
    directory.apply(ChangeDatum{.id = kDatum, .copies = 2});
    EXPECT_TRUE(overseer.look_at(directory, kHome, kStart).settled);
    directory.apply(ChangeDatum{.id = kDatum, .copies = 5});
    for (const std::uint64_t p : {3, 4, 5}) directory.apply(DrainProvider{ProviderId{p}});
    const auto verdict = overseer.look_at(directory, kHome, kStart);
    EXPECT_FALSE(verdict.command);
    EXPECT_FALSE(verdict.settled) << "nobody can take the missing copies now";
}

// -- disks
// -----------------------------------------------------------------------------------------

TEST_F(OverseerOfFive, waits_for_the_disk_of_a_durable_datum_whose_holders_all_died) {
    allocate_durable({member(1), member(2)});
    all_heard(kStart);
    directory.apply(ConfirmDead{member(1)});
    directory.apply(ConfirmDead{member(2)});
    settle(kStart);
    EXPECT_FALSE(directory.is_lost(kDatum));
    EXPECT_FALSE(overseer.look_at(directory, kHome, kStart).settled);

    join(member(2, 2), "h2");
    overseer.heard(member(2, 2), kStart);
    overseer.offered(directory, member(2, 2), kHome, 1);
    settle(kStart);
    EXPECT_EQ(view().members, (std::vector<Member>{member(2, 2)}));
}

TEST_F(OverseerOfFive, declares_a_durable_datum_lost_when_all_came_back_without_it) {
    allocate_durable({member(1), member(2)});
    all_heard(kStart);
    for (std::uint64_t p = 1; p <= 2; ++p) {
        directory.apply(ConfirmDead{member(p)});
        join(member(p, 2), "h" + std::to_string(p));
        overseer.heard(member(p, 2), kStart);
        settle(kStart);
        EXPECT_FALSE(directory.is_lost(kDatum)) << "it may still offer its copy";
    }
    overseer.offers_complete(member(1, 2));
    settle(kStart);
    EXPECT_FALSE(directory.is_lost(kDatum));
    overseer.offers_complete(member(2, 2));
    settle(kStart);
    EXPECT_TRUE(directory.is_lost(kDatum));
}

TEST_F(OverseerOfFive, takes_no_copy_that_was_written_before_its_provider_was_a_holder) {
    join(member(1, 3), "h1");
    allocate_durable({member(1, 3)});
    all_heard(kStart, {1});
    join(member(1, 4), "h1");
    overseer.heard(member(1, 4), kStart);
    overseer.offered(directory, member(1, 4), kHome, 2);
    overseer.offers_complete(member(1, 4));
    settle(kStart);
    EXPECT_TRUE(directory.is_lost(kDatum));
}

TEST_F(OverseerOfFive, puts_durable_copies_only_where_there_is_a_disk_with_room) {
    all_heard(kStart);
    Overseer::Wanted wanted;
    wanted.bytes = 10;
    wanted.durable = true;
    EXPECT_TRUE(overseer.candidates(directory, wanted, 5, kStart).empty());
    join(member(3), "h3", 1000, 500);
    join(member(4), "h4", 1000, 5);
    EXPECT_EQ(overseer.candidates(directory, wanted, 5, kStart), (std::vector<Member>{member(3)}));
    overseer.room(ProviderId{3}, 1000, 0, 9);
    EXPECT_TRUE(overseer.candidates(directory, wanted, 5, kStart).empty());
}

// -- several clusters
// ----------------------------------------------------------------------------------

TEST_F(OverseerOfClusters, keeps_its_copies_in_each_of_so_many_clusters) {
    allocate({member(1)}, 1, 2);
    EXPECT_EQ(settled(), (std::vector<Member>{member(1), member(4)}));
    directory.apply(ChangeDatum{.id = kDatum, .copies = 2});
    EXPECT_EQ(settled(), (std::vector<Member>{member(1), member(4), member(2), member(5)}));
    directory.apply(ChangeDatum{.id = kDatum, .clusters = 1});
    EXPECT_EQ(settled(), (std::vector<Member>{member(1), member(2)}));
}

TEST_F(OverseerOfClusters, gives_up_surplus_copies_though_more_clusters_are_wanted_than_there_are) {
    allocate({member(1), member(2), member(3)}, 3, 9);
    EXPECT_EQ(settled().size(), 5u);
    directory.apply(ChangeDatum{.id = kDatum, .copies = 1});
    EXPECT_EQ(settled(), (std::vector<Member>{member(1), member(4)}));
}

TEST_F(OverseerOfClusters, goes_on_without_a_cluster_that_is_cut_off_and_returns_to_it) {
    allocate({member(1)}, 1, 2);
    settled();
    const Time later = kStart + durations.detection + 1;
    for (std::uint64_t p = 1; p <= 3; ++p) overseer.heard(member(p), later);
    EXPECT_EQ(settled(later), (std::vector<Member>{member(1)}));
    EXPECT_FALSE(overseer.look_at(directory, kHome, later).settled);
    for (std::uint64_t p = 4; p <= 5; ++p) overseer.heard(member(p), later);
    EXPECT_EQ(settled(later).size(), 2u);
}

TEST_F(OverseerOfClusters, gives_the_primarys_role_back_to_the_owners_cluster) {
    allocate({member(1)}, 1, 2);
    settled();
    directory.apply(ConfirmDead{member(1)});
    EXPECT_EQ(view().members, (std::vector<Member>{member(4)}));
    EXPECT_EQ(settled(), (std::vector<Member>{member(2), member(4)}));
}

TEST_F(OverseerOfClusters, does_not_probe_guests_that_keep_nothing_here) {
    EXPECT_TRUE(overseer.to_probe(directory, kStart).empty());
    const Time later = kStart + 3 * durations.heartbeat;
    for (std::uint64_t p = 1; p <= 3; ++p) overseer.heard(member(p), later);
    EXPECT_TRUE(overseer.to_probe(directory, later).empty());
}

// -- restoring, beside the work of others
// -------------------------------------------------------------------

TEST_F(OverseerOfFive, fills_few_large_copies_or_many_small_ones_of_one_provider_at_a_time) {
    for (const auto& [bytes, most] :
         {std::pair<std::uint64_t, std::size_t>{1 << 30, 4}, {1000, 64}}) {
        Directory cluster;
        Overseer fresh(durations, [](std::uint64_t) { return 0; });
        std::swap(directory, cluster);
        for (std::uint64_t p = 1; p <= 2; ++p) {
            join(member(p), "h" + std::to_string(p), std::uint64_t{1} << 60);
            fresh.heard(member(p), kStart);
        }
        for (std::uint64_t i = 0; i < 100; ++i) allocate_more(i, {member(1)}, bytes);
        EXPECT_EQ(fresh.review(directory, kStart).size(), most);
        EXPECT_TRUE(fresh.review(directory, kStart, {{DataId{Id128{3, 99}}, 0}}).empty());
        fresh.not_joined({DataId{Id128{3, 0}}, 0});
        EXPECT_EQ(fresh.review(directory, kStart, {{DataId{Id128{3, 99}}, 0}}).size(), 1u);
        std::swap(directory, cluster);
    }
}

TEST_F(OverseerOfFive, sends_many_small_copies_of_one_source_the_same_way_for_a_while) {
    all_heard(kStart);
    for (std::uint64_t i = 0; i < 60; ++i) allocate_more(i, {member(1)}, 1);
    std::vector<Member> joiners;
    for (const Command& command : overseer.review(directory, kStart))
        joiners.push_back(*std::get<ChangeView>(command).joiner);
    ASSERT_EQ(joiners.size(), 60u);
    const std::set<Member> first(joiners.begin(), joiners.begin() + 8);
    EXPECT_GE(first.size(), 4u) << "a few are spread";
    const std::set<Member> rest(joiners.begin() + 9, joiners.end());
    EXPECT_EQ(rest.size(), 1u);
}

TEST_F(OverseerOfFive, leaves_time_between_the_turns_of_small_copies) {
    const std::size_t some = overseer.take_turn(kStart);
    EXPECT_GT(some, 0u);
    EXPECT_EQ(overseer.take_turn(kStart + 1), 0u);
    EXPECT_EQ(overseer.take_turn(overseer.next_turn() - 1), 0u);
    EXPECT_EQ(overseer.take_turn(overseer.next_turn()), some);
}

TEST_F(OverseerOfFive, gives_no_turn_while_small_copies_are_on_their_way) {
    all_heard(kStart);
    for (std::uint64_t i = 0; i < 60; ++i) allocate_more(i, {member(1)}, 1);
    overseer.review(directory, kStart);
    EXPECT_EQ(overseer.take_turn(kStart), 0u);
    for (std::uint64_t i = 0; i < 60; ++i) overseer.not_joined({DataId{Id128{3, i}}, 0});
    EXPECT_GT(overseer.take_turn(kStart), 0u);
}

TEST_F(OverseerOfFive, counts_what_is_on_its_way_when_it_looks_for_the_least_used) {
    all_heard(kStart);
    for (std::uint64_t i = 0; i < 4; ++i) allocate_more(i, {member(1)});
    std::set<Member> joiners;
    for (const Command& command : overseer.review(directory, kStart)) {
        joiners.insert(*std::get<ChangeView>(command).joiner);
    }
    EXPECT_EQ(joiners.size(), 4u);
}

// -- probes
// ----------------------------------------------------------------------------------------

TEST_F(OverseerOfFive, probes_the_quiet_and_the_suspected_once_a_beat) {
    all_heard(kStart);
    EXPECT_TRUE(overseer.to_probe(directory, kStart).empty());
    overseer.suspect(member(3));
    EXPECT_EQ(overseer.to_probe(directory, kStart), (std::vector<Member>{member(3)}));
    EXPECT_TRUE(overseer.to_probe(directory, kStart).empty());
    const Time later = kStart + 2 * durations.heartbeat + 1;
    all_heard(later, {2});
    EXPECT_EQ(overseer.to_probe(directory, later), (std::vector<Member>{member(2)}));
    EXPECT_TRUE(overseer.to_probe(directory, later + 1).empty());
    EXPECT_FALSE(overseer.to_probe(directory, later + durations.heartbeat).empty());
}

TEST_F(OverseerOfFive, does_not_probe_the_dead) {
    all_heard(kStart);
    overseer.suspect(member(3));
    directory.apply(ConfirmDead{member(3)});
    EXPECT_TRUE(overseer.to_probe(directory, kStart).empty());
}

// -- candidates
// ------------------------------------------------------------------------------------

TEST_F(OverseerOfFive, puts_the_first_copy_on_the_preferred_host_and_the_others_elsewhere) {
    join(member(4), "h2");
    all_heard(kStart);
    overseer.room(ProviderId{1}, 500, 300);
    overseer.room(ProviderId{3}, 500, 200);
    overseer.room(ProviderId{5}, 500, 100);
    EXPECT_EQ(overseer.candidates(directory, 10, 3, "h2", kStart),
              (std::vector<Member>{member(2), member(5), member(3)}));
}

TEST_F(OverseerOfFive, offers_nobody_without_room_silent_draining_or_for_caches) {
    all_heard(kStart, {5});
    overseer.room(ProviderId{1}, 5, 995);
    directory.apply(DrainProvider{ProviderId{2}});
    RegisterProvider cache;
    cache.contact = directory.providers().at(ProviderId{3}).contact;
    cache.contact.cache_only = true;
    cache.capacity_bytes = 1000;
    directory.apply(cache);
    EXPECT_EQ(overseer.candidates(directory, 10, 3, "", kStart), (std::vector<Member>{member(4)}));
    EXPECT_TRUE(overseer.candidates(directory, 5000, 1, "", kStart).empty());
}

}  // namespace
}  // namespace juxta::data
