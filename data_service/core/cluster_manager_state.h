// What a replica of a cluster manager knows: the directory, and, while it leads, the soft state
// around it and the work in hand, which is dropped when it leads no longer.
//
// Threading: guarded by the ClusterManager. The functions are pure.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/error.h"
#include "data_service/core/datum_info.h"
#include "data_service/core/deadlines.h"
#include "data_service/core/directory.h"
#include "data_service/core/group_view.h"
#include "data_service/core/overseer.h"

namespace juxta::data {

struct Room {
    std::uint64_t capacity_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t disk_bytes = 0;  // 0: no disk for durable data
    std::uint64_t disk_used_bytes = 0;
    std::uint64_t free_bytes() const {
        return used_bytes < capacity_bytes ? capacity_bytes - used_bytes : 0;
    }
    std::uint64_t free_disk_bytes() const {
        return disk_used_bytes < disk_bytes ? disk_bytes - disk_used_bytes : 0;
    }
};

// A group's view to be told to a provider.
struct Letter {
    Member to;
    GroupId group;
    std::optional<ProviderContact> foreign;  // of a cache that belongs to another cluster
};

// Commands on their way through the log.
struct PendingDecision {
    std::vector<Command> commands;
    bool tells_itself = false;  // `letters` are for the proposer; else they are posted
    bool done = false;
    std::vector<Applied> applied;
    std::vector<Letter> letters;
};

// What a provider has not been told yet. The views are those of the day of delivery.
struct Mail {
    std::optional<ProviderContact> foreign;  // its contact, if the directory has none
    std::set<GroupId> groups;
    bool under_way = false;
    Time not_before = 0;  // after a failure
};

struct CachedCopy {
    ProviderContact holder;
    Version version = 0;
};

// Data without a round: the one provider of each is the authority, and tells a new leader.
class VolatileShelf {
public:
    const DatumRecord* find(const DataId& id) const;
    const std::map<DataId, DatumRecord>& all() const { return data_; }
    std::optional<DataId> allocated_by(const RequestId& request) const;
    void put(const DataId& id, DatumRecord record);
    void erase(const DataId& id);
    std::vector<DataId> data_of(ClientId client) const;
    std::vector<DataId> data_at(ProviderId provider) const;
    // All of its incarnations up to this one are dead: what they had is lost.
    void lose(const Member& dead);

private:
    std::map<DataId, DatumRecord> data_;
    std::unordered_map<RequestId, DataId> requests_;
    std::map<ClientId, std::set<DataId>> by_client_;
    std::map<ProviderId, std::set<DataId>> by_provider_;
};

// Groups in the order of their primaries: what happens to neighbours travels together.
class GroupQueue {
public:
    void push(const Directory& directory, const GroupId& group);
    bool empty() const { return groups_.empty(); }
    // At most `most`, of the primary after the one that had the last turn, then of the next.
    std::vector<GroupId> take(std::size_t most);

private:
    std::map<ProviderId, std::set<GroupId>> groups_;
    ProviderId turn_{};
};

struct Leadership {
    Leadership(Overseer overseer, Time now) : overseer(std::move(overseer)), started(now) {}

    Overseer overseer;
    Time started = 0;

    // -- told by providers since
    std::set<Member> registered;
    std::set<Member> told_volatile;       // has told what only it knows
    std::set<ProviderId> not_registered;  // those it still waits for
    std::set<ProviderId> not_told;        // the same, for what only they know
    std::map<ProviderId, Room> rooms;
    std::unordered_map<DataId, Version> newest;  // absent: not heard yet
    std::map<DataId, std::map<ProviderId, CachedCopy>> caches;
    VolatileShelf volatile_data;

    // -- lives
    Deadlines<ClientId> clients;
    Deadlines<DataId> leases;

    // -- work in hand
    GroupQueue attention;                    // to be looked at now
    GroupQueue short_of_copies;              // to be looked at when others have been filled
    std::set<GroupId> unsettled;             // to be looked at now and then
    std::optional<DataId> swept = DataId{};  // of all, up to here; nullopt: all of them were
    std::optional<GroupId> turn;             // of `unsettled`: the last one looked at
    std::vector<ChangeView> ready;           // whose joiner has made room
    std::set<GroupId> inviting;  // whose joiner is asked to, or is on its way to the log
    std::map<ProviderId, Mail> mail;
    std::set<Member> probing;
    std::map<DataId, std::set<Member>> untold_freed;  // who has to hear that it is freed
    std::optional<DataId> freed_turn;
    bool wants_guests = false;  // some datum lacks copies in other clusters
    Time next_guests = 0;
};

struct ClusterManagerState {
    // Changed by the log's thread alone: that one may read it without the lock.
    Directory directory;
    std::optional<Leadership> leading;
    std::string leader;  // address, if it is known
    std::map<std::uint64_t, std::shared_ptr<PendingDecision>> in_flight;
    std::uint64_t last_proposal = 0;
    bool woken = false;
    bool stopping = false;
};

// What the commands of the log mean to a leader: whom to tell, what to look at again.
std::vector<Letter> note(ClusterManagerState& state, const Command& command,
                         const Applied& applied);

// Adds to the mail. Returns the providers to whom a delivery has to be begun.
std::set<ProviderId> post(ClusterManagerState& state, const std::vector<Letter>& letters);

// The provider has taken these views.
void note_told(ClusterManagerState& state, const Member& who, const std::vector<GroupView>& views);

// Room that a provider has given or got back, until its next beat tells exactly.
void note_room(Leadership& leading, ProviderId provider, std::uint64_t bytes, bool taken);

// Of a provider of another cluster, whose room its own manager alone knows.
RegisterProvider registration_of_guest(const ProviderContact& guest);

std::optional<ProviderContact> contact_of(const Directory& directory, const Member& member);

// Of the directory or of a volatile datum; not of a freed one.
std::optional<DatumRecord> record_of(const ClusterManagerState& state, const DataId& id);

DatumInfo describe(const ClusterManagerState& state, const std::string& cluster, const DataId& id,
                   const DatumRecord& record);
DatumLocation locate(const ClusterManagerState& state, const DataId& id, const DatumRecord& record);

// What a beat is answered with: the views newer than what `epochs` tell.
std::vector<GroupView> news_for(const ClusterManagerState& state, const Member& self,
                                const std::vector<std::pair<GroupId, Epoch>>& epochs);

// Whether a view, a list of holders or a volatile datum names the provider.
bool is_needed(const ClusterManagerState& state, ProviderId provider);

}  // namespace juxta::data
