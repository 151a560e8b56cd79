// Small data that come with the release itself (C10).
#include <algorithm>

#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

class CarriedSegments : public DataGroup {
protected:
    Release carrying(Token token) {
        Release r = release(token);
        r.carried = {{segment(token), 8}};
        return r;
    }
};

TEST_F(CarriedSegments, reach_every_copy_with_one_message_to_each_and_one_back) {
    allocate(3);
    const Token token = lock(kAnn, 1);
    std::vector<PeerMessage> sent;
    drop = [&](const PeerMessage& message) {
        sent.push_back(message);
        return false;
    };
    ASSERT_TRUE(answer<Committed>(ask(kAnn, 2, carrying(token))));
    ASSERT_EQ(sent.size(), 4u);
    EXPECT_EQ(
        std::ranges::count_if(
            sent, [](const PeerMessage& m) { return std::holds_alternative<Replicate>(m.body); }),
        2);
    for (std::uint64_t p = 1; p <= 3; ++p) EXPECT_TRUE(at(p).holds(segment(token)));
}

TEST_F(CarriedSegments, are_discarded_when_the_release_is_refused) {
    allocate(1);
    ASSERT_TRUE(answer<LeaseLost>(ask(kAnn, 1, carrying(77))));
    EXPECT_EQ(discarded[1], std::vector{segment(77)});
}

TEST_F(CarriedSegments, of_another_token_are_no_reason_to_commit) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    Release wrong = release(token);
    wrong.carried = {{segment(token + 1), 8}};
    EXPECT_TRUE(answer<NotStaged>(ask(kAnn, 2, wrong)));
    EXPECT_FALSE(at(1).holds(segment(token + 1)));
}

TEST_F(CarriedSegments, are_answered_once_for_a_repeat) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    const auto* first = answer<Committed>(ask(kAnn, 2, carrying(token)));
    const auto* second = answer<Committed>(ask(kAnn, 2, carrying(token)));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->version, second->version);
    EXPECT_TRUE(discarded[1].empty());
}

TEST_F(CarriedSegments, that_reach_a_member_of_another_view_are_discarded_there) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    wire.clear();
    drop = [](const PeerMessage& m) { return std::holds_alternative<Replicate>(m.body); };
    ask(kAnn, 2, carrying(token));
    Entry entry;
    entry.lsn = 9;
    entry.carried = {{segment(token, 5), 8}};
    step(2, [&](GroupMember& m, Outputs& out) {
        m.receive({kHome, 7, member(1), member(2), Replicate{entry}}, now, out);
    });
    EXPECT_EQ(discarded[2], std::vector{segment(token, 5)});
}

// A, with the entry, dies before C has it; B has it, and takes over.
class CarriedOver : public CarriedSegments {
protected:
    void SetUp() override {
        allocate(3);
        token = lock(kAnn, 1);
        drop = [](const PeerMessage& m) {
            return m.to == member(3) && std::holds_alternative<Replicate>(m.body);
        };
        ask(kAnn, 2, carrying(token));
        drop = nullptr;
        ASSERT_TRUE(at(2).holds(segment(token)));
        ASSERT_FALSE(at(3).holds(segment(token)));
        copies.erase(1);
    }
    Token token = 0;
};

TEST_F(CarriedOver, the_new_primary_gives_its_view_the_segments_its_ledger_names) {
    View next = successor({member(2), member(3)});
    next.dead = {member(1)};
    install(next);
    EXPECT_TRUE(at(3).holds(segment(token)));
    EXPECT_EQ(at(3).ledger(), at(2).ledger());
    EXPECT_TRUE(asked_to_activate());
}

TEST_F(CarriedOver, a_member_left_alone_before_it_got_the_segments_knows_nothing_of_the_version) {
    fetching = false;
    View next = successor({member(2), member(3)});
    next.dead = {member(1)};
    install(next);
    EXPECT_FALSE(asked_to_activate()) << "not before all of the view hold everything";
    copies.erase(2);
    fetches.clear();
    View last = successor({member(3)});
    last.dead = {member(1), member(2)};
    install(last);
    recorded();
    const auto* snapshot = answer<SnapshotTaken>(ask(kBob, 1, AcquireRead{}, 3));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->version, 0u) << "nobody was told of version 1, and its bytes are nowhere";
}

}  // namespace
}  // namespace juxta::data
