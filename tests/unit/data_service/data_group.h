// A data group of real machines over a network that the test holds in its hands.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "data_service/protocol/group_member.h"

namespace juxta::data {

inline const DataId kDatum{Id128{1, 1}};
inline const GroupId kHome{kDatum, 0};
constexpr ClientId kAnn{100}, kBob{200};
constexpr Time kStart = 1000 * kSecond;

inline Member member(std::uint64_t provider) { return {ProviderId{provider}, 1}; }
inline SegmentId segment(Token token, std::uint32_t number = 0) {
    return {kDatum, 0, token, number};
}

class DataGroup : public ::testing::Test {
protected:
    // Copies 1..n, reserved, with view 1 adopted by all; the first is the primary.
    void allocate(std::uint64_t n) {
        view.epoch = 1;
        view.activated = true;
        for (std::uint64_t p = 1; p <= n; ++p) {
            add(GroupMember::reserved(kHome, member(p), {}, durations), p);
            view.members.push_back(member(p));
        }
        install(view);
    }
    void add(GroupMember copy, std::uint64_t p) { copies.emplace(p, std::move(copy)); }
    GroupMember& at(std::uint64_t p) { return copies.at(p); }

    void carry_out(std::uint64_t p, Outputs& out) {
        if (on_outputs) on_outputs(p, out);
        if (out.wiped) disk.erase(p);
        if (out.save) disk[p] = *out.save;
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
        EXPECT_TRUE(answer<Done>(ask(client, rid, Stage{segment(token), segment_bytes})));
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
    std::function<void(std::uint64_t, const Outputs&)> on_outputs;
    std::map<std::uint64_t, SavedCopy> disk;
    bool fetching = true;
    std::uint64_t segment_bytes = 8;  // many of them do not come with a ledger
    std::uint64_t last_ticket = 0;
};

}  // namespace juxta::data
