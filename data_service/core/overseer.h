// What the leading manager decides from time: whom it has not heard, which views must change, who
// joins. docs/protocol.md, section 5 (M2 to M11). It reads the Directory and proposes commands;
// it changes nothing itself. A new leader starts with a new Overseer: silence is counted anew.
//
// Threading: none of its own.
#pragma once

#include <functional>
#include <map>
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

    // Providers to look at (connect, ask the incarnation): silent for a while, or suspected.
    void suspect(const Member& member);
    std::vector<Member> to_probe(const Directory& directory, Time now);

    // All commands that the state and the silence ask for now. `only`: the groups to look at;
    // empty: all.
    std::vector<Command> review(const Directory& directory, Time now,
                                const std::vector<GroupId>& only = {});

    // Providers for a new group, best first (M1): registered, fresh, not draining, not cache-only,
    // with room; `preferred_host` first, then distinct hosts, then the least used. May be fewer
    // than `copies`, or none.
    std::vector<Member> candidates(const Directory& directory, std::uint64_t bytes,
                                   std::size_t copies, const std::string& preferred_host,
                                   Time now) const;

    bool is_silent(const Member& member, Time now) const;
};

}  // namespace juxta::data
