// One cluster's manager: providers, data, views. docs/protocol.md, section 5.
//
//     servants --- register_provider, beat, allocate, find, ... ---> ClusterManager
//     ClusterManager --- reserve, adopt, look_at ------------------> ProviderCalls (port)
//     ClusterManager --- append -----------------------------------> CommandLog
//
// What it decides, it decides in its Directory, by commands that are on disk before they take
// effect (propose() is the one place); what time tells is asked of its Overseer. Soft, and rebuilt
// after a restart: room, newest versions, cached copies, leases of clients, silence.
//
// Threading: any thread. A loop thread and a few couriers of its own between start() and stop().
// No port is called under its lock. Errors: as idl/manager.idl says of each operation.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "data_service/core/cluster_manager_state.h"
#include "data_service/core/command_log.h"
#include "data_service/core/directory.h"
#include "data_service/core/group_view.h"

namespace juxta::data {

// How the manager reaches providers. Each call ends within `deadline_ms`, or throws Error.
class ProviderCalls {
public:
    virtual ~ProviderCalls() = default;

    virtual void reserve(const ProviderContact& provider, const GroupId& group, std::uint64_t bytes,
                         std::uint32_t block_count, unsigned hold_ms, unsigned deadline_ms) = 0;
    virtual void adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
                       unsigned deadline_ms) = 0;

    enum class Look { alive, refused, silent };
    struct Seen {
        Look look = Look::silent;
        Incarnation incarnation = 0;  // alive: of who answers there now
    };
    virtual Seen look_at(const ProviderContact& provider, unsigned deadline_ms) = 0;
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
    std::filesystem::path folder;              // of the log
    Duration provider_deadline = 1 * kSecond;  // of one call to a provider
    Duration hold = 10 * kSecond;              // of a reservation without a view
    Duration first_lease = 10 * kSecond;       // of clients known from before a restart
};

class ClusterManager {
public:
    // Replays the log. `calls` must outlive it. Throws what CommandLog throws.
    ClusterManager(ClusterManagerSettings settings, ProviderCalls& calls);
    ~ClusterManager();

    void start();
    void stop();  // returns when no thread of its own runs

    // -- for providers
    Durations register_provider(const ProviderContact& newcomer, const Room& room);
    BeatAnswer beat(const Beat& beat);
    bool activated(const Member& self, const GroupId& group, Epoch epoch);
    void full(const Member& self, const GroupId& group, Epoch epoch, const Member& joiner);
    void suspect(const Member& who);
    void cached(const ProviderContact& holder, const DataId& id, Version version, bool held);
    std::vector<ProviderContact> providers() const;  // those not known to be dead
    void drain(const std::string& provider, bool leaving);

    // -- for clients
    DatumInfo allocate(const RequestId& request, const DataId& id, const DataSpec& wanted);
    DatumInfo find(const DataId& id) const;
    DatumInfo find_by_name(const std::string& name) const;
    std::vector<DatumInfo> list() const;
    DatumInfo change(const ChangeDatum& change);
    void free_datum(const DataId& id);
    void forget_name(const std::string& name, const DataId& unless);
    void renew_client(ClientId client, Duration lease);
    void end_client(ClientId client);

    // -- for schedulers
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids) const;

    std::uint64_t consensus_commits() const;

private:
    using State = ClusterManagerState;

    // What a batch of commands did, and what is to be told to whom because of it.
    struct Decided {
        std::vector<Applied> applied;
        std::vector<Letter> letters;
    };

    // The one place where anything is decided: on disk, then applied, in one order. Concurrent
    // proposals share one sync. Throws Error unavailable if the log cannot keep them.
    Decided decide(std::vector<Command> commands);
    void write_batch(const std::vector<std::shared_ptr<Proposal>>& batch);
    // decide(), then the letters are on their way.
    std::vector<Applied> propose(std::vector<Command> commands);
    Applied propose(Command command);

    std::uint64_t checked_size(const DataId& id, const DataSpec& spec) const;
    std::vector<Member> reserve_copies(const DataId& id, const DataSpec& spec, std::uint64_t bytes);
    std::vector<Member> candidates_for(const DataSpec& spec, std::uint64_t bytes);
    std::vector<std::string> reserve_at(const std::vector<ProviderContact>& providers,
                                        const GroupId& group, std::uint64_t bytes);
    [[noreturn]] void refuse_for_space(const DataSpec& spec, std::uint64_t bytes,
                                       const std::vector<std::string>& why) const;

    void post(const std::vector<Letter>& letters);  // to be delivered by the crew
    void deliver(ProviderId provider);              // the mail of one provider
    void deliver_now(const std::vector<Letter>& letters);
    void probe(const ProviderContact& provider);

    void loop();
    void tick(Time now);
    std::vector<Command> due(State& s, Time now);
    void wake(const std::vector<GroupId>& groups);
    void wake_for_all();

    const ClusterManagerSettings settings_;
    ProviderCalls& calls_;
    Guarded<State> state_;
    std::unique_ptr<CommandLog> log_;  // touched by whoever has State::writing, only
    std::atomic<std::uint64_t> commits_{0};
    Crew crew_;
    std::thread loop_;
};

}  // namespace juxta::data
