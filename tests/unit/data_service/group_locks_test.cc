// Locks with a lease of their own, locks kept over a release, immutable data, looks.
#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

class GroupLocks : public DataGroup {
protected:
    Release keeping(Token token, std::uint32_t number) {
        Release r{token, {{0, {{0, 8, segment(token, number), 0}}}}};
        r.carried = {{segment(token, number), 8}};
        r.keep_lock = true;
        return r;
    }
};

TEST_F(GroupLocks, end_with_the_lease_that_was_asked_for) {
    allocate(1);
    const auto* granted = answer<Granted>(ask(kAnn, 1, Acquire{false, 0, 60 * kSecond}));
    ASSERT_TRUE(granted);
    ticks_for(durations.lock + kSecond);
    EXPECT_TRUE(answer<Done>(ask(kAnn, 1, Renew{granted->token})));
    ticks_for(61 * kSecond);
    EXPECT_TRUE(answer<LeaseLost>(ask(kAnn, 1, Renew{granted->token})));
}

TEST_F(GroupLocks, have_their_own_lease_again_after_a_failover) {
    allocate(2);
    const auto* writer = answer<Granted>(ask(kAnn, 1, Acquire{true, 0, 60 * kSecond}));
    ASSERT_TRUE(writer);
    copies.erase(1);
    View next = successor({member(2)});
    next.dead = {member(1)};
    install(next);
    recorded();
    ticks_for(durations.lock + kSecond);
    EXPECT_TRUE(answer<Done>(ask(kAnn, 1, Renew{writer->token}, 2)));
}

// The silence that swallowed the answer swallowed the cancel, too.
TEST_F(GroupLocks, granted_to_a_request_that_was_given_up_end_when_its_client_asks_anew) {
    allocate(2);
    const Token lost = lock(kAnn, 1);
    const auto* again = answer<Granted>(ask(kAnn, 2, Acquire{}));
    ASSERT_TRUE(again);
    EXPECT_GT(again->token, lost);
    EXPECT_TRUE(answer<LeaseLost>(ask(kAnn, 3, release(lost))));
    EXPECT_EQ(at(2).ledger().holder, again->token);
}

TEST_F(GroupLocks, stay_held_when_a_former_request_of_their_client_comes_late) {
    allocate(1);
    const Token held = lock(kAnn, 5);
    ask(kAnn, 4, Acquire{});
    EXPECT_EQ(at(1).ledger().holder, held);
    EXPECT_EQ(lock(kAnn, 5), held);
}

TEST_F(GroupLocks, stay_held_by_a_release_that_keeps_them) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    const auto waiting = ask(kBob, 1, Acquire{});
    const auto* first = answer<Committed>(ask(kAnn, 2, keeping(token, 0)));
    const auto* second = answer<Committed>(ask(kAnn, 3, keeping(token, 1)));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(second->version, first->version + 1);
    EXPECT_FALSE(answered(waiting));
    EXPECT_EQ(at(2).ledger().holder, token);
    Release last = keeping(token, 2);
    last.keep_lock = false;
    ASSERT_TRUE(answer<Committed>(ask(kAnn, 4, last)));
    const auto* next = answer<Granted>(waiting);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->version, second->version + 1);
    EXPECT_GT(next->token, token);
}

TEST_F(GroupLocks, kept_over_releases_are_answered_once_for_a_repeat) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    const auto* first = answer<Committed>(ask(kAnn, 2, keeping(token, 0)));
    const auto* again = answer<Committed>(ask(kAnn, 2, keeping(token, 0)));
    ASSERT_TRUE(first && again);
    EXPECT_EQ(first->version, again->version);
    EXPECT_EQ(at(1).ledger().newest, first->version);
}

TEST_F(GroupLocks, another_process_may_release_under_a_token_it_was_given) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    EXPECT_TRUE(answer<Committed>(ask(kBob, 1, keeping(token, 0))));
    EXPECT_EQ(at(1).ledger().holder_client, kAnn);
}

class ImmutableDatum : public DataGroup {
protected:
    void SetUp() override {
        view.epoch = 1;
        view.activated = true;
        view.members = {member(1)};
        add(GroupMember::reserved(kHome, member(1), {1, false, true}, durations), 1);
        install(view);
    }
};

TEST_F(ImmutableDatum, is_written_once) {
    const Version version = write(kAnn, 1);
    EXPECT_EQ(version, 1u);
    const Token token = lock(kBob, 1);
    Release second = release(token);
    second.carried = {{segment(token), 8}};
    const auto* refused = answer<AlreadyWritten>(ask(kBob, 2, second));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->version, version);
    EXPECT_EQ(discarded[1], std::vector{segment(token)});
    EXPECT_TRUE(answer<Done>(ask(kBob, 3, Abort{token}))) << "the token still held";
}

TEST_F(ImmutableDatum, answers_a_repeat_of_its_one_release_as_the_first_time) {
    const Token token = lock(kAnn, 1);
    ask(kAnn, 1, Stage{segment(token), 8});
    ask(kAnn, 2, release(token));
    const auto* again = answer<Committed>(ask(kAnn, 2, release(token)));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->version, 1u);
}

TEST_F(GroupLocks, are_seen_by_a_look) {
    allocate(2);
    write(kAnn, 1);
    const auto* idle = answer<Looked>(ask(kBob, 1, Look{}));
    ASSERT_TRUE(idle);
    EXPECT_EQ(idle->holder, 0u);
    EXPECT_EQ(idle->newest, 1u);
    const auto* granted = answer<Granted>(ask(kAnn, 3, Acquire{false, 0, 30 * kSecond}));
    ask(kBob, 2, Acquire{});
    ticks_for(2 * kSecond);
    const auto* looked = answer<Looked>(ask(ClientId{300}, 1, Look{}));
    ASSERT_TRUE(granted && looked);
    EXPECT_EQ(looked->holder, granted->token);
    EXPECT_EQ(looked->holder_client, kAnn);
    EXPECT_EQ(looked->waiting, 1u);
    EXPECT_GT(looked->lease_left, 27 * kSecond);
    EXPECT_LE(looked->lease_left, 28 * kSecond + durations.beacon());
}

TEST_F(GroupLocks, shared_ones_are_seen_by_a_look_each) {
    allocate(1);
    ask(kAnn, 1, Acquire{true});
    ask(kBob, 1, Acquire{true, 0, 20 * kSecond});
    const auto* looked = answer<Looked>(ask(ClientId{300}, 1, Look{}));
    ASSERT_TRUE(looked);
    ASSERT_EQ(looked->readers.size(), 2u);
    EXPECT_EQ(looked->readers[0].client, kAnn);
    EXPECT_EQ(looked->readers[0].left, durations.lock);
    EXPECT_EQ(looked->readers[1].left, 20 * kSecond);
}

}  // namespace
}  // namespace juxta::data
