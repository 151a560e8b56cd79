// What the leading manager decides from time: whom it has not heard, which views must change, who
// joins. docs/protocol.md, section 5 (M2 to M11). It reads the Directory and proposes commands;
// it changes nothing itself. A new leader starts with a new Overseer: silence is counted anew.
//
// Nothing but the full review() looks at all data or all providers: a manager of a million data
// asks for evictions(), and look_at()s the groups that changed, or that were not settled.
//
// Threading: none of its own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "data_service/core/directory.h"

namespace juxta::data {

class Overseer {
public:
    // `pick(n)`: a number below n, for choosing among equal candidates. `own_cluster`: whose data
    // these are; providers of others are guests.
    Overseer(const Durations& durations, std::function<std::uint64_t(std::uint64_t)> pick,
             std::string own_cluster = {});

    // A beat or probe answer of this incarnation arrived.
    void heard(const Member& member, Time now);

    // How much room a provider has told to have left, and how much it uses.
    void room(ProviderId provider, std::uint64_t free_bytes, std::uint64_t used_bytes,
              std::uint64_t free_disk_bytes = 0);

    // Bytes that will be used there, and that it will tell of by itself, or never.
    void expect(ProviderId provider, std::uint64_t bytes);
    void unexpect(ProviderId provider, std::uint64_t bytes);

    // M10: a registered incarnation has a copy of the group on its disk, written by `written_by`;
    // it has told of all that it has. What it does not offer by then, it does not have.
    void offered(const Directory& directory, const Member& self, const GroupId& group,
                 Incarnation written_by);
    void offers_complete(const Member& self);

    // Providers to look at (connect, ask the incarnation): silent for two beats, or suspected
    // since. Each at most once a beat. Refused, or another incarnation: propose ConfirmDead;
    // answered: heard().
    void suspect(const Member& member);
    std::vector<Member> to_probe(const Directory& directory, Time now);

    // When the next one will have been silent for too long; nullopt: nobody is known.
    std::optional<Time> next_silence() const;
    bool is_evicted(const Member& member) const { return evicted_.contains(member); }
    // Who has to go for its silence. Each once, until it is heard again.
    std::vector<Command> evictions(const Directory& directory, Time now);

    // A command that was proposed here and perhaps not kept: an eviction is proposed again.
    void undecided(const Command& command);

    // What is to be done about one group now: at most one new view.
    struct Verdict {
        std::optional<Command> command;
        // Without a command: nothing is to be done until its view, its datum or one of its
        // providers changes. False: look again now and then.
        bool settled = true;
        // Not settled: a copy lacks, and waits until others have been filled.
        bool waits_for_turn = false;
    };
    Verdict look_at(const Directory& directory, const GroupId& group, Time now);
    // How many of the groups that wait for their turn to look at now: several of one primary at a
    // time, but not many, which would leave the machines no time for anything else.
    std::size_t take_turn(Time now);
    Time next_turn() const { return next_turn_; }
    // The joiner that look_at() proposed did not come to be.
    void not_joined(const GroupId& group);

    // All commands that the state and the silence ask for now, evictions first: call it again
    // once they are applied. `only`: the groups to look at; empty: all. A freed datum is proposed
    // to be forgotten Durations::row after it was first seen here: whoever tells of its groups
    // later must be answered with a freed view.
    std::vector<Command> review(const Directory& directory, Time now,
                                const std::vector<GroupId>& only = {});

    // Whom a new copy asks for.
    struct Wanted {
        std::uint64_t bytes = 0;
        bool durable = false;
        std::string host;     // preferred
        std::string cluster;  // with `any_cluster` false: it and no other
        bool any_cluster = true;
        std::set<ProviderId> avoid;
        std::vector<std::string> avoid_clusters;
    };
    // Providers for a new group, best first (M1): registered, fresh, not draining, not cache-only,
    // with room; the preferred host first, then distinct hosts, then the least used. May be fewer
    // than `copies`, or none.
    std::vector<Member> candidates(const Directory& directory, const Wanted& wanted,
                                   std::size_t copies, Time now) const;
    std::vector<Member> candidates(const Directory& directory, std::uint64_t bytes,
                                   std::size_t copies, const std::string& preferred_host,
                                   Time now) const;

    // Not heard for Durations::detection; for one never heard, since this Overseer first looked.
    bool is_silent(const Member& member, Time now) const;

private:
    struct Room {
        std::uint64_t free_bytes = 0;
        std::uint64_t used_bytes = 0;
        std::uint64_t free_disk_bytes = 0;
    };
    // Of the last beat, probe answer or, of one never heard, the beginning.
    struct Sign {
        Incarnation incarnation = 0;
        Time at = 0;
        bool heard = false;
    };
    // A joiner on its way, which costs its provider and the one that fills it.
    struct Filling {
        Member joiner;
        ProviderId source;
        std::uint64_t bytes = 0;
        unsigned cost = 0;
    };
    // Small copies of one source go to the same joiner for a while: what they say to each other,
    // and to the manager, travels together.
    struct Course {
        ProviderId source;
        Member joiner;
        unsigned left = 0;
    };
    struct Load {
        unsigned fillings = 0;  // the sum of their costs
        std::uint64_t expected_bytes = 0;
    };
    struct Offer {
        Member as;
        Incarnation written_by = 0;
    };
    // What look_at() knows of a group.
    struct Case {
        const Directory& directory;
        const GroupId& group;
        const DatumRecord& datum;  // without its blocks
        const GroupRecord& record;
        std::uint64_t bytes = 0;
        Time now = 0;
    };
    // The members of one cluster.
    struct Share {
        std::string cluster;
        std::size_t steady = 0;
        std::size_t leaving = 0;
    };

    void begin(const Directory& directory, Time now);
    void set_sign(const Member& member, Time at, bool heard);
    const Sign* sign_of(const Member& member) const;
    void drop_sign(const Member& member);
    bool is_fine(const Directory& directory, const Member& member, Time now) const;
    bool is_fresh(const Member& member, Time now) const;

    Room room_of(const ProviderRecord& provider) const;
    std::uint64_t rank_of(ProviderId provider) const;                  // what it uses, or will
    using Use = std::tuple<std::uint64_t, std::uint64_t, ProviderId>;  // its rank, any order
    Use use_of(ProviderId provider) const;
    void move_rank(ProviderId provider, const std::function<void()>& change);
    bool may_hold(const ProviderRecord& provider, const Wanted& wanted) const;
    std::optional<Member> best(const Directory& directory, const Wanted& wanted,
                               const std::set<std::string>& hosts, unsigned cost, Time now) const;

    void track(const Case& c);
    void untrack(const GroupId& group);
    bool has_capacity(ProviderId provider, unsigned cost) const;
    bool waits_for_turn(const Case& c) const;
    bool has_turn() const;

    std::optional<Command> reinstatement(const Case& c);
    std::optional<Command> declare_lost(const Case& c) const;
    Verdict adjust_copies(const Case& c);
    std::vector<Share> shares(const Case& c) const;
    std::optional<Member> choose_joiner(const Case& c, const Wanted& where);
    bool stays_on_course(const Case& c, const Wanted& where, const std::set<std::string>& hosts);
    Verdict lacking(const Case& c, const std::vector<Share>& chosen, std::size_t missing_clusters);
    std::optional<std::vector<Member>> without_leaver(const Case& c,
                                                      const std::vector<Share>& chosen) const;
    // One member fewer where there are too many; those outside the chosen clusters only if nothing
    // lacks in these.
    std::optional<std::vector<Member>> without_surplus(const Case& c,
                                                       const std::vector<Share>& chosen,
                                                       bool nothing_lacks) const;
    // Now or once it is heard again.
    bool anybody_may_join(const Case& c, const std::string& cluster) const;
    Wanted wanted_for(const Case& c) const;
    const std::string& cluster_of(const Directory& directory, ProviderId provider) const;
    bool is_leaving(const Directory& directory, const Member& member) const;

    Durations durations_;
    std::function<std::uint64_t(std::uint64_t)> pick_;
    const std::string own_cluster_;
    const std::uint64_t salt_;  // odd
    std::optional<Time> began_;
    std::unordered_map<ProviderId, Sign> signs_;
    std::set<std::pair<Time, Member>> by_sign_;  // the longest silent first
    std::map<Member, Time> probed_;
    std::set<Member> suspected_;
    std::set<Member> evicted_;
    std::unordered_map<ProviderId, Room> room_;
    std::unordered_map<ProviderId, Load> loads_;
    std::set<Use> by_use_;  // of who was ever heard
    std::map<GroupId, Filling> filling_;
    unsigned small_fillings_ = 0;
    Course course_;
    Time next_turn_ = 0;
    std::map<std::pair<GroupId, ProviderId>, Offer> offers_;
    std::map<ProviderId, Incarnation> told_all_;  // who has told of all its disk
    std::map<DataId, Time> freed_;                // when first seen so
};

}  // namespace juxta::data
