// Durable copies: what is saved when, and what a copy does that comes back from disk.
#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

class DurableGroup : public DataGroup {
protected:
    static constexpr GroupSettings kDurable{1, true, false};

    void allocate_durable(std::uint64_t n) {
        view.epoch = 1;
        view.activated = true;
        for (std::uint64_t p = 1; p <= n; ++p) {
            add(GroupMember::reserved(kHome, member(p), kDurable, durations), p);
            disk[p] = at(p).saved();
            view.members.push_back(member(p));
        }
        install(view);
    }
    // The process behind copy `p` dies and is back as the next incarnation.
    void restart(std::uint64_t p) {
        const auto segments = at(p).segments();
        const Member self{ProviderId{p}, ++incarnation[p]};
        copies.erase(p);
        add(GroupMember::returned(kHome, self, kDurable, durations, disk.at(p), segments, now), p);
    }
    View reinstated(std::vector<Member> members) {
        View next = successor(std::move(members));
        next.dead = {member(1), member(2)};
        return next;
    }
    Member again(std::uint64_t p) { return {ProviderId{p}, incarnation[p]}; }

    std::map<std::uint64_t, Incarnation> incarnation{{1, 1}, {2, 1}, {3, 1}};
};

TEST_F(DurableGroup, saves_the_reservation_so_that_its_loss_is_not_the_loss_of_the_datum) {
    const GroupMember copy = GroupMember::reserved(kHome, member(1), kDurable, durations);
    EXPECT_TRUE(copy.saved().whole);
    EXPECT_EQ(copy.saved().written_by, 1u);
    EXPECT_EQ(copy.saved().epoch, 0u);
}

TEST_F(DurableGroup, saves_an_entry_before_it_acknowledges_it) {
    allocate_durable(2);
    bool saved_first = false;
    on_outputs = [&](std::uint64_t p, const Outputs& out) {
        if (p != 2 || out.to_members.empty()) return;
        const auto* ok = std::get_if<Replicated>(&out.to_members.back().body);
        if (ok && ok->lsn == 1) saved_first = out.save && out.save->ledger.lsn == 1;
    };
    EXPECT_TRUE(lock(kAnn, 1));
    EXPECT_TRUE(saved_first);
}

TEST_F(DurableGroup, saves_its_own_entry_before_anybody_hears_of_it) {
    allocate_durable(1);
    bool saved = false;
    on_outputs = [&](std::uint64_t, const Outputs& out) {
        if (!out.answers.empty()) saved = out.save && out.save->ledger.holder != 0;
    };
    EXPECT_TRUE(lock(kAnn, 1));
    EXPECT_TRUE(saved);
}

TEST_F(DurableGroup, saves_nothing_when_nothing_of_it_changed) {
    allocate_durable(2);
    write(kAnn, 1);
    ticks_for(kSecond);  // the version before is retired
    int saves = 0;
    on_outputs = [&](std::uint64_t, const Outputs& out) { saves += out.save.has_value(); };
    ticks_for(kSecond);
    EXPECT_TRUE(answer<SnapshotTaken>(ask(kBob, 1, AcquireRead{})));
    EXPECT_EQ(saves, 0) << "not for beacons, garbage orders or reads";
}

TEST_F(DurableGroup, a_volatile_copy_saves_nothing) {
    allocate(2);
    int saves = 0;
    on_outputs = [&](std::uint64_t, const Outputs& out) { saves += out.save.has_value(); };
    write(kAnn, 1);
    EXPECT_EQ(saves, 0);
}

TEST_F(DurableGroup, names_the_new_incarnation_as_writer_before_it_acknowledges_anything) {
    allocate_durable(2);
    write(kAnn, 1);
    restart(2);
    EXPECT_EQ(at(2).written_by(), 1u);
    install(reinstated({member(1), again(2)}));
    EXPECT_EQ(at(2).written_by(), 2u);
    EXPECT_EQ(disk[2].written_by, 2u);
    EXPECT_EQ(disk[2].epoch, 2u);
}

TEST_F(DurableGroup, waits_when_the_view_names_its_older_self) {
    allocate_durable(2);
    write(kAnn, 1);
    restart(2);
    install(successor({member(1), member(2)}));
    View activated = view;
    activated.activated = true;
    install(activated);
    EXPECT_TRUE(at(2).has_copy()) << "the manager will put it back";
    EXPECT_FALSE(wiped[2]);
    EXPECT_EQ(at(2).epoch(), 0u) << "so that it is told of every view";
}

TEST_F(DurableGroup, goes_when_an_activated_view_went_on_without_it) {
    allocate_durable(2);
    restart(2);
    View without = successor({member(1)});
    install(without);
    EXPECT_TRUE(at(2).has_copy()) << "a holder until that view is activated";
    without.activated = true;
    install(without);
    EXPECT_FALSE(at(2).has_copy());
    EXPECT_EQ(wiped[2], 1);
}

TEST_F(DurableGroup, serves_what_it_had_after_everything_was_killed) {
    allocate_durable(2);
    const Version version = write(kAnn, 1);
    const Token held = lock(kBob, 1);
    restart(1);
    restart(2);
    install(reinstated({again(2), again(1)}));
    ticks_for(durations.primary_lease + durations.beacon());
    recorded();
    ASSERT_TRUE(at(2).is_serving(now));
    const auto* snapshot = answer<SnapshotTaken>(ask(ClientId{300}, 1, AcquireRead{}, 2));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->version, version);
    EXPECT_TRUE(answer<Done>(ask(kBob, 1, Renew{held}, 2))) << "locks come back as well";
}

TEST_F(DurableGroup, does_not_serve_while_it_may_have_promised_not_to) {
    allocate_durable(2);
    write(kAnn, 1);
    restart(2);
    View alone = successor({again(2)});  // the old primary is only silent
    install(alone);
    EXPECT_FALSE(asked_to_activate());
    ticks_for(durations.primary_lease - durations.beacon());
    EXPECT_FALSE(asked_to_activate());
    ticks_for(2 * durations.beacon());
    EXPECT_TRUE(asked_to_activate());
}

TEST_F(DurableGroup, a_joiner_offers_nothing_until_it_has_the_ledger) {
    allocate_durable(1);
    write(kAnn, 1);
    add(GroupMember::absent(kHome, member(2), kDurable, durations), 2);
    View joining = successor({member(1)});
    joining.joiner = member(2);
    install(joining);
    EXPECT_FALSE(disk[2].whole);
    recorded();
    ticks_for(durations.heartbeat);
    EXPECT_TRUE(disk[2].whole);
    EXPECT_EQ(disk[2].ledger, at(1).ledger());
}

}  // namespace
}  // namespace juxta::data
