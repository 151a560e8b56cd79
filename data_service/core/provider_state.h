// What a provider knows: its groups, who waits for answers, what is on its way out, which managers
// it belongs to.
//
// Threading: guarded by the Provider, but for Replies. The functions are pure.
#pragma once

#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/guarded.h"
#include "data_service/core/cached_versions.h"
#include "data_service/core/provider_links.h"
#include "data_service/core/reservation.h"
#include "data_service/protocol/group_member.h"
#include "data_service/store/disk_catalogue.h"

namespace juxta::data {

// nullopt: the view changed or the provider ends; ask again.
using Outcome = std::optional<AnswerBody>;

struct Waiting {
    GroupId group;
    std::promise<Outcome> outcome;
};

// What a delivery answers at once to its sender.
struct Replies {
    struct Saved {
        std::vector<PeerMessage> messages;
        std::size_t steps = 0;
    };

    Member to;
    // Of the thread that delivers.
    std::vector<PeerMessage> messages;
    std::size_t steps_to_save = 0;  // of durable groups, on their way to the disk
    // Of the thread that carries out.
    Guarded<Saved> saved;
};

// What one event decided, to be carried out without the lock.
struct Carried {
    GroupId group;
    Outputs out;
    std::vector<std::pair<std::promise<Outcome>, Outcome>> outcomes;
    // That the event spoke of; of a durable group to be on disk before anything else.
    std::vector<SmallContent> segments;
    std::optional<DiskCopy> copy;
    std::shared_ptr<Replies> replies;  // takes the messages to its sender
};

// Durable groups wait for the disk, and nobody else for them.
struct Lane {
    std::deque<Carried> outbox;  // in the order of the events
    bool carrying = false;       // one thread carries out, so that the order stays
};

struct ProviderGroup {
    GroupMember member;
    GroupSettings settings;
    std::string owner;  // cluster
    std::uint64_t reserved_bytes = 0;
    // Of a datum that only this provider keeps in mind, and that its manager is told of.
    std::shared_ptr<const Reservation> told_by_us = {};
    Time reserved_until = 0;  // without a view by then, it goes; 0: no manager was asked yet
    Time empty_since = 0;     // no copy (0: there is one); kept a while for the beat to tell it
    Incarnation offered = 0;  // found on disk, written by this incarnation; 0 once a view names us
};

// A copy whose disk and segments are in order. It is a member again once its cluster's manager has
// told the durations that all members share.
struct FoundCopy {
    DiskCopy copy;
    std::map<SegmentId, std::uint64_t> segments;
    std::string owner;
};

// One cluster of whose data it has copies, or its own.
struct ClusterTie {
    bool registered = false;
    bool ever_registered = false;
    bool may_end = false;
    bool has_durations = false;  // its manager has told them
    Durations durations;
    std::set<GroupId> epochs_to_tell;
    std::set<DataId> versions_to_tell;
    GroupId turn;  // the last group told in turn
    // To be recorded; one call to the manager at a time.
    std::map<GroupId, Activated> activated;
    std::map<GroupId, Full> full;
    bool recording = false;
};

struct ProviderState {
    Member self;
    std::string own_cluster;
    std::map<GroupId, ProviderGroup> groups;
    std::set<GroupId> ticking;  // exactly those that need ticks
    std::map<std::string, ClusterTie> ties;

    std::map<std::uint64_t, Waiting> waiting;  // by ticket
    std::uint64_t last_ticket = 0;

    Lane lanes[2];  // of groups in memory, of durable ones
    bool disk_failed = false;

    std::vector<FoundCopy> found;  // on disk, at the start

    std::set<SegmentId> fetching;
    std::set<SegmentId> mending;
    std::set<DataId> asking_where;  // on their way to the manager
    CachedVersions cached;

    bool draining = false;
    bool told_to_end = false;
    bool stopping = false;

    ClusterTie& own() { return ties[own_cluster]; }
    const ClusterTie& own() const { return ties.at(own_cluster); }
    // As the owner of the datum told, or else as the own manager did.
    const Durations& durations_of(const std::string& owner) const;
    ClusterTie& tie_of(const ProviderGroup& group) { return ties[group.owner]; }

    ProviderGroup* find(const GroupId& group);
    ProviderGroup& add(const GroupId& group, ProviderGroup made);
    void erase(const GroupId& group);
    bool has_any_of(const std::string& cluster) const;

    struct Before {
        Epoch epoch = 0;
        Epoch tenure = 0;
        Version newest = 0;
    };
    Before before(const ProviderGroup& group) const;
    // After an event: what the group put out goes to its lane, and who waits for an answer that
    // can no longer come (its tenure is over) is told. False: there is nothing to carry out.
    bool settle(const GroupId& group, const Before& before, Carried work, Time now);

    // What the next beat to this cluster tells: what changed, and a few others in turn.
    BeatReport report(const std::string& cluster);
    // It arrived.
    void reported(const std::string& cluster, const BeatReport& report);
    void tell_everything(const std::string& cluster);  // to a manager that knows nothing
    // Those found that `cluster` owns become groups.
    void take_back(const std::string& cluster, Time now);
    std::vector<DiskOffer> offers(const std::string& cluster) const;
    std::vector<VolatileDatum> volatile_data(const std::string& cluster) const;
};

}  // namespace juxta::data
