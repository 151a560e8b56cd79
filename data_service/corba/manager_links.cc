#include "data_service/corba/manager_links.h"

#include "common/base/error.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {
namespace {

constexpr unsigned kDeadlineMs = 2000;

// Whether another replica may do better.
bool is_worth_another(ErrorCode code) {
    return code == ErrorCode::not_leader || code == ErrorCode::peer_unreachable ||
           code == ErrorCode::deadline_exceeded || code == ErrorCode::unavailable;
}

}  // namespace

CorbaManagerLink::CorbaManagerLink(orb::Node& node, std::string own,
                                   const std::map<std::string, std::vector<std::string>>& addresses)
    : own_(std::move(own)) {
    for (const auto& [cluster, replicas] : addresses) {
        clusters_by_tag_[cluster_tag(cluster)] = cluster;
        clusters_.with([&](auto& clusters) {
            for (const std::string& address : replicas) {
                clusters[cluster].all.push_back(node.resolve<Wire::Manager>(address, "Manager"));
            }
        });
    }
    if (!addresses.contains(own_)) {
        throw Error(ErrorCode::invalid_argument, "no manager of cluster " + own_ +
                                                     " is given: --manager " + own_ + "=HOST:PORT");
    }
}

const std::string& CorbaManagerLink::owner_of(const DataId& datum) const {
    const auto found = clusters_by_tag_.find(datum.birth_tag());
    return found == clusters_by_tag_.end() ? own_ : found->second;
}

template <class Call>
auto CorbaManagerLink::at(const std::string& cluster, Call&& call) {
    const Replicas replicas = clusters_.with([&](auto& clusters) { return clusters.at(cluster); });
    for (std::size_t tried = 0;; ++tried) {
        const std::size_t which = (replicas.leader + tried) % replicas.all.size();
        try {
            orb::Deadline deadline(kDeadlineMs);
            if (tried > 0) {
                clusters_.with([&](auto& clusters) { clusters.at(cluster).leader = which; });
            }
            return ask_repeatable([&] { return call(replicas.all[which].in()); });
        } catch (const Error& error) {
            if (tried + 1 < replicas.all.size() && is_worth_another(error.code())) continue;
            throw Error(error.code(), "manager of cluster " + cluster + ": " + error.what());
        }
    }
}

Durations CorbaManagerLink::register_provider(const ProviderContact& self,
                                              std::uint64_t capacity_bytes,
                                              std::uint64_t used_bytes) {
    return from_wire(at(own_, [&](Wire::Manager_ptr manager) {
        return manager->register_provider(to_wire(self), {capacity_bytes, used_bytes});
    }));
}

BeatReply CorbaManagerLink::beat(const BeatReport& report) {
    Wire::GroupEpochs epochs;
    orb::fill(epochs, report.epochs, [](const auto& told) {
        Wire::GroupEpoch one;
        one.group = to_wire(told.first);
        one.epoch = told.second;
        return one;
    });
    Wire::NewestVersions versions;
    orb::fill(versions, report.versions, [](const auto& told) {
        return Wire::NewestVersion{orb::to_wire(told.first), told.second};
    });
    const Wire::BeatAnswer_var answer = at(own_, [&](Wire::Manager_ptr manager) {
        return Wire::BeatAnswer_var(manager->beat(
            to_wire(report.self), {report.capacity_bytes, report.used_bytes}, epochs, versions));
    });
    return {static_cast<bool>(answer->known), from_wire(answer->views),
            static_cast<bool>(answer->draining), static_cast<bool>(answer->may_end)};
}

bool CorbaManagerLink::activated(const Member& self, const Activated& message) {
    return at(owner_of(message.group.datum), [&](Wire::Manager_ptr manager) -> bool {
        return manager->activated(to_wire(self), to_wire(message.group), message.epoch);
    });
}

void CorbaManagerLink::full(const Member& self, const Full& message) {
    at(owner_of(message.group.datum), [&](Wire::Manager_ptr manager) {
        manager->full(to_wire(self), to_wire(message.group), message.epoch,
                      to_wire(message.joiner));
    });
}

std::vector<View> CorbaManagerLink::views_of(const DataId& datum) {
    const Wire::DatumInfo_var info = at(owner_of(datum), [&](Wire::Manager_ptr manager) {
        return Wire::DatumInfo_var(manager->find(orb::to_wire(datum)));
    });
    return orb::collect(info->blocks_in_order,
                        [](const Wire::Block& block) { return from_wire(block.installed); });
}

void CorbaManagerLink::suspect(const Member& who) {
    at(own_, [&](Wire::Manager_ptr manager) { manager->suspect(to_wire(who)); });
}

void CorbaManagerLink::cached(const ProviderContact& self, const DataId& datum, Version version,
                              bool held) {
    at(owner_of(datum), [&](Wire::Manager_ptr manager) {
        manager->cached(to_wire(self), orb::to_wire(datum), version, held);
    });
}

std::vector<ProviderContact> CorbaManagerLink::providers() {
    const Wire::ProviderContacts_var all = at(own_, [&](Wire::Manager_ptr manager) {
        return Wire::ProviderContacts_var(manager->providers());
    });
    return orb::collect(all.in(),
                        [](const Wire::ProviderContact& contact) { return from_wire(contact); });
}

void CorbaManagerLink::drain(const std::string& provider_name, bool leaving) {
    at(own_, [&](Wire::Manager_ptr manager) { manager->drain(provider_name.c_str(), leaving); });
}

}  // namespace juxta::data
