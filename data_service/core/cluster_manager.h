// One replica of a cluster's manager: providers, data, views. docs/protocol.md, section 5.
//
//     servants --- register_provider, beat, allocate, find, ... ---> ClusterManager
//     ClusterManager --- reserve, adopt, look_at ------------------> ProviderCalls (port)
//     ClusterManager --- providers of other clusters --------------> OtherClusters (port)
//     ClusterManager --- propose ----------------------------------> ReplicatedLog (port)
//
// What it decides, it decides in its Directory, by commands that the log has kept before they take
// effect (decide() is the one place); what time tells is asked of its Overseer. Soft, and told
// again to every new leader: room, newest versions, cached copies, leases of clients, silence,
// offers of disks, and volatile data, whose one provider knows them.
//
// A replica that does not lead refuses every operation with not_leader (the redirect is the
// leader's address, if known). unavailable: whether a change was made is not known; to ask again
// with the same request is safe.
//
// Nothing here looks at all data under the lock: work follows the groups that changed, those that
// are not settled, and, for a new leader, all of them in slices.
//
// Threading: any thread. A loop thread and a few couriers of its own between start() and stop();
// the log's thread applies. No port is called under its lock. Errors: as idl/manager.idl says of
// each operation.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "data_service/core/cluster_manager_state.h"
#include "data_service/core/directory.h"
#include "data_service/core/group_reports.h"
#include "data_service/core/group_view.h"
#include "data_service/core/replicated_log.h"
#include "data_service/core/reservation.h"

namespace juxta::data {

// How the manager reaches providers. Each call ends within `deadline_ms`, or throws Error.
class ProviderCalls {
public:
    virtual ~ProviderCalls() = default;

    // At the first that fails the rest is given up.
    virtual void reserve(const ProviderContact& provider, const std::vector<Reservation>& wanted,
                         unsigned deadline_ms) = 0;
    virtual void adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
                       unsigned deadline_ms) = 0;

    enum class Look { alive, refused, silent };
    struct Seen {
        Look look = Look::silent;
        Incarnation incarnation = 0;  // alive: of who answers there now
    };
    virtual Seen look_at(const ProviderContact& provider, unsigned deadline_ms) = 0;
};

// The managers of the platform's other clusters, for data that keep copies there.
class OtherClusters {
public:
    virtual ~OtherClusters() = default;

    virtual std::vector<std::string> names() const = 0;
    // The living providers of `cluster`. Ends within `deadline_ms`, or throws Error.
    virtual std::vector<ProviderContact> providers(const std::string& cluster,
                                                   unsigned deadline_ms) = 0;
};

// A beat: which groups it has copies of, at which epoch, and versions that changed.
struct Beat {
    Member self;
    Room room;
    std::vector<std::pair<GroupId, Epoch>> epochs;
    std::vector<std::pair<DataId, Version>> versions;
};

struct BeatAnswer {
    bool known = false;
    std::vector<GroupView> views;
    bool draining = false;
    bool may_end = false;
};

struct ClusterManagerSettings {
    std::string cluster;
    Durations durations;
    Duration provider_deadline = 1 * kSecond;  // of one call to a provider
    Duration log_deadline = 5 * kSecond;       // of one proposal
    Duration hold = 10 * kSecond;              // of a reservation without a view
    Duration first_lease = 10 * kSecond;       // of clients known from before
};

class ClusterManager : private ReplicatedLog::Machine {
public:
    // `log`, `calls` and `others` must outlive it; without `others` there is one cluster.
    ClusterManager(ClusterManagerSettings settings, ReplicatedLog& log, ProviderCalls& calls,
                   OtherClusters* others = nullptr);
    ~ClusterManager() override;

    void start();  // starts the log. Throws what that throws
    void stop();   // stops the log; returns when no thread of its own runs

    // -- for providers
    Durations register_provider(const ProviderContact& newcomer, const Room& room);
    BeatAnswer beat(const Beat& beat);
    void offer_disks(const Member& self, const std::vector<DiskOffer>& offers, bool complete);
    void hold_volatile(const Member& self, const std::vector<VolatileDatum>& held, bool complete);
    std::vector<std::pair<GroupId, Epoch>> record(
        const Member& self, const std::vector<std::pair<GroupId, Epoch>>& activated,
        const std::vector<Join>& full);
    // Looks at it now. Returns once it is known to be dead or evicted, or to be alive, or after a
    // while: who asks for its groups' views then is told what came of it.
    void suspect(const Member& who);
    void cached(const ProviderContact& holder, const DataId& id, Version version, bool held);
    std::vector<ProviderContact> providers() const;  // and guests; not known to be dead
    void drain(const std::string& provider, bool leaving);

    // -- for clients
    DatumInfo allocate(const RequestId& request, const DataId& id, const DataSpec& wanted);
    DatumInfo find(const DataId& id) const;
    DatumInfo find_by_name(const std::string& name);
    std::vector<DatumInfo> list(const DataId& after, std::size_t most) const;
    DatumInfo change(const ChangeDatum& change);
    void renew_datum(const DataId& id);
    void free_datum(const DataId& id);
    void forget_name(const std::string& name, const DataId& unless);
    void renew_client(ClientId client, Duration lease);
    void end_client(ClientId client);

    // -- for schedulers
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids) const;

    // -- for operators
    ReplicatedLog::Role role() const { return log_.role(); }
    std::uint64_t consensus_commits() const;  // commands that this replica had committed

private:
    using State = ClusterManagerState;

    // What commands did, and what the proposer has to tell because of it, if he wants to.
    struct Decided {
        std::vector<Applied> applied;
        std::vector<Letter> letters;
    };
    // One copy that is asked for.
    struct Asked {
        ProviderContact provider;
        BlockNumber block = 0;
    };

    // -- the log's side
    void apply(std::string_view entry) override;
    std::string snapshot() override;
    void restore(std::string_view snapshot) override;
    void role_changed(bool leads, const std::string& leader_address) override;

    [[noreturn]] void refuse_to_follow(const State& s) const;
    Leadership& leading(State& s) const;  // throws not_leader
    const Leadership& leading(const State& s) const;

    // The one place where anything is decided. Throws Error not_leader (nothing was), unavailable.
    Decided decide(std::vector<Command> commands, bool tells_itself);
    std::vector<Applied> propose(std::vector<Command> commands);
    Applied propose(Command command);

    // -- allocation
    std::uint64_t checked_size(const DataId& id, const DataSpec& spec) const;
    Reservation reservation(const RequestId& request, const DataId& id, const DataSpec& spec,
                            BlockNumber block) const;
    void await_candidates(const DataSpec& spec);
    Overseer::Wanted wanted_here(const DataSpec& spec, std::uint64_t bytes) const;
    std::vector<ProviderContact> guests_of(const std::string& cluster);
    std::vector<std::vector<ProviderContact>> reserve_copies(const RequestId& request,
                                                             const DataId& id,
                                                             const DataSpec& spec);
    void reserve_guests(const RequestId& request, const DataId& id, const DataSpec& spec,
                        std::vector<std::vector<ProviderContact>>& blocks);
    std::vector<Asked> choose(const DataSpec& spec,
                              const std::vector<std::vector<ProviderContact>>& had,
                              std::vector<std::set<ProviderId>>& asked);
    std::vector<std::string> reserve_at(const RequestId& request, const DataId& id,
                                        const DataSpec& spec, const std::vector<Asked>& asked);
    [[noreturn]] void refuse_for_space(const DataSpec& spec, std::uint64_t bytes,
                                       const std::vector<std::string>& why) const;
    void allocate_volatile(const RequestId& request, const DataId& id, const DataSpec& spec);
    void make_known(const std::vector<DataId>& volatile_data);
    void note_life(Leadership& leading, const DataId& id, const DataSpec& spec) const;

    // -- telling
    void start_couriers(const std::set<ProviderId>& providers);
    void deliver(ProviderId provider);  // the mail of one provider
    void deliver_now(const std::vector<Letter>& letters);
    bool free_volatile(const DataId& id);
    bool tell_freed(const ProviderContact& provider, const DataId& id, const View& freed);
    std::vector<ProviderContact> due_probes(State& s, Time now);
    void start_probes(const std::vector<ProviderContact>& providers);
    void probe(const ProviderContact& provider);
    void invite(const ProviderContact& joiner, const std::vector<ChangeView>& changes);
    void find_guests();

    // -- the loop
    void loop();
    std::chrono::steady_clock::time_point next_work() const;
    // False: there is more to do at once.
    bool work(bool beat);
    void look_around(Time now);
    std::vector<Command> look_at_groups(State& s, Time now, std::vector<ChangeView>& invitations);
    std::vector<Command> endings(State& s, Time now, std::vector<DataId>& ended_volatile);
    void look_at(State& s, const GroupId& group, Time now, std::vector<Command>& commands,
                 std::vector<ChangeView>& invitations);
    void wake();

    const ClusterManagerSettings settings_;
    ReplicatedLog& log_;
    ProviderCalls& calls_;
    OtherClusters* const others_;
    const std::uint64_t replica_;  // random
    mutable Guarded<State> state_;
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<bool> started_{false};
    Crew crew_;
    Crew probes_;  // of their own: who is silent keeps the couriers waiting
    std::thread loop_;
};

}  // namespace juxta::data
