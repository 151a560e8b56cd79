// The rules of a data group that an implementer gets wrong (docs/protocol.md, section 17), each as
// a sentence: views.
#include "data_service/protocol/group_member.h"

#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

using SingleCopy = DataGroup;
using Views = DataGroup;

TEST_F(SingleCopy, serves_at_once_after_its_allocation_and_asks_the_manager_for_nothing) {
    allocate(1);
    EXPECT_TRUE(at(1).is_serving(now));
    EXPECT_EQ(write(kAnn, 1), 1u);
    EXPECT_TRUE(to_manager.empty());
    EXPECT_EQ(at(1).newest(), 1u);
}

TEST_F(SingleCopy, needs_no_ticks_when_nothing_waits) {
    allocate(1);
    tick(0);
    EXPECT_FALSE(at(1).needs_ticks());
    write(kAnn, 1);
    EXPECT_TRUE(at(1).needs_ticks()) << "version 0 must go";
    ticks_for(durations.beacon() * 3);
    EXPECT_FALSE(at(1).needs_ticks());
    EXPECT_EQ(at(1).ledger().versions.size(), 1u);
    const Token token = lock(kAnn, 3);
    EXPECT_TRUE(at(1).needs_ticks()) << "the lock may have to expire";
    ask(kAnn, 4, Abort{token});
    ticks_for(durations.beacon() * 3);
    EXPECT_FALSE(at(1).needs_ticks());
}

TEST_F(SingleCopy, drops_the_segments_that_no_version_shows) {
    allocate(1);
    write(kAnn, 1);
    write(kAnn, 3);
    ticks_for(durations.beacon() * 3);
    EXPECT_EQ(at(1).segments().size(), 1u);
    EXPECT_EQ(discarded[1].size(), 1u);
}

TEST_F(Views, view_1_needs_no_barrier_and_its_members_are_synced) {
    allocate(3);
    EXPECT_TRUE(to_manager.empty());
    EXPECT_EQ(write(kAnn, 1), 1u);
    EXPECT_EQ(at(2).ledger(), at(1).ledger());
    EXPECT_EQ(at(3).ledger(), at(1).ledger());
    EXPECT_TRUE(at(3).holds(at(1).segments().begin()->first));
}

TEST_F(Views, nothing_is_answered_while_a_member_has_not_heard_of_view_1) {
    view.epoch = 1;
    view.activated = true;
    view.members = {member(1), member(2)};
    add(GroupMember::reserved(kHome, member(1), {}, durations), 1);
    add(GroupMember::reserved(kHome, member(2), {}, durations), 2);
    step(1, [&](GroupMember& m, Outputs& out) { m.adopt(view, now, out); });
    const auto asked = ask(kAnn, 1, Acquire{});
    EXPECT_FALSE(answered(asked));
    step(2, [&](GroupMember& m, Outputs& out) { m.adopt(view, now, out); });
    ticks_for(durations.beacon() * 2);
    EXPECT_TRUE(answer<Granted>(asked));
}

TEST_F(Views, an_older_view_is_ignored) {
    allocate(2);
    const View old = view;
    install(successor({member(2)}));
    install(old);
    EXPECT_EQ(at(2).view().epoch, 2u);
}

TEST_F(Views, a_member_left_out_keeps_its_copy_until_the_view_is_activated) {
    allocate(2);
    install(successor({member(1)}));
    EXPECT_TRUE(at(2).has_copy());
    EXPECT_EQ(at(2).epoch(), 1u) << "so that the manager sends the view again";
    View activated = view;
    activated.activated = true;
    install(activated);
    EXPECT_FALSE(at(2).has_copy());
    EXPECT_EQ(wiped[2], 1);
    EXPECT_EQ(at(2).epoch(), 2u);
}

TEST_F(Views, a_member_left_out_can_be_called_back) {
    allocate(2);
    write(kAnn, 1);
    install(successor({member(1)}));
    copies.erase(1);
    View back = successor({member(2)});
    back.dead = {member(1)};
    install(back);
    EXPECT_TRUE(asked_to_activate());
    recorded();
    EXPECT_EQ(at(2).newest(), 1u);
    EXPECT_TRUE(at(2).is_serving(now));
}

TEST_F(Views, a_new_primary_waits_out_its_promise_to_the_old_one) {
    allocate(2);
    write(kAnn, 1);
    copies.erase(1);
    install(successor({member(2)}));
    EXPECT_FALSE(asked_to_activate());
    recorded();
    EXPECT_FALSE(at(2).is_serving(now));
    ticks_for(durations.primary_lease + durations.beacon());
    EXPECT_TRUE(asked_to_activate());
    recorded();
    EXPECT_TRUE(at(2).is_serving(now));
}

TEST_F(Views, it_does_not_wait_for_one_that_is_dead_or_has_stepped_down) {
    allocate(2);
    write(kAnn, 1);
    View next = successor({member(2)});
    next.dead = {member(1)};
    drop = [](const PeerMessage& m) { return std::holds_alternative<SteppedDown>(m.body); };
    install(next);
    EXPECT_TRUE(asked_to_activate());

    to_manager.clear();
    copies.clear();
    view = {};
    drop = {};
    allocate(2);
    write(kAnn, 1);
    install(successor({member(2)}));
    EXPECT_TRUE(asked_to_activate());
}

TEST_F(Views, a_view_that_follows_a_death_at_once_does_not_wait_for_the_promise_to_the_dead) {
    allocate(3);
    write(kAnn, 1);
    copies.erase(1);
    View without = successor({member(2), member(3)});
    without.dead = {member(1)};
    install(without);
    recorded();
    ASSERT_TRUE(at(2).is_serving(now));
    to_manager.clear();
    View with_a_joiner = successor({member(2), member(3)});
    with_a_joiner.joiner = member(4);  // nobody named by the view before it has died since
    install(with_a_joiner);
    EXPECT_TRUE(asked_to_activate());
}

TEST_F(Views, a_stepping_down_from_before_the_promise_counts_for_nothing) {
    allocate(2);
    write(kAnn, 1);
    copies.erase(1);
    install(successor({member(2)}));
    wire.push_back({kHome, 1, member(1), member(2), SteppedDown{}});
    run();
    EXPECT_FALSE(asked_to_activate());
}

TEST_F(Views, an_isolated_primary_answers_nothing_and_loses_its_lease) {
    allocate(2);
    write(kAnn, 1);
    drop = [](const PeerMessage&) { return true; };
    ticks_for(durations.primary_lease);
    EXPECT_FALSE(at(1).is_serving(now));
    EXPECT_FALSE(answered(ask(kAnn, 3, AcquireRead{})));
    EXPECT_FALSE(answered(ask(kAnn, 4, Acquire{})));
    EXPECT_FALSE(answered(ask(kAnn, 5, Release{77, {}}))) << "a refusal is an answer too";
}

TEST_F(Views, a_view_change_forgets_the_outbox) {
    allocate(2);
    drop = [](const PeerMessage& m) { return std::holds_alternative<Replicated>(m.body); };
    const auto asked = ask(kAnn, 1, Acquire{});
    EXPECT_FALSE(answered(asked));
    drop = {};
    install(successor({member(1)}));
    recorded();
    ticks_for(durations.beacon() * 2);
    EXPECT_FALSE(answered(asked));
    EXPECT_TRUE(answer<Granted>(ask(kAnn, 1, Acquire{}))) << "the row has it";
}

TEST_F(Views, a_repeated_barrier_is_acknowledged_and_not_applied) {
    allocate(2);
    PeerMessage barrier;
    drop = [&](const PeerMessage& m) {
        if (std::holds_alternative<Barrier>(m.body)) barrier = m;
        return false;
    };
    install(successor({member(1), member(2)}));
    recorded();
    write(kAnn, 1);
    const Ledger before = at(2).ledger();
    drop = [](const PeerMessage&) { return true; };
    wire.push_back(barrier);
    Outputs out;
    at(2).receive(barrier, now, out);
    EXPECT_EQ(at(2).ledger(), before);
    EXPECT_TRUE(std::holds_alternative<BarrierOk>(out.to_members.at(0).body));
}

TEST_F(Views, freed_wipes_everybody_and_answers_gone) {
    allocate(2);
    write(kAnn, 1);
    View freed = successor(view.members);
    freed.freed = true;
    install(freed);
    EXPECT_FALSE(at(1).has_copy() || at(2).has_copy());
    const auto* gone = answer<Gone>(ask(kAnn, 3, AcquireRead{}));
    ASSERT_TRUE(gone);
    EXPECT_FALSE(gone->lost);
}

TEST_F(Views, a_backup_sends_clients_to_its_primary) {
    allocate(2);
    const auto* refused = answer<NotPrimary>(ask(kAnn, 1, Acquire{}, 2));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->view.primary(), member(1));
}

}  // namespace
}  // namespace juxta::data
