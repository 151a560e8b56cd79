// The managers of all clusters, as a client reaches them. It retries what may pass and follows a
// change of leader; it keeps nothing but references.
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/model/ids.h"
#include "common/orb/error_bridge.h"
#include "common/orb/references.h"
#include "data_service/client/data_session.h"
#include "manager.hh"

namespace juxta::data {

// Pauses that grow, until a deadline.
class Patience {
public:
    using Clock = std::chrono::steady_clock;
    explicit Patience(Clock::time_point deadline) : deadline_(deadline) {}

    // False, at once, if the deadline is reached.
    bool pause();
    // For one attempt: what is left, at most `most`, at least 1.
    unsigned attempt_ms(unsigned most) const;

private:
    Clock::time_point deadline_;
    std::chrono::milliseconds next_{5};
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

    // Runs call(Wire::Manager_ptr) at the cluster's leader. unavailable if no manager answers
    // before the deadline; other Errors are the manager's own.
    template <class Call>
    auto call(const std::string& cluster, Clock::time_point deadline, Call&& call) {
        Patience patience(deadline);
        const std::vector<std::string>& addresses = addresses_of(cluster);
        for (std::size_t turn = 0;; ++turn) {
            const std::string& address = addresses[turn % addresses.size()];
            try {
                const Wire::Manager_var manager = references_.at(address);
                orb::Deadline attempt(patience.attempt_ms(10000));
                return orb::ask([&] { return call(manager.in()); });
            } catch (const Error& e) {
                const bool retried = e.code() == ErrorCode::peer_unreachable ||
                                     e.code() == ErrorCode::deadline_exceeded ||
                                     e.code() == ErrorCode::not_leader;
                if (!retried) throw;
                const bool all_asked = (turn + 1) % addresses.size() == 0;
                if (all_asked && !patience.pause()) throw unreachable(cluster, e);
            }
        }
    }

private:
    const std::vector<std::string>& addresses_of(const std::string& cluster) const;
    Error unreachable(const std::string& cluster, const Error& last) const;

    const std::map<std::string, std::vector<std::string>> addresses_;
    std::map<std::uint16_t, std::string> by_tag_;
    std::vector<std::string> clusters_;
    orb::References<Wire::Manager> references_;
};

}  // namespace juxta::data
