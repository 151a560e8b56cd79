// The rules of a data group that an implementer gets wrong (docs/protocol.md, section 17), each as
// a sentence: segments: joiners that are filled, garbage that goes.
#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

class Joining : public DataGroup {
protected:
    // Copy 2 joins copy 1, whose new tenure is recorded.
    void name_joiner() {
        View next = successor({member(1)});
        next.joiner = member(2);
        install(next);
        recorded();
    }
};
using Garbage = DataGroup;

// Found by simulation, seed 19969: the bytes stayed for ever.
TEST_F(Joining, bytes_that_arrive_at_a_joiner_after_the_end_are_discarded) {
    segment_bytes = 1 << 20;
    allocate(1);
    write(kAnn, 1);
    add(GroupMember::absent(kHome, member(2), {}, durations), 2);
    fetching = false;
    name_joiner();
    ticks_for(durations.beacon());
    ASSERT_FALSE(fetches.empty());
    View lost = successor({member(1)});
    lost.joiner = member(2);
    lost.lost = true;
    install(lost);
    fetching = true;
    run();
    EXPECT_TRUE(at(2).segments().empty());
    EXPECT_FALSE(discarded[2].empty());
}

TEST_F(Joining, counts_before_it_is_reported_and_is_filled_with_staged_segments_too) {
    allocate(1);
    write(kAnn, 1);
    const Token token = lock(kAnn, 3);
    ask(kAnn, 3, Stage{segment(token), 8});
    add(GroupMember::absent(kHome, member(2), {}, durations), 2);
    name_joiner();
    ticks_for(durations.beacon() * 2);
    ASSERT_TRUE(std::holds_alternative<Full>(to_manager.back()));
    EXPECT_TRUE(at(2).holds(segment(token)));
    EXPECT_EQ(at(2).ledger(), at(1).ledger());
    drop = [](const PeerMessage& m) { return m.from == member(2); };
    EXPECT_FALSE(answered(ask(kAnn, 4, release(token)))) << "it is needed from now on";
}

TEST_F(Joining, a_joiner_below_full_delays_nobody) {
    segment_bytes = 1 << 20;
    allocate(1);
    add(GroupMember::absent(kHome, member(2), {}, durations), 2);
    fetching = false;
    write(kAnn, 1);
    name_joiner();
    EXPECT_EQ(write(kAnn, 3), 2u);
    EXPECT_FALSE(std::holds_alternative<Full>(to_manager.back()));
}

TEST_F(Joining, small_segments_come_with_the_ledger) {
    allocate(1);
    write(kAnn, 1);
    add(GroupMember::absent(kHome, member(2), {}, durations), 2);
    fetching = false;
    name_joiner();
    EXPECT_TRUE(fetches.empty());
    EXPECT_TRUE(std::holds_alternative<Full>(to_manager.back()));
    EXPECT_EQ(at(2).segments(), at(1).segments());
}

TEST_F(Joining, a_joiner_reuses_the_segments_that_it_has) {
    allocate(2);
    write(kAnn, 1);
    install(successor({member(1)}));
    recorded();
    View next = successor({member(1)});
    next.joiner = member(2);
    fetching = false;
    install(next);
    recorded();
    ticks_for(durations.beacon() * 2);
    EXPECT_TRUE(fetches.empty());
    EXPECT_TRUE(std::holds_alternative<Full>(to_manager.back()));
}

TEST_F(Garbage, a_pinned_version_stays_and_goes_when_the_pin_ends) {
    allocate(2);
    write(kAnn, 1);
    const SegmentId old = at(1).segments().begin()->first;
    ask(kBob, 1, AcquireRead{});
    write(kAnn, 3);
    ticks_for(durations.pin / 2);
    EXPECT_TRUE(at(1).holds(old) && at(2).holds(old));
    EXPECT_TRUE(answer<Done>(ask(kBob, 1, RenewPin{1})));
    ask(kBob, 1, Unpin{1});
    ticks_for(durations.beacon() * 4);
    EXPECT_FALSE(at(1).holds(old) || at(2).holds(old));
    EXPECT_TRUE(answer<VersionGone>(ask(kBob, 1, RenewPin{1})));
}

TEST_F(Garbage, a_repeated_acquire_read_adds_a_pin_and_moves_none) {
    allocate(1);
    write(kAnn, 1);
    ask(kBob, 1, AcquireRead{});
    write(kAnn, 3);
    ask(kBob, 1, AcquireRead{});
    ticks_for(durations.pin / 2);
    EXPECT_EQ(at(1).ledger().versions.size(), 2u);
}

TEST_F(Garbage, nothing_is_retired_for_a_pin_lease_after_an_activation) {
    allocate(2);
    write(kAnn, 1);
    write(kAnn, 3);
    install(successor({member(1), member(2)}));
    recorded();
    ticks_for(durations.pin / 2);
    EXPECT_TRUE(answer<Done>(ask(kBob, 1, RenewPin{1}))) << "a pin comes to the new primary";
    ticks_for(durations.pin / 2 + 2 * durations.beacon());
    EXPECT_TRUE(at(1).ledger().versions.contains(1));
    EXPECT_FALSE(at(1).ledger().versions.contains(0));
}

TEST_F(Garbage, what_is_below_the_floor_is_refused_and_acknowledged_all_the_same) {
    allocate(2);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 2, Abort{token});
    ticks_for(durations.beacon() * 4);
    EXPECT_FALSE(at(1).accepts(segment(token)));
    EXPECT_FALSE(at(2).accepts(segment(token)));
    Outputs out;
    at(2).receive({kHome, 1, member(1), member(2), OfferSegment{segment(token), 8}}, now, out);
    EXPECT_TRUE(out.fetch.empty());
    EXPECT_TRUE(std::holds_alternative<SegmentStored>(out.to_members.at(0).body));
}

TEST_F(Garbage, a_lower_floor_is_an_old_message) {
    allocate(2);
    write(kAnn, 1);
    ticks_for(durations.beacon() * 4);
    const auto before = at(2).segments();
    Outputs out;
    at(2).receive({kHome, 0, member(1), member(2), Keep{1, {}}}, now, out);
    EXPECT_EQ(at(2).segments(), before);
}

// Found by simulation, seed 107053: a dropped segment was accepted again.
TEST_F(Garbage, a_late_order_of_the_same_floor_brings_nothing_back) {
    SegmentShelf shelf;
    shelf.put(segment(1), 8);
    shelf.put(segment(2), 8);
    EXPECT_TRUE(shelf.keep(5, {segment(1), segment(2)}).empty());
    EXPECT_EQ(shelf.keep(5, {segment(2)}), (std::vector<SegmentId>{segment(1)}));
    EXPECT_TRUE(shelf.keep(5, {segment(1), segment(2)}).empty());
    EXPECT_FALSE(shelf.accepts(segment(1)));
    EXPECT_TRUE(shelf.has(segment(2)));
}

TEST_F(Garbage, the_row_of_a_client_that_went_silent_is_forgotten) {
    allocate(1);
    write(kAnn, 1);
    ticks_for(durations.beacon() * 3);
    now += durations.row + 1;
    const Token token = lock(kBob, 1);
    tick(durations.beacon());
    EXPECT_FALSE(at(1).ledger().rows.contains(kAnn));
    EXPECT_TRUE(at(1).ledger().rows.contains(kBob));
    EXPECT_TRUE(answer<Done>(ask(kBob, 2, Abort{token})));
}

TEST_F(Garbage, bytes_nobody_can_need_are_discarded_when_they_arrive) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 2, Abort{token});
    ticks_for(durations.beacon() * 3);
    step(1, [&](GroupMember& m, Outputs& out) { m.segment_stored(segment(token), 8, now, out); });
    EXPECT_EQ(discarded[1], (std::vector<SegmentId>{segment(token)}));
}

}  // namespace
}  // namespace juxta::data
