// The managers of all clusters, as a client reaches them. It asks who led last, follows whoever is
// named as the leader, then tries the other replicas in turn, and repeats what may pass.
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "common/model/ids.h"
#include "common/orb/error_bridge.h"
#include "common/orb/references.h"
#include "data_service/client/data_session.h"
#include "data_service/client/leader_search.h"
#include "manager.hh"

namespace juxta::data {

// Pauses that grow, until a deadline.
class Patience {
public:
    using Clock = std::chrono::steady_clock;
    explicit Patience(Clock::time_point deadline) : deadline_(deadline) {}

    // False, at once, if the deadline is reached.
    bool pause();
    bool over() const { return Clock::now() >= deadline_; }
    // For one attempt: what is left, at most `most`, at least 1.
    unsigned attempt_ms(unsigned most) const;

private:
    Clock::time_point deadline_;
    std::chrono::milliseconds next_{1};
};

class Managers {
public:
    using Clock = std::chrono::steady_clock;

    // Throws Error invalid_argument if two clusters have one tag.
    Managers(orb::Node& node, ClusterManagers managers, const std::string& own_cluster);

    // The own cluster first.
    const std::vector<std::string>& clusters() const { return clusters_; }

    // By the tag in the id. not_found names the clusters there are.
    const std::string& owner_of(const DataId& id) const;

    // Runs call(Wire::Manager_ptr) at the cluster's leader; again where it failed in a way that may
    // pass. unavailable if no manager answers before the deadline; other Errors are the manager's
    // own. An attempt that was on its way at the deadline has ended then, too.
    template <class Call>
    auto call(const std::string& cluster, Clock::time_point deadline, Call&& call) {
        Patience patience(deadline);
        LeaderSearch search(addresses_of(cluster), leader_of(cluster));
        for (;;) {
            const std::string address = search.next();
            try {
                const Wire::Manager_var manager = references_.at(address);
                orb::Deadline attempt(patience.attempt_ms(search.attempt_ms()));
                if constexpr (std::is_void_v<decltype(call(manager.in()))>) {
                    orb::ask([&] { call(manager.in()); });
                    return leads(cluster, address);
                } else {
                    auto answer = orb::ask([&] { return call(manager.in()); });
                    leads(cluster, address);
                    return answer;
                }
            } catch (const Error& e) {
                if (!LeaderSearch::may_pass(e.code())) throw;
                const bool all_asked = search.failed(e);
                if (patience.over() || (all_asked && !patience.pause())) {
                    throw unreachable(cluster, e);
                }
            }
        }
    }

private:
    const std::vector<std::string>& addresses_of(const std::string& cluster) const;
    std::string leader_of(const std::string& cluster) const;
    void leads(const std::string& cluster, const std::string& address);
    Error unreachable(const std::string& cluster, const Error& last) const;

    const std::map<std::string, std::vector<std::string>> addresses_;
    std::map<std::uint16_t, std::string> by_tag_;
    std::vector<std::string> clusters_;
    Guarded<std::map<std::string, std::string>> leaders_;  // cluster -> who answered last
    orb::References<Wire::Manager> references_;
};

}  // namespace juxta::data
