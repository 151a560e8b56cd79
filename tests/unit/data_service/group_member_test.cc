// A data group of real machines over a network that the test holds in its hands: the rules that an
// implementer gets wrong (docs/protocol.md, section 17), each as a sentence.
#include "data_service/protocol/group_member.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

namespace juxta::data {
namespace {

const DataId kDatum{Id128{1, 1}};
const GroupId kHome{kDatum, 0};
constexpr ClientId kAnn{100}, kBob{200};
constexpr Time kStart = 1000 * kSecond;

Member member(std::uint64_t provider) { return {ProviderId{provider}, 1}; }
SegmentId segment(Token token, std::uint32_t number = 0) { return {kDatum, 0, token, number}; }

class DataGroup : public ::testing::Test {
protected:
    // Copies 1..n, reserved, with view 1 adopted by all; the first is the primary.
    void allocate(std::uint64_t n) {
        view.epoch = 1;
        view.activated = true;
        for (std::uint64_t p = 1; p <= n; ++p) {
            add(GroupMember::reserved(kHome, member(p), 1, durations), p);
            view.members.push_back(member(p));
        }
        install(view);
    }
    void add(GroupMember copy, std::uint64_t p) { copies.emplace(p, std::move(copy)); }
    GroupMember& at(std::uint64_t p) { return copies.at(p); }

    void carry_out(std::uint64_t p, Outputs& out) {
        for (PeerMessage& message : out.to_members) wire.push_back(std::move(message));
        for (ManagerMessage& message : out.to_manager) to_manager.push_back(std::move(message));
        for (Answer& answer : out.answers) answers[answer.ticket] = std::move(answer.body);
        for (const SegmentId& s : out.discard) discarded[p].push_back(s);
        for (const FetchOrder& order : out.fetch) fetches.emplace_back(p, order);
        if (out.wiped) wiped[p] += 1;
    }
    void step(std::uint64_t p, const std::function<void(GroupMember&, Outputs&)>& event) {
        Outputs out;
        event(at(p), out);
        carry_out(p, out);
    }
    // To everybody of it, unless left out.
    void install(const View& next) {
        view = next;
        for (auto& [p, copy] : copies) {
            step(p, [&](GroupMember& m, Outputs& out) { m.adopt(view, now, out); });
        }
        run();
    }
    void recorded() {
        step(view.members.front().provider.value,
             [&](GroupMember& m, Outputs& out) { m.activation_recorded(view.epoch, now, out); });
        run();
    }
    // Delivers everything that is on the wire, and what follows from it.
    void run() {
        while (!wire.empty() || (!fetches.empty() && fetching)) {
            if (!wire.empty()) {
                const PeerMessage message = std::move(wire.front());
                wire.pop_front();
                const std::uint64_t to = message.to.provider.value;
                if (drop && drop(message)) continue;
                if (copies.contains(to)) {
                    step(to, [&](GroupMember& m, Outputs& o) { m.receive(message, now, o); });
                }
                continue;
            }
            const auto [p, order] = fetches.front();
            fetches.pop_front();
            step(p, [&, s = order.segment, b = order.bytes](GroupMember& m, Outputs& out) {
                m.segment_stored(s, b, now, out);
            });
        }
    }
    void tick(Duration after) {
        now += after;
        for (auto& [p, copy] : copies) {
            if (!copy.needs_ticks()) continue;
            step(p, [&](GroupMember& m, Outputs& out) { m.tick(now, out); });
        }
        run();
    }
    void ticks_for(Duration time) {
        for (Duration t = 0; t < time; t += durations.beacon()) tick(durations.beacon());
    }
    // Asks, delivers, and returns the ticket.
    std::uint64_t ask(ClientId client, std::uint64_t rid, ClientBody body, std::uint64_t p = 1) {
        const std::uint64_t ticket = ++last_ticket;
        step(p, [&](GroupMember& m, Outputs& out) {
            m.ask({kHome, client, rid, ticket, std::move(body)}, now, out);
        });
        run();
        return ticket;
    }
    template <class T>
    const T* answer(std::uint64_t ticket) const {
        const auto known = answers.find(ticket);
        return known == answers.end() ? nullptr : std::get_if<T>(&known->second);
    }
    bool answered(std::uint64_t ticket) const { return answers.contains(ticket); }
    Token lock(ClientId client, std::uint64_t rid) {
        const auto* granted = answer<Granted>(ask(client, rid, Acquire{}));
        EXPECT_TRUE(granted);
        return granted ? granted->token : 0;
    }
    Release release(Token token) { return {token, {{0, {{0, 8, segment(token), 0}}}}}; }
    // One whole write.
    Version write(ClientId client, std::uint64_t rid) {
        const Token token = lock(client, rid);
        EXPECT_TRUE(answer<Done>(ask(client, rid, Stage{segment(token), 8})));
        const auto* committed = answer<Committed>(ask(client, rid + 1, release(token)));
        EXPECT_TRUE(committed);
        return committed ? committed->version : 0;
    }
    View successor(std::vector<Member> members) const {
        View next = view;
        next.epoch += 1;
        next.members = std::move(members);
        next.activated = false;
        next.joiner.reset();
        return next;
    }
    bool asked_to_activate() const {
        return !to_manager.empty() && std::holds_alternative<Activated>(to_manager.back());
    }

    Durations durations;
    Time now = kStart;
    View view;
    std::map<std::uint64_t, GroupMember> copies;
    std::deque<PeerMessage> wire;
    std::deque<std::pair<std::uint64_t, FetchOrder>> fetches;
    std::vector<ManagerMessage> to_manager;
    std::map<std::uint64_t, AnswerBody> answers;
    std::map<std::uint64_t, std::vector<SegmentId>> discarded;
    std::map<std::uint64_t, int> wiped;
    std::function<bool(const PeerMessage&)> drop;
    bool fetching = true;
    std::uint64_t last_ticket = 0;
};

using SingleCopy = DataGroup;
using Views = DataGroup;
using Answers = DataGroup;
using Joining = DataGroup;
using Locks = DataGroup;
using Garbage = DataGroup;

// -- one copy
// --------------------------------------------------------------------------------------

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

// -- views
// -----------------------------------------------------------------------------------------

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
    add(GroupMember::reserved(kHome, member(1), 1, durations), 1);
    add(GroupMember::reserved(kHome, member(2), 1, durations), 2);
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

// Found by simulation, seed 19969: the bytes stayed for ever.
TEST_F(Joining, bytes_that_arrive_at_a_joiner_after_the_end_are_discarded) {
    allocate(1);
    write(kAnn, 1);
    add(GroupMember::absent(kHome, member(2), 1, durations), 2);
    fetching = false;
    View next = successor({member(1)});
    next.joiner = member(2);
    install(next);
    recorded();
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

TEST_F(Views, a_backup_sends_clients_to_its_primary) {
    allocate(2);
    const auto* refused = answer<NotPrimary>(ask(kAnn, 1, Acquire{}, 2));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->view.primary(), member(1));
}

// -- answers
// ---------------------------------------------------------------------------------------

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

// -- locks
// -----------------------------------------------------------------------------------------

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

// -- joining
// ---------------------------------------------------------------------------------------

TEST_F(Joining, counts_before_it_is_reported_and_is_filled_with_staged_segments_too) {
    allocate(1);
    write(kAnn, 1);
    const Token token = lock(kAnn, 3);
    ask(kAnn, 3, Stage{segment(token), 8});
    add(GroupMember::absent(kHome, member(2), 1, durations), 2);
    View next = successor({member(1)});
    next.joiner = member(2);
    install(next);
    recorded();
    ticks_for(durations.beacon() * 2);
    ASSERT_TRUE(std::holds_alternative<Full>(to_manager.back()));
    EXPECT_TRUE(at(2).holds(segment(token)));
    EXPECT_EQ(at(2).ledger(), at(1).ledger());
    drop = [](const PeerMessage& m) { return m.from == member(2); };
    EXPECT_FALSE(answered(ask(kAnn, 4, release(token)))) << "it is needed from now on";
}

TEST_F(Joining, a_joiner_below_full_delays_nobody) {
    allocate(1);
    add(GroupMember::absent(kHome, member(2), 1, durations), 2);
    fetching = false;
    write(kAnn, 1);
    View next = successor({member(1)});
    next.joiner = member(2);
    install(next);
    recorded();
    EXPECT_EQ(write(kAnn, 3), 2u);
    EXPECT_FALSE(std::holds_alternative<Full>(to_manager.back()));
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

// -- garbage
// ---------------------------------------------------------------------------------------

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
