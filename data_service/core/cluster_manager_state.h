// What a cluster manager knows: the machines, the soft state around them, and the work in hand.
//
// Threading: guarded by the ClusterManager. The functions are pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/datum_info.h"
#include "data_service/core/directory.h"
#include "data_service/core/group_view.h"
#include "data_service/core/overseer.h"

namespace juxta::data {

struct Room {
    std::uint64_t capacity_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t free_bytes() const {
        return used_bytes < capacity_bytes ? capacity_bytes - used_bytes : 0;
    }
};

// A view to be told to a provider.
struct Letter {
    Member to;
    GroupView content;
    std::optional<ProviderContact> foreign;  // of a cache that belongs to another cluster
};

// Commands on their way to the log.
struct Proposal {
    std::vector<Command> commands;
    bool done = false;
    std::optional<Error> failure;
    std::vector<Applied> applied;
    std::vector<Letter> letters;
};

// Views that a provider has not been told yet; of each group the newest.
struct Mail {
    std::optional<ProviderContact> foreign;  // its contact, if the directory has none
    std::map<GroupId, View> views;
    bool under_way = false;
    Time not_before = 0;  // after a failure
};

struct CachedCopy {
    ProviderContact holder;
    Version version = 0;
};

struct ClusterManagerState {
    explicit ClusterManagerState(Overseer overseer) : overseer(std::move(overseer)) {}

    Directory directory;
    Overseer overseer;

    // -- on the way to the log
    std::vector<std::shared_ptr<Proposal>> proposals;
    bool writing = false;

    // -- soft
    Time started = 0;
    std::set<Member> registered;  // in this life of the manager
    std::map<ProviderId, Room> rooms;
    std::map<DataId, Version> newest;  // absent: not heard yet
    std::map<DataId, std::map<ProviderId, CachedCopy>> caches;
    std::map<ClientId, Time> leases;  // until when each client is believed to live

    // -- work in hand
    std::map<ProviderId, Mail> mail;
    std::set<Member> probing;
    std::set<DataId> freed;  // not forgotten yet
    std::map<DataId, std::set<Member>> told_freed;
    std::vector<GroupId> to_review;
    bool review_all = true;
    bool woken = false;  // something to do before the next full review
    bool stopping = false;
};

// Everybody who is in the group's view or may still hold a copy.
std::set<Member> concerned(const Directory& directory, const GroupId& group);

// Applies, and says what is to be told to whom: to all who were or are concerned.
Applied apply_and_address(ClusterManagerState& state, const Command& command,
                          std::vector<Letter>& letters);

// The provider has taken these views.
void note_told(ClusterManagerState& state, const Member& who, const std::vector<GroupView>& views);

std::optional<ProviderContact> contact_of(const Directory& directory, const Member& member);

DatumInfo describe(const ClusterManagerState& state, const std::string& cluster, const DataId& id,
                   const DatumRecord& record);
DatumLocation locate(const ClusterManagerState& state, const DataId& id, const DatumRecord& record);

// What a beat is answered with: the views newer than what `epochs` tell.
std::vector<GroupView> news_for(const Directory& directory, const Member& self,
                                const std::vector<std::pair<GroupId, Epoch>>& epochs);

// Whether a view or a list of holders names the provider.
bool is_needed(const Directory& directory, ProviderId provider);

}  // namespace juxta::data
