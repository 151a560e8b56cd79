// The rules of a data group that an implementer gets wrong (docs/protocol.md, section 17), each as
// a sentence: clients: answers and locks.
#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

using Answers = DataGroup;
using Locks = DataGroup;

TEST_F(Answers, a_repeated_release_is_answered_from_the_row_and_done_once) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 1, Stage{segment(token), 8});
    EXPECT_EQ(answer<Committed>(ask(kAnn, 2, release(token)))->version, 1u);
    write(kBob, 1);
    EXPECT_EQ(answer<Committed>(ask(kAnn, 2, release(token)))->version, 1u);
    EXPECT_EQ(at(1).newest(), 2u);
}

TEST_F(Answers, a_release_older_than_the_row_is_dropped) {
    allocate(1);
    const Token token = lock(kAnn, 5);
    EXPECT_FALSE(answered(ask(kAnn, 4, Release{token, {}})));
    EXPECT_EQ(at(1).newest(), 0u);
}

TEST_F(Answers, a_release_that_names_what_is_not_staged_changes_nothing_and_keeps_the_lock) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    EXPECT_TRUE(answer<NotStaged>(ask(kAnn, 2, release(token))));
    EXPECT_TRUE(answer<NotStaged>(ask(kAnn, 2, Release{token, {{7, {}}}})));
    Release foreign{token, {{0, {{0, 8, segment(token + 1), 0}}}}};
    ask(kAnn, 2, Stage{segment(token + 1), 8});
    EXPECT_TRUE(answer<NotStaged>(ask(kAnn, 2, foreign))) << "of another token";
    ask(kAnn, 2, Stage{segment(token), 8});
    EXPECT_TRUE(answer<Committed>(ask(kAnn, 2, release(token))));
}

TEST_F(Answers, a_lost_lease_is_final) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 1, Stage{segment(token), 8});
    ticks_for(durations.lock + durations.beacon());
    EXPECT_TRUE(answer<LeaseLost>(ask(kAnn, 1, Renew{token})));
    EXPECT_TRUE(answer<LeaseLost>(ask(kAnn, 2, release(token))));
    EXPECT_TRUE(answer<LeaseLost>(ask(kAnn, 1, Stage{segment(token), 8})));
    EXPECT_EQ(at(1).newest(), 0u);
}

TEST_F(Answers, a_retried_stage_is_offered_to_all_although_it_is_here) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    fetching = false;
    const auto first = ask(kAnn, 1, Stage{segment(token), 8});
    const auto again = ask(kAnn, 1, Stage{segment(token), 8});
    EXPECT_FALSE(answered(first) || answered(again));
    EXPECT_GE(fetches.size(), 2u);
    fetching = true;
    run();
    EXPECT_TRUE(answer<Done>(first));
    EXPECT_TRUE(answer<Done>(again));
}

TEST_F(Answers, an_offer_is_repeated_until_it_is_stored) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    drop = [](const PeerMessage& m) { return std::holds_alternative<OfferSegment>(m.body); };
    const auto staged = ask(kAnn, 1, Stage{segment(token), 8});
    EXPECT_FALSE(answered(staged));
    drop = {};
    ticks_for(durations.heartbeat + durations.beacon());
    EXPECT_TRUE(answer<Done>(staged));
}

TEST_F(Answers, a_snapshot_waits_for_no_lock_and_shows_committed_state_only) {
    allocate(2);
    write(kAnn, 1);
    const Token token = lock(kAnn, 3);
    ask(kAnn, 3, Stage{segment(token), 8});
    drop = [](const PeerMessage& m) { return std::holds_alternative<Replicated>(m.body); };
    const auto released = ask(kAnn, 4, release(token));
    const auto* snapshot = answer<SnapshotTaken>(ask(kBob, 1, AcquireRead{}));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->version, 1u);
    EXPECT_FALSE(answered(released));
}

TEST_F(Answers, a_primary_that_rested_takes_its_leases_again_on_demand) {
    allocate(2);
    write(kAnn, 1);
    ticks_for(durations.pin + 3 * durations.detection);
    EXPECT_FALSE(at(1).needs_ticks());
    EXPECT_FALSE(at(2).needs_ticks());
    EXPECT_FALSE(at(1).is_serving(now));
    EXPECT_TRUE(answer<SnapshotTaken>(ask(kAnn, 3, AcquireRead{}))) << "one round trip later";
    EXPECT_TRUE(at(1).needs_ticks());
}

TEST_F(Locks, who_has_waited_longest_is_first_also_at_a_new_primary) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    const auto late = ask(ClientId{300}, 1, Acquire{false, 1 * kSecond});
    const auto early = ask(kBob, 1, Acquire{false, 2 * kSecond});
    ask(kAnn, 2, Abort{token});
    EXPECT_TRUE(answer<Granted>(early));
    EXPECT_FALSE(answered(late));
}

TEST_F(Locks, shared_holders_share_and_the_exclusive_one_waits_for_all) {
    allocate(1);
    const auto* first = answer<Granted>(ask(kAnn, 1, Acquire{true}));
    const auto* second = answer<Granted>(ask(kBob, 1, Acquire{true}));
    ASSERT_TRUE(first && second);
    const auto writer = ask(ClientId{300}, 1, Acquire{false});
    const auto reader = ask(ClientId{400}, 1, Acquire{true});
    ask(kAnn, 2, Unlock{first->token});
    EXPECT_FALSE(answered(writer));
    ask(kBob, 2, Unlock{second->token});
    EXPECT_TRUE(answer<Granted>(writer));
    EXPECT_FALSE(answered(reader)) << "never past the head of the queue";
}

TEST_F(Locks, a_cancelled_waiter_costs_the_next_one_nothing_and_does_not_come_back) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    ask(kBob, 1, Acquire{});
    const auto next = ask(ClientId{300}, 1, Acquire{});
    EXPECT_TRUE(answer<Done>(ask(kBob, 1, CancelAcquire{})));
    EXPECT_TRUE(answer<LeaseLost>(ask(kBob, 1, Acquire{}))) << "a late poll";
    ask(kAnn, 2, Abort{token});
    EXPECT_TRUE(answer<Granted>(next));
}

TEST_F(Locks, a_cancelled_grant_is_aborted) {
    allocate(1);
    lock(kAnn, 1);
    const auto next = ask(kBob, 1, Acquire{});
    EXPECT_TRUE(answer<Done>(ask(kAnn, 1, CancelAcquire{})));
    EXPECT_TRUE(answer<Granted>(next));
    EXPECT_TRUE(answer<Done>(ask(kAnn, 1, CancelAcquire{}))) << "a repeat";
}

TEST_F(Locks, a_waiter_that_does_not_poll_leaves_the_queue) {
    allocate(1);
    lock(kAnn, 1);
    const auto waiting = ask(kBob, 1, Acquire{});
    ticks_for(durations.lock + 2 * durations.beacon());
    EXPECT_FALSE(answered(waiting));
    EXPECT_EQ(at(1).ledger().holder, 0u);
}

TEST_F(Locks, tokens_grow_over_a_failover) {
    allocate(2);
    const Token first = lock(kAnn, 1);
    View next = successor({member(2)});
    next.dead = {member(1)};
    copies.erase(1);
    install(next);
    recorded();
    const auto renewed = ask(kAnn, 1, Renew{first}, 2);
    EXPECT_TRUE(answer<Done>(renewed)) << "the lock is in the ledger";
    ask(kAnn, 2, Abort{first}, 2);
    const auto* granted = answer<Granted>(ask(kBob, 1, Acquire{}, 2));
    ASSERT_TRUE(granted);
    EXPECT_GT(granted->token, first);
}

}  // namespace
}  // namespace juxta::data
