// What the leading manager decides from time: whom it has not heard, which views must change, who
// joins. docs/protocol.md, section 5 (M2 to M11). It reads the Directory and proposes commands;
// it changes nothing itself. A new leader starts with a new Overseer: silence is counted anew.
//
// Threading: none of its own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "data_service/core/directory.h"

namespace juxta::data {

class Overseer {
public:
    // `pick(n)`: a number below n, for choosing among equal candidates.
    Overseer(const Durations& durations, std::function<std::uint64_t(std::uint64_t)> pick);

    // A beat or probe answer of this incarnation arrived.
    void heard(const Member& member, Time now);

    // How much room a provider has told to have left, and how much it uses.
    void room(ProviderId provider, std::uint64_t free_bytes, std::uint64_t used_bytes);

    // Providers to look at (connect, ask the incarnation): silent for two beats, or suspected
    // since. Each at most once a beat. Refused, or another incarnation: propose ConfirmDead;
    // answered: heard().
    void suspect(const Member& member);
    std::vector<Member> to_probe(const Directory& directory, Time now);

    // All commands that the state and the silence ask for now: at most one new view of a group,
    // so call it again once they are applied. `only`: the groups to look at; empty: all. A freed
    // datum is proposed to be forgotten Durations::row after it was first seen here: whoever tells
    // of its groups later must be answered with a freed view.
    std::vector<Command> review(const Directory& directory, Time now,
                                const std::vector<GroupId>& only = {});

    // Providers for a new group, best first (M1): registered, fresh, not draining, not cache-only,
    // with room; `preferred_host` first, then distinct hosts, then the least used. May be fewer
    // than `copies`, or none.
    std::vector<Member> candidates(const Directory& directory, std::uint64_t bytes,
                                   std::size_t copies, const std::string& preferred_host,
                                   Time now) const;

    // Not heard for Durations::detection; for one never heard, since this Overseer first looked.
    bool is_silent(const Member& member, Time now) const;

private:
    struct Room {
        std::uint64_t free_bytes = 0;
        std::uint64_t used_bytes = 0;
    };
    struct Candidate {
        Member member;
        std::string host;
        std::uint64_t used_bytes = 0;
    };

    std::optional<Time> last_sign_of(const Member& member) const;
    bool is_fine(const Directory& directory, const Member& member, Time now) const;
    Room room_of(const ProviderRecord& provider) const;
    std::vector<Candidate> who_may_hold(const Directory& directory, std::uint64_t bytes,
                                        Time now) const;
    // Takes the best out of `from`: preferably on none of `hosts`, then the least used.
    Member take_best(std::vector<Candidate>& from, std::set<std::string>& hosts) const;

    std::optional<Command> review_group(const Directory& directory, const GroupId& group,
                                        Time now) const;
    std::optional<Command> adjust_copies(const Directory& directory, const GroupId& group,
                                         Time now) const;
    // Now or once it is heard again.
    bool anybody_may_join(const Directory& directory, const GroupId& group) const;
    std::optional<Member> choose_joiner(const Directory& directory, const GroupId& group,
                                        Time now) const;

    Durations durations_;
    std::function<std::uint64_t(std::uint64_t)> pick_;
    std::optional<Time> began_;
    std::map<Member, Time> heard_;
    std::map<ProviderId, Room> room_;
    std::map<Member, Time> probed_;
    std::set<Member> suspected_;
    std::map<DataId, Time> freed_;  // when first seen so
};

}  // namespace juxta::data
