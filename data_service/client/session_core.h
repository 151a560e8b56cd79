// What all operations of a session share: references, cached views, request numbers, the keeper of
// leases, this host's provider, kept versions. How a group's primary is found and followed is here.
//
// Threading: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/guarded.h"
#include "common/orb/references.h"
#include "data_service/client/block_map.h"
#include "data_service/client/failures.h"
#include "data_service/client/held_version.h"
#include "data_service/client/kept_versions.h"
#include "data_service/client/lease_keeper.h"
#include "data_service/client/local_provider.h"
#include "data_service/client/managers.h"
#include "provider.hh"

namespace juxta::data {

class SessionCore {
public:
    using Clock = std::chrono::steady_clock;

    SessionCore(orb::Node& node, Place place, ClientId client, ClusterManagers managers,
                SessionOptions options);
    ~SessionCore();

    const Place& place() const { return place_; }
    ClientId client() const { return client_; }
    Managers& managers() { return managers_; }
    Wire::Provider_var provider(const std::string& address) { return providers_.at(address); }
    LocalProvider& local() { return local_; }
    LeaseKeeper& keeper() { return *keeper_; }
    KeptVersions& kept() { return kept_; }

    Clock::time_point control_deadline() const { return Clock::now() + options_.control; }
    std::uint64_t next_rid() { return ++last_rid_; }
    Wire::Caller caller(std::uint64_t rid) const { return {client_.value, rid}; }
    // The session met this version under a lock or by a commit.
    void met(const DatumInfo& info, Version version);

    // A ledger keeps one row a client, so every lock of this session has a client id of its own
    // while it is waited for and held. Give it back.
    ClientId borrow_identity();
    void return_identity(ClientId identity);

    // What the managers told of a datum: cached, or (`fresh`) asked now.
    InfoPtr info(const DataId& id, bool fresh, Clock::time_point deadline);
    InfoPtr remember(DatumInfo info);
    void forget(const DataId& id);

    // The living contact of a view's first member; nullopt if there is none.
    static std::optional<ProviderContact> primary_of(const DatumInfo& info, BlockNumber block = 0);

    // Runs call(Wire::Provider_ptr, const ProviderContact&, const InfoPtr&) at the group's primary
    // until it answers, an attempt at a time. Follows changes of the view; reports who does not
    // answer. Errors: data_lost, not_found (freed), unavailable at the deadline, and
    // what the primary refuses for good.
    template <class Call>
    auto at_primary(const GroupId& group, Clock::time_point deadline, AttemptTimes attempts,
                    Call&& call) {
        Patience patience(deadline);
        Silence silence;
        for (bool fresh = false;; fresh = true) {
            const InfoPtr info = this->info(group.datum, fresh, deadline);
            if (info->lost) throw lost_error(*info);
            silence.look_at(*info);
            const std::optional<ProviderContact> primary = primary_of(*info, group.block);
            std::string why = "no provider serves it at the moment";
            if (primary) {
                try {
                    const Wire::Provider_var remote = providers_.at(primary->address);
                    orb::Deadline attempt(
                        patience.attempt_ms(silence.attempt_ms(attempts.next_ms())));
                    return orb::ask([&] { return call(remote.in(), *primary, info); });
                } catch (const Error& e) {
                    why = (group.block == 0
                               ? "its coordinator "
                               : "the primary of its block " + std::to_string(group.block) + ", ") +
                          primary->name + ": " + e.what();
                    met(e, *primary, *info, deadline);
                    if (e.code() == ErrorCode::deadline_exceeded) attempts.timed_out();
                }
            }
            if (!patience.pause()) throw unavailable_error(*info, why);
        }
    }

    // The same at the datum's coordinator, for calls that move little.
    template <class Call>
    auto at_coordinator(const DataId& id, Clock::time_point deadline, unsigned attempt_ms,
                        Call&& call) {
        return at_primary({id, 0}, deadline, AttemptTimes::of_control(attempt_ms),
                          std::forward<Call>(call));
    }

    // The provider did not answer: its manager should look at it. Returns when it has, or after a
    // moment. Errors are ignored.
    void suspect(const std::string& cluster, const Member& who, Clock::time_point deadline);

    // Lifetime::client data of this client may be in `cluster`.
    void live_in(const std::string& cluster);

private:
    struct Infos {
        std::map<DataId, InfoPtr> known;
        std::deque<DataId> in_order;  // oldest first; some may be forgotten already
    };

    // Decides what an attempt's failure means: returns if it may pass, else throws.
    void met(const Error& e, const ProviderContact& primary, const DatumInfo& info,
             Clock::time_point deadline);
    std::optional<ProviderContact> look_up_local();
    bool renew(Lease& lease);
    void renew_client();
    void end_client();

    const Place place_;
    const ClientId client_;
    const SessionOptions options_;
    Managers managers_;
    std::atomic<std::uint64_t> last_rid_{0};
    Guarded<Infos> infos_;
    orb::References<Wire::Provider> providers_;
    Guarded<std::vector<ClientId>> identities_;                   // not in use
    Guarded<std::map<std::string, Clock::time_point>> lives_in_;  // cluster -> next renewal
    LocalProvider local_;
    KeptVersions kept_;
    std::unique_ptr<LeaseKeeper> keeper_;
};

}  // namespace juxta::data
