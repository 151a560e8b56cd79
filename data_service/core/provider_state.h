// What a provider knows: its groups, who waits for answers, what is on its way out.
//
// Threading: guarded by the Provider. The functions are pure.
#pragma once

#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "data_service/core/cached_versions.h"
#include "data_service/core/provider_links.h"
#include "data_service/protocol/group_member.h"

namespace juxta::data {

// nullopt: the view changed or the provider ends; ask again.
using Outcome = std::optional<AnswerBody>;

struct Waiting {
    GroupId group;
    std::promise<Outcome> outcome;
};

// What one event decided, to be carried out without the lock.
struct Carried {
    GroupId group;
    Outputs out;
    std::vector<std::pair<std::promise<Outcome>, Outcome>> outcomes;
};

struct ProviderGroup {
    GroupMember member;
    Time reserved_until = 0;  // without a view by then, it goes
    Time empty_since = 0;     // no copy (0: there is one); kept a while for the beat to tell it
};

struct ProviderState {
    Member self;
    std::map<GroupId, ProviderGroup> groups;
    std::set<GroupId> ticking;  // exactly those that need ticks
    Durations durations;

    std::map<std::uint64_t, Waiting> waiting;  // by ticket
    std::uint64_t last_ticket = 0;

    std::deque<Carried> outbox;  // in the order of the events
    bool carrying = false;       // one thread carries out, so that the order stays

    std::set<SegmentId> fetching;
    std::set<std::tuple<std::size_t, GroupId, Epoch>> chores;  // on their way to the manager
    CachedVersions cached;

    bool registered = false;
    bool ever_registered = false;
    bool draining = false;
    bool told_to_end = false;
    bool stopping = false;
    std::set<GroupId> epochs_to_tell;
    GroupId turn;  // the last group told in turn
    std::set<DataId> versions_to_tell;

    ProviderGroup* find(const GroupId& group);
    ProviderGroup& add(const GroupId& group, GroupMember member);
    void erase(const GroupId& group);

    // After an event of a group that was at `epoch` and `newest` before: what it put out goes to
    // the outbox, and who waits for an answer that can no longer come (its view is over) is told.
    void settle(const GroupId& group, Epoch epoch, Version newest, Outputs out, Time now);

    // What the next beat tells: what changed, and a few others in turn.
    BeatReport report();
    // It arrived.
    void reported(const BeatReport& report);
    void tell_everything();  // to a manager that knows nothing
};

}  // namespace juxta::data
