// The directory: conditions, repeats, who is a holder when, and that it is a function of its
// commands.
#include "data_service/core/directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "common/base/error.h"
#include "data_service/core/directory_codec.h"

namespace juxta::data {
namespace {

const DataId kDatum{Id128{1, 1}};
const DataId kOther{Id128{1, 2}};
const RequestId kRequest{Id128{9, 1}};
const GroupId kHome{kDatum, 0};

Member member(std::uint64_t provider, Incarnation incarnation = 1) {
    return {ProviderId{provider}, incarnation};
}

RegisterProvider registration(const Member& self, std::string name = {}) {
    RegisterProvider command;
    command.contact.name = name.empty() ? "p" + std::to_string(self.provider.value) : name;
    command.contact.self = self;
    command.capacity_bytes = 1000;
    return command;
}

AllocateDatum allocation(std::vector<std::vector<Member>> members, DataId id = kDatum,
                         RequestId request = kRequest, std::string name = {}) {
    AllocateDatum command;
    command.request = request;
    command.id = id;
    command.spec.copies = 2;
    command.spec.name = std::move(name);
    command.members = std::move(members);
    return command;
}

class DirectoryOfFour : public ::testing::Test {
protected:
    DirectoryOfFour() {
        for (std::uint64_t p = 1; p <= 4; ++p) directory.apply(registration(member(p)));
    }
    bool accepts(const Command& command) { return directory.apply(command).accepted; }
    void refuses(const Command& command) {
        const Directory before = directory;
        const Applied applied = directory.apply(command);
        EXPECT_FALSE(applied.accepted);
        EXPECT_TRUE(applied.views.empty());
        EXPECT_EQ(directory, before);
    }
    GroupRecord home() const { return *directory.find(kHome); }
    DatumRecord datum(const DataId& id = kDatum) const { return *directory.find(id); }
    void allocate_durable(std::vector<Member> members) {
        AllocateDatum command = allocation({std::move(members)});
        command.spec.durable = true;
        ASSERT_TRUE(accepts(command));
    }
    void allocate() { ASSERT_TRUE(accepts(allocation({{member(1), member(2)}}))); }

    Directory directory;
};

using DirectoryProviders = DirectoryOfFour;
using DirectoryViews = DirectoryOfFour;
using DirectoryData = DirectoryOfFour;
using DirectoryNames = DirectoryOfFour;
using DirectoryDisks = DirectoryOfFour;

TEST_F(DirectoryProviders, a_new_incarnation_confirms_the_death_of_those_before) {
    EXPECT_TRUE(accepts(registration(member(1, 5))));
    EXPECT_TRUE(directory.is_dead(member(1, 4)));
    EXPECT_FALSE(directory.is_dead(member(1, 5)));
    refuses(registration(member(1, 4)));
}

TEST_F(DirectoryProviders, an_incarnation_confirmed_dead_cannot_register) {
    EXPECT_TRUE(accepts(ConfirmDead{member(1)}));
    EXPECT_TRUE(accepts(ConfirmDead{member(1)}));
    refuses(registration(member(1)));
    EXPECT_TRUE(accepts(registration(member(1, 2))));
}

TEST_F(DirectoryProviders, another_name_under_the_same_id_is_refused) {
    refuses(registration(member(1, 2), "stranger"));
}

TEST_F(DirectoryProviders, nobody_dies_who_never_registered) {
    refuses(ConfirmDead{member(1, 2)});
    refuses(ConfirmDead{member(77)});
    refuses(DrainProvider{ProviderId{77}});
}

TEST_F(DirectoryProviders, a_new_incarnation_is_not_draining) {
    EXPECT_TRUE(accepts(DrainProvider{ProviderId{1}}));
    EXPECT_TRUE(accepts(registration(member(1))));
    EXPECT_TRUE(directory.providers().at(ProviderId{1}).draining);
    EXPECT_TRUE(accepts(registration(member(1, 2))));
    EXPECT_FALSE(directory.providers().at(ProviderId{1}).draining);
}

// -- allocation
// ------------------------------------------------------------------------------------

TEST_F(DirectoryData, allocation_installs_view_1_activated_with_its_members_as_holders) {
    const Applied applied = directory.apply(allocation({{member(1), member(2)}, {member(3)}}));
    EXPECT_TRUE(applied.accepted);
    EXPECT_EQ(applied.views, (std::vector<GroupId>{kHome, {kDatum, 1}}));
    EXPECT_EQ(applied.concerned,
              (std::vector<ProviderId>{ProviderId{1}, ProviderId{2}, ProviderId{3}}));
    EXPECT_EQ(home().view.epoch, 1u);
    EXPECT_TRUE(home().view.activated);
    EXPECT_EQ(home().holders, home().view.members);
}

TEST_F(DirectoryData, the_same_request_allocates_once) {
    allocate();
    const Applied again = directory.apply(allocation({{member(1), member(2)}}));
    EXPECT_TRUE(again.accepted);
    EXPECT_TRUE(again.views.empty());
    refuses(allocation({{member(3)}}, kOther));
    EXPECT_EQ(directory.allocated_by(kRequest), kDatum);
}

TEST_F(DirectoryData, members_must_be_alive_registered_and_distinct) {
    refuses(allocation({}));
    refuses(allocation({{}}));
    refuses(allocation({{member(9)}}));
    refuses(allocation({{member(1, 2)}}));
    refuses(allocation({{member(1), member(1)}}));
    directory.apply(ConfirmDead{member(1)});
    refuses(allocation({{member(1)}}));
}

TEST_F(DirectoryData, another_request_cannot_take_a_known_id) {
    allocate();
    refuses(allocation({{member(3)}}, kDatum, RequestId{Id128{9, 2}}));
}

// -- views
// -----------------------------------------------------------------------------------------

TEST_F(DirectoryViews, a_change_is_conditional_on_the_epoch) {
    allocate();
    const ChangeView shrink{kHome, 1, {member(1)}, std::nullopt};
    EXPECT_TRUE(accepts(shrink));
    EXPECT_EQ(home().view.epoch, 2u);
    EXPECT_FALSE(home().view.activated);
    refuses(shrink);
}

TEST_F(DirectoryViews, who_left_stays_a_holder_until_the_smaller_view_is_activated) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    EXPECT_EQ(home().holders, (std::vector<Member>{member(1), member(2)}));
    const Applied applied = directory.apply(RecordActivated{kHome, 2, member(1)});
    EXPECT_EQ(home().holders, (std::vector<Member>{member(1)}));
    EXPECT_EQ(applied.views, (std::vector<GroupId>{kHome}));
    EXPECT_EQ(applied.concerned, (std::vector<ProviderId>{ProviderId{1}, ProviderId{2}}));
}

TEST_F(DirectoryViews, a_holder_can_be_called_back_before_the_activation) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    EXPECT_TRUE(accepts(ChangeView{kHome, 2, {member(2)}, std::nullopt}));
}

TEST_F(DirectoryViews, only_the_primary_activates_only_the_current_view_and_again_for_nothing) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(2), member(1)}, std::nullopt});
    refuses(RecordActivated{kHome, 2, member(1)});
    refuses(RecordActivated{kHome, 1, member(2)});
    EXPECT_TRUE(accepts(RecordActivated{kHome, 2, member(2)}));
    const Applied again = directory.apply(RecordActivated{kHome, 2, member(2)});
    EXPECT_TRUE(again.accepted);
    EXPECT_TRUE(again.views.empty());
}

TEST_F(DirectoryViews, a_member_must_be_a_holder) {
    allocate();
    refuses(ChangeView{kHome, 1, {member(1), member(3)}, std::nullopt});
    refuses(ChangeView{kHome, 1, {}, std::nullopt});
    refuses(ChangeView{kHome, 1, {member(1), member(1)}, std::nullopt});
}

TEST_F(DirectoryViews, nobody_joins_before_the_view_is_activated) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    refuses(ChangeView{kHome, 2, {member(1)}, member(3)});
    directory.apply(RecordActivated{kHome, 2, member(1)});
    EXPECT_TRUE(accepts(ChangeView{kHome, 2, {member(1)}, member(3)}));
}

TEST_F(DirectoryViews, a_joiner_is_registered_alive_and_no_holder) {
    allocate();
    refuses(ChangeView{kHome, 1, {member(1), member(2)}, member(9)});
    refuses(ChangeView{kHome, 1, {member(1)}, member(2)});
    directory.apply(ConfirmDead{member(3)});
    refuses(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
}

TEST_F(DirectoryViews, a_full_joiner_becomes_the_last_member_and_a_holder) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
    refuses(RecordFull{kHome, 1, member(3)});
    refuses(RecordFull{kHome, 2, member(4)});
    EXPECT_TRUE(accepts(RecordFull{kHome, 2, member(3)}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(1), member(2), member(3)}));
    EXPECT_EQ(home().holders, home().view.members);
    EXPECT_FALSE(home().view.joiner);
    refuses(RecordFull{kHome, 2, member(3)});
}

TEST_F(DirectoryViews, no_joiner_is_full_in_a_view_that_is_not_activated) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
    directory.apply(Evict{member(2)});
    EXPECT_EQ(home().view.joiner, member(3));
    refuses(RecordFull{kHome, 3, member(3)});
    directory.apply(RecordActivated{kHome, 3, member(1)});
    EXPECT_TRUE(accepts(RecordFull{kHome, 3, member(3)}));
}

// -- tenures that go on
// -----------------------------------------------------------------------------

TEST_F(DirectoryViews, a_tenure_goes_on_while_copies_join) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
    EXPECT_TRUE(home().view.activated);
    EXPECT_EQ(home().view.tenure(), 1u);
    EXPECT_EQ(home().view.joining(), 2u);
    directory.apply(RecordFull{kHome, 2, member(3)});
    EXPECT_TRUE(home().view.activated);
    EXPECT_EQ(home().view.epoch, 3u);
    EXPECT_EQ(home().view.tenure(), 1u);
}

TEST_F(DirectoryViews, a_tenure_goes_on_when_a_backup_in_memory_is_dead) {
    allocate();
    directory.apply(ConfirmDead{member(2)});
    EXPECT_TRUE(home().view.activated);
    EXPECT_EQ(home().view.tenure(), 1u);
    EXPECT_EQ(home().holders, home().view.members);
}

TEST_F(DirectoryViews, a_joining_goes_on_with_its_tenure_and_begins_again_otherwise) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
    directory.apply(ConfirmDead{member(2)});
    EXPECT_EQ(home().view.joining(), 2u);
    directory.apply(ChangeView{kHome, 3, {member(1)}, std::nullopt});
    directory.apply(ChangeView{kHome, 4, {member(1)}, member(3)});
    EXPECT_EQ(home().view.joining(), 5u);
    EXPECT_EQ(home().view.tenure(), 1u);
}

TEST_F(DirectoryDisks, a_tenure_ends_when_a_dead_backup_may_have_a_disk) {
    allocate_durable({member(1), member(2)});
    directory.apply(ConfirmDead{member(2)});
    EXPECT_FALSE(home().view.activated);
    EXPECT_FALSE(home().view.closed);
    EXPECT_EQ(home().holders.size(), 2u);
}

TEST_F(DirectoryViews, a_tenure_ends_with_its_primary) {
    allocate();
    directory.apply(ConfirmDead{member(1)});
    EXPECT_FALSE(home().view.activated);
    EXPECT_EQ(home().view.tenure(), 2u);
    EXPECT_TRUE(home().view.closed);  // the dead one held it in memory
}

TEST_F(DirectoryViews, a_tenure_ends_when_somebody_is_out_who_may_only_be_silent) {
    allocate();
    directory.apply(Evict{member(2)});
    EXPECT_FALSE(home().view.activated);
    EXPECT_EQ(home().view.tenure(), 2u);
    EXPECT_FALSE(home().view.closed);
}

TEST_F(DirectoryViews, a_view_tells_who_is_confirmed_dead) {
    allocate();
    directory.apply(ConfirmDead{member(2)});
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    EXPECT_TRUE(home().view.is_dead(member(2)));
    EXPECT_FALSE(home().view.is_dead(member(1)));
}

// -- deaths and silence
// ----------------------------------------------------------------------------

TEST_F(DirectoryViews, one_death_shrinks_every_view_that_names_the_dead) {
    for (std::uint64_t i = 0; i < 100; ++i) {
        ASSERT_TRUE(accepts(
            allocation({{member(1), member(2)}}, DataId{Id128{5, i}}, RequestId{Id128{8, i}})));
    }
    ASSERT_TRUE(accepts(allocation({{member(3)}})));
    const Applied applied = directory.apply(ConfirmDead{member(1)});
    EXPECT_EQ(applied.views.size(), 100u);
    EXPECT_EQ(applied.recipients.at(0), (std::vector<Member>{member(1), member(2)}));
    for (std::uint64_t i = 0; i < 100; ++i) {
        const View view = (*directory.find(GroupId{DataId{Id128{5, i}}, 0})).view;
        EXPECT_EQ(view.members, (std::vector<Member>{member(2)}));
        EXPECT_TRUE(view.is_dead(member(1)));
    }
    EXPECT_EQ(home().view.epoch, 1u);
}

TEST_F(DirectoryViews, a_quick_restart_is_a_death) {
    allocate();
    EXPECT_EQ(directory.apply(registration(member(1, 2))).views, (std::vector<GroupId>{kHome}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(2)}));
}

TEST_F(DirectoryViews, the_death_of_a_view_before_its_activation_leads_back_to_the_holders) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1)}, std::nullopt});
    directory.apply(ConfirmDead{member(1)});
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(2)}));
}

TEST_F(DirectoryViews, a_group_that_nobody_living_holds_is_stuck_and_stays) {
    ASSERT_TRUE(accepts(allocation({{member(1)}})));
    const Applied applied = directory.apply(ConfirmDead{member(1)});
    EXPECT_EQ(applied.stuck, (std::vector<GroupId>{kHome}));
    EXPECT_TRUE(applied.views.empty());
    EXPECT_EQ(home().view.epoch, 1u);
}

TEST_F(DirectoryViews, a_dead_joiner_is_dropped) {
    allocate();
    directory.apply(ChangeView{kHome, 1, {member(1), member(2)}, member(3)});
    directory.apply(ConfirmDead{member(3)});
    EXPECT_FALSE(home().view.joiner);
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(1), member(2)}));
}

TEST_F(DirectoryViews, who_is_evicted_for_silence_stays_a_holder_until_the_activation) {
    allocate();
    const Applied applied = directory.apply(Evict{member(1)});
    EXPECT_EQ(applied.views, (std::vector<GroupId>{kHome}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(2)}));
    EXPECT_FALSE(home().view.is_dead(member(1)));
    EXPECT_EQ(home().holders, (std::vector<Member>{member(1), member(2)}));
    EXPECT_TRUE(directory.apply(Evict{member(1)}).views.empty());
}

TEST_F(DirectoryViews, silence_never_empties_a_view) {
    allocate();
    directory.apply(ConfirmDead{member(2)});
    const Applied applied = directory.apply(Evict{member(1)});
    EXPECT_TRUE(applied.views.empty());
    EXPECT_EQ(applied.stuck, (std::vector<GroupId>{kHome}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(1)}));
    refuses(Evict{member(2)});
    refuses(Evict{member(9)});
}

TEST_F(DirectoryViews, knows_the_groups_that_name_a_provider) {
    allocate();
    ASSERT_TRUE(accepts(allocation({{member(2)}}, kOther, RequestId{Id128{9, 2}})));
    EXPECT_EQ(directory.groups_of(ProviderId{2}), (std::vector<GroupId>{kHome, {kOther, 0}}));
    directory.apply(FreeDatum{kOther});
    EXPECT_EQ(directory.groups_of(ProviderId{2}), (std::vector<GroupId>{kHome}));
    directory.apply(Evict{member(2)});
    EXPECT_EQ(directory.group_count_of(ProviderId{2}), 1u) << "a holder still";
    directory.apply(RecordActivated{kHome, 2, member(1)});
    EXPECT_EQ(directory.group_count_of(ProviderId{2}), 0u);
}

// -- disks
// -----------------------------------------------------------------------------------------

TEST_F(DirectoryDisks, a_returned_holder_takes_its_place_last_in_the_view) {
    allocate_durable({member(1), member(2)});
    directory.apply(registration(member(1, 5)));
    ASSERT_EQ(home().view.members, (std::vector<Member>{member(2)}));
    EXPECT_TRUE(accepts(Reinstate{kHome, member(1), member(1, 5), 1}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(2), member(1, 5)}));
    EXPECT_EQ(home().holders, (std::vector<Member>{member(1, 5), member(2)}));
    EXPECT_EQ(home().bases, (std::vector<Incarnation>{1, 1})) << "the base is inherited";
    refuses(Reinstate{kHome, member(1), member(1, 5), 1});
}

TEST_F(DirectoryDisks, the_first_to_return_after_a_total_kill_makes_the_next_view) {
    allocate_durable({member(1), member(2)});
    directory.apply(ConfirmDead{member(1)});
    directory.apply(ConfirmDead{member(2)});
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(2)}));
    directory.apply(registration(member(1, 2)));
    EXPECT_TRUE(accepts(Reinstate{kHome, member(1), member(1, 2), 1}));
    EXPECT_EQ(home().view.members, (std::vector<Member>{member(1, 2)}));
}

TEST_F(DirectoryDisks, only_a_holders_own_copy_counts) {
    allocate_durable({member(1), member(2)});
    refuses(Reinstate{kHome, member(1), member(1, 2), 1});  // not dead
    directory.apply(registration(member(1, 5)));
    refuses(Reinstate{kHome, member(1), member(1, 5), 2});  // written after its death
    refuses(Reinstate{kHome, member(1), member(1, 5), 0});  // written before it was a holder
    refuses(Reinstate{kHome, member(1), member(1, 4), 1});  // not registered
    refuses(Reinstate{kHome, member(1), member(3), 1});     // somebody else
    directory.apply(RecordActivated{kHome, 2, member(2)});  // evicted: no longer a holder
    refuses(Reinstate{kHome, member(1), member(1, 5), 1});
}

TEST_F(DirectoryDisks, memory_is_never_reinstated) {
    allocate();
    directory.apply(registration(member(1, 2)));
    refuses(Reinstate{kHome, member(1), member(1, 2), 1});
}

TEST_F(DirectoryDisks, a_durable_datum_is_lost_only_when_every_holder_came_back_without_it) {
    allocate_durable({member(1), member(2)});
    directory.apply(ConfirmDead{member(1)});
    directory.apply(ConfirmDead{member(2)});
    refuses(DeclareLost{kDatum, {}});
    directory.apply(registration(member(1, 2)));
    refuses(DeclareLost{kDatum, {member(1, 2)}});
    refuses(DeclareLost{kDatum, {member(1, 2), member(2, 2)}});
    directory.apply(registration(member(2, 2)));
    EXPECT_TRUE(accepts(DeclareLost{kDatum, {member(1, 2), member(2, 2)}}));
    EXPECT_TRUE(directory.is_lost(kDatum));
}

// -- the end of data
// -------------------------------------------------------------------------------

TEST_F(DirectoryData, is_lost_only_when_every_holder_of_some_block_is_confirmed_dead) {
    ASSERT_TRUE(accepts(allocation({{member(1), member(2)}, {member(3)}})));
    refuses(DeclareLost{kDatum});
    directory.apply(ConfirmDead{member(1)});
    refuses(DeclareLost{kDatum});
    directory.apply(ConfirmDead{member(3)});
    const Applied lost = directory.apply(DeclareLost{kDatum});
    EXPECT_EQ(lost.views.size(), 2u);
    EXPECT_TRUE(datum().lost);
    EXPECT_TRUE(home().view.lost);
    EXPECT_TRUE(directory.apply(DeclareLost{kDatum}).views.empty());
    refuses(ChangeView{kHome, 2, {member(1)}, std::nullopt});
}

TEST_F(DirectoryData, free_installs_freed_views_once_and_gives_the_name_away) {
    ASSERT_TRUE(accepts(allocation({{member(1)}}, kDatum, kRequest, "A")));
    refuses(ForgetDatum{kDatum});
    EXPECT_EQ(directory.apply(FreeDatum{kDatum}).views.size(), 1u);
    EXPECT_TRUE(home().view.freed);
    EXPECT_EQ(directory.named("A"), std::nullopt);
    EXPECT_TRUE(directory.apply(FreeDatum{kDatum}).views.empty());
    EXPECT_TRUE(accepts(ForgetDatum{kDatum}));
    EXPECT_FALSE(directory.find(kDatum));
    EXPECT_EQ(directory.allocated_by(kRequest), std::nullopt);
    EXPECT_TRUE(accepts(ForgetDatum{kDatum}));
    refuses(FreeDatum{kDatum});
}

TEST_F(DirectoryData, the_end_of_a_client_frees_what_lives_as_long_as_it) {
    AllocateDatum mine = allocation({{member(1)}});
    mine.spec.lifetime = Lifetime::client;
    mine.spec.client = ClientId{42};
    AllocateDatum kept = allocation({{member(1)}}, kOther, RequestId{Id128{9, 2}});
    kept.spec.client = ClientId{42};
    ASSERT_TRUE(accepts(mine) && accepts(kept));
    EXPECT_TRUE(directory.apply(EndClient{ClientId{41}}).views.empty());
    EXPECT_EQ(directory.apply(EndClient{ClientId{42}}).views, (std::vector<GroupId>{kHome}));
    EXPECT_FALSE(datum(kOther).freed);
}

TEST_F(DirectoryData, made_persistent_it_outlives_its_client) {
    AllocateDatum mine = allocation({{member(1)}});
    mine.spec.lifetime = Lifetime::client;
    mine.spec.client = ClientId{42};
    mine.spec.persistence = Persistence::volatile_;
    ASSERT_TRUE(accepts(mine));
    EXPECT_TRUE(accepts(ChangeDatum{kDatum, {}, {}, Persistence::persistent}));
    EXPECT_TRUE(directory.apply(EndClient{ClientId{42}}).views.empty());
}

TEST_F(DirectoryData, a_unique_datum_has_one_copy) {
    allocate();
    refuses(ChangeDatum{kDatum, {}, 0, {}});
    EXPECT_TRUE(accepts(ChangeDatum{kDatum, {}, {}, Persistence::unique_sticky}));
    EXPECT_EQ(datum().spec.copies, 1u);
    refuses(ChangeDatum{kDatum, {}, 2, {}});
}

TEST_F(DirectoryData, changes_clusters_and_gives_a_lease) {
    allocate();
    refuses(ChangeDatum{.id = kDatum, .clusters = 0});
    EXPECT_TRUE(accepts(ChangeDatum{.id = kDatum, .clusters = 2, .lease_ms = 500}));
    EXPECT_EQ(datum().spec.clusters, 2u);
    EXPECT_EQ(datum().spec.lifetime, Lifetime::lease);
    EXPECT_TRUE(directory.leased().contains(kDatum));
    directory.apply(FreeDatum{kDatum});
    EXPECT_TRUE(directory.leased().empty());
}

// -- names
// -----------------------------------------------------------------------------------------

TEST_F(DirectoryNames, naming_takes_the_name_over) {
    ASSERT_TRUE(accepts(allocation({{member(1)}}, kDatum, kRequest, "A")));
    ASSERT_TRUE(accepts(allocation({{member(1)}}, kOther, RequestId{Id128{9, 2}}, "A")));
    EXPECT_EQ(directory.named("A"), kOther);
    EXPECT_EQ(datum().spec.name, "");
    EXPECT_TRUE(accepts(ChangeDatum{kDatum, "A", {}, {}}));
    EXPECT_EQ(directory.named("A"), kDatum);
    EXPECT_EQ(datum(kOther).spec.name, "");
}

TEST_F(DirectoryNames, a_renamed_datum_gives_its_old_name_back) {
    ASSERT_TRUE(accepts(allocation({{member(1)}}, kDatum, kRequest, "A")));
    EXPECT_TRUE(accepts(ChangeDatum{kDatum, "B", {}, {}}));
    EXPECT_EQ(directory.named("A"), std::nullopt);
    EXPECT_EQ(directory.named("B"), kDatum);
    EXPECT_TRUE(accepts(ChangeDatum{kDatum, "", {}, {}}));
    EXPECT_EQ(directory.named("B"), std::nullopt);
}

TEST_F(DirectoryNames, a_name_given_in_another_cluster_is_forgotten_here) {
    ASSERT_TRUE(accepts(allocation({{member(1)}}, kDatum, kRequest, "A")));
    EXPECT_TRUE(accepts(ForgetName{"A", kDatum}));
    EXPECT_EQ(directory.named("A"), kDatum);
    EXPECT_TRUE(accepts(ForgetName{"A", kOther}));
    EXPECT_EQ(directory.named("A"), std::nullopt);
    EXPECT_TRUE(accepts(ForgetName{"A", kOther}));
}

// -- determinism
// -----------------------------------------------------------------------------------

Command random_command(std::mt19937& random) {
    auto pick = [&](unsigned n) { return static_cast<std::uint64_t>(random() % n); };
    const DataId id{Id128{1, pick(4)}};
    const GroupId group{id, static_cast<BlockNumber>(pick(2))};
    const Member one = member(1 + pick(4), 1 + pick(3)), two = member(1 + pick(4), 1 + pick(3));
    switch (pick(16)) {
        case 13: return Evict{one};
        case 14: return Reinstate{group, one, two, pick(3)};
        case 15: return EndClient{ClientId{pick(2)}};
        case 0: return registration(one);
        case 1: return ConfirmDead{one};
        case 2: return DrainProvider{one.provider, pick(2) == 0};
        case 3: {
            AllocateDatum both =
                allocation({{one, two}, {two}}, id, RequestId{Id128{9, pick(6)}}, "n");
            both.spec.durable = pick(2) == 0;
            both.spec.lifetime = pick(2) == 0 ? Lifetime::client : Lifetime::until_freed;
            return both;
        }
        case 4: return allocation({{one}}, id, RequestId{Id128{9, pick(6)}});
        case 5: return ChangeView{group, 1 + pick(4), {one}, std::nullopt};
        case 6: return ChangeView{group, 1 + pick(4), {one}, two};
        case 7: return RecordActivated{group, 1 + pick(4), one};
        case 8: return RecordFull{group, 1 + pick(4), one};
        case 9: return DeclareLost{id};
        case 10: return pick(4) == 0 ? Command{FreeDatum{id}} : Command{ForgetDatum{id}};
        case 11: return ChangeDatum{id, "m", static_cast<std::uint16_t>(pick(3)), {}};
        default: return ForgetName{"n", id};
    }
}

std::vector<GroupId> groups_naming(const Directory& directory, ProviderId provider) {
    std::vector<GroupId> groups;
    for (const auto& [id, datum] : directory.data()) {
        if (datum.lost || datum.freed) continue;
        for (BlockNumber block = 0; block < datum.blocks.size(); ++block) {
            if (datum.blocks[block].names(provider)) groups.push_back({id, block});
        }
    }
    return groups;
}

// Whatever the history: the same commands give equal directories, a refusal changes nothing, a
// repeat installs nothing, members are holders, and a snapshot restores the whole.
TEST(Directory, keeps_its_invariants_after_any_history) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(::testing::Message() << "seed " << seed);
        std::mt19937 random(seed);
        Directory first, second;
        for (std::uint64_t p = 1; p <= 4; ++p) {
            first.apply(registration(member(p)));
            second.apply(registration(member(p)));
        }
        for (unsigned step = 0; step < 120; ++step) {
            const Command command = random_command(random);
            const Directory before = first;
            const bool accepted = first.apply(command).accepted;
            second.apply(command);
            ASSERT_TRUE(accepted || first == before);
            const Directory after = first;
            ASSERT_TRUE(first.apply(command).views.empty());
            ASSERT_EQ(first, after);
            ASSERT_EQ(first, second);
            for (const auto& [id, datum] : first.data()) {
                for (const GroupRecord& group : datum.blocks) {
                    for (const Member& m : group.view.members) {
                        ASSERT_NE(std::ranges::find(group.holders, m), group.holders.end());
                    }
                    ASSERT_EQ(group.bases.size(), group.holders.size());
                }
            }
            for (std::uint64_t p = 1; p <= 4; ++p) {
                ASSERT_EQ(first.groups_of(ProviderId{p}), groups_naming(first, ProviderId{p}));
                ASSERT_EQ(first.group_count_of(ProviderId{p}),
                          first.groups_of(ProviderId{p}).size());
            }
        }
        const Directory back = Directory::restored(first.snapshot());
        ASSERT_EQ(back, first);
        for (std::uint64_t p = 1; p <= 4; ++p) {
            ASSERT_EQ(back.groups_of(ProviderId{p}), first.groups_of(ProviderId{p}));
        }
        ASSERT_EQ(back.clients(), first.clients());
    }
}

// -- bytes
// -----------------------------------------------------------------------------------------

TEST(DirectoryBytes, a_log_entry_comes_back_as_it_was) {
    std::mt19937 random(7);
    std::vector<Command> commands;
    Directory direct, replayed;
    for (unsigned i = 0; i < 300; ++i) commands.push_back(random_command(random));
    const LogEntry entry = decode_entry(encode({11, 12}, commands));
    EXPECT_EQ(entry.origin.replica, 11u);
    EXPECT_EQ(entry.origin.proposal, 12u);
    ASSERT_EQ(entry.commands.size(), commands.size());
    for (const Command& command : commands) direct.apply(command);
    for (const Command& command : entry.commands) replayed.apply(command);
    EXPECT_EQ(direct, replayed);
}

TEST(DirectoryBytes, what_is_no_entry_or_snapshot_is_refused_and_never_crashes) {
    std::mt19937 random(8);
    std::vector<Command> commands;
    Directory directory;
    for (std::uint64_t p = 1; p <= 4; ++p) directory.apply(registration(member(p)));
    for (unsigned i = 0; i < 50; ++i) {
        commands.push_back(random_command(random));
        directory.apply(commands.back());
    }
    const std::string entry = encode({1, 2}, commands);
    const std::string snapshot = directory.snapshot();
    const auto is_refused = [](const auto& read) {
        try {
            read();
            return false;
        } catch (const Error& e) {
            return e.code() == ErrorCode::internal;
        }
    };
    for (std::size_t cut = 0; cut < entry.size(); cut += 7) {
        EXPECT_TRUE(is_refused([&] { decode_entry(entry.substr(0, cut)); })) << cut;
    }
    for (std::size_t cut = 0; cut < snapshot.size(); cut += 7) {
        EXPECT_TRUE(is_refused([&] { Directory::restored(snapshot.substr(0, cut)); })) << cut;
    }
    for (unsigned i = 0; i < 2000; ++i) {
        std::string broken = snapshot;
        broken[random() % broken.size()] = static_cast<char>(random());
        try {
            Directory::restored(broken);
        } catch (const Error&) {
        }
    }
}

}  // namespace
}  // namespace juxta::data
