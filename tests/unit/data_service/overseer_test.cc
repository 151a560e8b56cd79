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
    void join(const Member& self, const std::string& host, std::uint64_t capacity = 1000) {
        RegisterProvider command;
        command.contact.name = "p" + std::to_string(self.provider.value);
        command.contact.self = self;
        command.contact.place.host = host;
        command.capacity_bytes = capacity;
        directory.apply(command);
    }
    void all_heard(Time at, std::set<std::uint64_t> but = {}) {
        for (std::uint64_t p = 1; p <= 5; ++p) {
            if (!but.contains(p)) overseer.heard(member(p), at);
        }
    }
    void allocate(std::vector<Member> members, std::uint16_t copies) {
        AllocateDatum command;
        command.request = RequestId{Id128{9, 1}};
        command.id = kDatum;
        command.spec.copies = copies;
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
    const View& view() const { return directory.find(kHome)->view; }

    Durations durations;
    Directory directory;
    Overseer overseer;
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
    EXPECT_TRUE(overseer.review(directory, later).empty());
    directory.apply(ConfirmDead{member(2)});
    settle(later);
    EXPECT_TRUE(directory.find(kDatum)->lost);
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
    directory.apply(RecordActivated{kHome, view().epoch, member(1)});
    directory.apply(DrainProvider{view().joiner->provider});
    settle(kStart);
    EXPECT_FALSE(view().joiner);
    directory.apply(RecordActivated{kHome, view().epoch, member(1)});
    settle(kStart);
    ASSERT_TRUE(view().joiner);
    directory.apply(RecordActivated{kHome, view().epoch, member(1)});
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
    directory.apply(ConfirmDead{member(1)});
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
