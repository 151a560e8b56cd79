// Tenures that go on while copies come and go (docs/protocol.md, P5 and J1 to J3).
#include <algorithm>

#include "tests/unit/data_service/data_group.h"

namespace juxta::data {
namespace {

class TenureThatGoesOn : public DataGroup {
protected:
    // What the manager installs where the tenure goes on.
    View continuation(std::vector<Member> members, std::optional<Member> joiner = std::nullopt) {
        View next = view;
        next.epoch += 1;
        next.began = view.tenure();
        next.members = std::move(members);
        next.joiner_named = joiner && joiner == view.joiner ? view.joining() : 0;
        next.joiner = joiner;
        return next;
    }
    void add_empty(std::uint64_t p) {
        add(GroupMember::absent(kHome, member(p), {}, durations), p);
    }
    bool told_full() const {
        return !to_manager.empty() && std::holds_alternative<Full>(to_manager.back());
    }
    bool told_activated() const {
        return std::ranges::any_of(to_manager, [](const ManagerMessage& message) {
            return std::holds_alternative<Activated>(message);
        });
    }
};

TEST_F(TenureThatGoesOn, serves_on_without_a_barrier_when_a_backup_is_dead) {
    allocate(3);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 1, Stage{segment(token), 8});
    drop = [](const PeerMessage& m) { return m.to == member(3) || m.from == member(3); };
    const auto release_ticket = ask(kAnn, 2, release(token));
    EXPECT_FALSE(answered(release_ticket));
    View next = continuation({member(1), member(2)});
    next.dead = {member(3)};
    unsigned barriers = 0;
    on_outputs = [&](std::uint64_t, const Outputs& out) {
        for (const PeerMessage& m : out.to_members) {
            barriers += std::holds_alternative<Barrier>(m.body);
        }
    };
    install(next);
    EXPECT_EQ(barriers, 0u);
    EXPECT_FALSE(told_activated());
    EXPECT_TRUE(answer<Committed>(release_ticket)) << "what waited for the dead one goes on";
    EXPECT_EQ(write(kBob, 1), 2u);
}

TEST_F(TenureThatGoesOn, ends_a_staging_that_waits_for_a_dead_member) {
    allocate(3);
    const Token token = lock(kAnn, 1);
    drop = [](const PeerMessage& m) { return m.to == member(3) || m.from == member(3); };
    const auto staged = ask(kAnn, 1, Stage{segment(token), 8});
    EXPECT_FALSE(answered(staged));
    View next = continuation({member(1), member(2)});
    next.dead = {member(3)};
    install(next);
    EXPECT_TRUE(answer<Done>(staged));
}

TEST_F(TenureThatGoesOn, takes_in_a_full_joiner_without_a_word_between_the_members) {
    allocate(2);
    write(kAnn, 1);
    add_empty(3);
    install(continuation({member(1), member(2)}, member(3)));
    ASSERT_TRUE(told_full());
    install(continuation({member(1), member(2), member(3)}));
    EXPECT_FALSE(told_activated());
    EXPECT_EQ(write(kAnn, 3), 2u);
    EXPECT_EQ(at(3).ledger(), at(1).ledger());
    drop = [](const PeerMessage& m) { return m.from == member(3); };
    EXPECT_FALSE(answered(ask(kAnn, 5, Acquire{}))) << "it is needed as the others are";
}

// Its views may overtake each other: a member hears of the tenure at last.
TEST_F(TenureThatGoesOn, reaches_a_member_that_has_heard_of_no_view_yet) {
    view.epoch = 1;
    view.activated = true;
    view.members = {member(1), member(2), member(3)};
    for (std::uint64_t p : {1u, 2u}) {
        add(GroupMember::reserved(kHome, member(p), {}, durations), p);
    }
    step(1, [&](GroupMember& m, Outputs& out) { m.adopt(view, now, out); });
    View next = continuation({member(1), member(2)});
    next.dead = {member(3)};
    install(next);
    EXPECT_EQ(write(kAnn, 1), 1u);
}

TEST_F(TenureThatGoesOn, fills_a_copy_although_a_client_writes_without_a_pause) {
    allocate(2);
    write(kAnn, 1);
    add_empty(3);
    std::deque<PeerMessage> late;  // to and from the joiner: two writes behind
    drop = [&](const PeerMessage& m) {
        if (m.to != member(3) && m.from != member(3)) return false;
        late.push_back(m);
        return true;
    };
    const auto deliver_late = [&](std::size_t how_many) {
        const auto kept = std::exchange(drop, nullptr);
        for (; how_many > 0 && !late.empty(); --how_many) {
            const PeerMessage message = late.front();
            late.pop_front();
            const std::uint64_t to = message.to.provider.value;
            Outputs out;
            at(to).receive(message, now, out);
            for (PeerMessage& m : out.to_members) {
                if (m.to == member(3) || m.from == member(3))
                    late.push_back(m);
                else
                    wire.push_back(m);
            }
            out.to_members.clear();
            carry_out(to, out);
        }
        drop = kept;
        run();
    };
    install(continuation({member(1), member(2)}, member(3)));
    std::vector<std::uint64_t> waiting;
    for (std::uint64_t rid = 10; rid < 400 && !told_full(); rid += 2) {
        const auto granted = ask(kAnn, rid, Acquire{});
        while (!answered(granted) && !late.empty()) deliver_late(1);
        ASSERT_TRUE(answer<Granted>(granted));
        const Token token = answer<Granted>(granted)->token;
        Release carrying = release(token);
        carrying.carried = {{segment(token), 8}};
        const auto committed = ask(kAnn, rid + 1, carrying);
        while (!answered(committed) && !late.empty()) deliver_late(1);
        ASSERT_TRUE(answer<Committed>(committed));
        deliver_late(2);
        now += 400;
    }
    EXPECT_TRUE(told_full());
}

// It dropped everything in between.
TEST_F(TenureThatGoesOn, forgets_what_a_joiner_said_when_it_joined_before) {
    allocate(2);
    write(kAnn, 1);
    add_empty(3);
    std::vector<PeerMessage> said;
    drop = [&](const PeerMessage& m) {
        if (m.from != member(3)) return false;
        said.push_back(m);
        return true;
    };
    install(continuation({member(1), member(2)}, member(3)));
    ASSERT_FALSE(said.empty());
    install(continuation({member(1), member(2)}));
    install(continuation({member(1), member(2)}, member(3)));
    drop = [](const PeerMessage& m) { return m.to == member(3); };
    for (const PeerMessage& late : said) {
        if (late.epoch >= view.epoch) continue;
        step(1, [&](GroupMember& m, Outputs& out) { m.receive(late, now, out); });
    }
    ticks_for(durations.beacon() * 3);
    EXPECT_FALSE(told_full());
}

TEST_F(TenureThatGoesOn, is_not_full_without_what_is_staged_a_second_time) {
    allocate(1);
    const Token token = lock(kAnn, 1);
    ask(kAnn, 1, Stage{segment(token), 1 << 20});
    add_empty(2);
    fetching = false;
    install(continuation({member(1)}, member(2)));
    ask(kAnn, 1, Stage{segment(token), 1 << 20});
    ticks_for(durations.beacon() * 3);
    EXPECT_FALSE(told_full());
    fetching = true;
    run();
    EXPECT_TRUE(told_full());
}

TEST_F(TenureThatGoesOn, serves_before_its_record_where_nobody_outside_holds_anything) {
    allocate(3);
    write(kAnn, 1);
    View next = successor({member(2), member(3)});
    next.dead = {member(1)};
    next.closed = true;
    copies.erase(1);
    install(next);
    EXPECT_TRUE(told_activated());
    const auto granted = ask(kAnn, 3, Acquire{}, 2);
    EXPECT_TRUE(answer<Granted>(granted));
    to_manager.clear();
    ticks_for(durations.beacon() * 2);
    EXPECT_TRUE(told_activated()) << "until it is recorded";
    recorded();
    to_manager.clear();
    ticks_for(durations.beacon() * 2);
    EXPECT_FALSE(told_activated());
}

}  // namespace
}  // namespace juxta::data
