#include "data_service/corba/manager_links.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/error.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenRounds{30};  // when no replica leads
constexpr std::size_t kOffersAtOnce = 5000;
constexpr std::size_t kHeldAtOnce = 1000;

// Whether another replica may do better.
bool is_worth_another(ErrorCode code) {
    return code == ErrorCode::not_leader || code == ErrorCode::peer_unreachable ||
           code == ErrorCode::deadline_exceeded || code == ErrorCode::unavailable;
}

Wire::Capacity to_wire(const ProviderRoom& room) {
    return {room.capacity_bytes, room.used_bytes, room.disk_bytes, room.disk_used_bytes};
}

}  // namespace

CorbaManagerLink::CorbaManagerLink(orb::Node& node, std::string own,
                                   const std::map<std::string, std::vector<std::string>>& addresses)
    : own_(std::move(own)) {
    for (const auto& [cluster, replicas] : addresses) {
        clusters_by_tag_[cluster_tag(cluster)] = cluster;
        clusters_.with([&](auto& clusters) {
            for (const std::string& address : replicas) {
                clusters[cluster].replicas.push_back(
                    {address, node.resolve<Wire::Manager>(address, "Manager")});
            }
        });
    }
    if (!addresses.contains(own_)) {
        throw Error(ErrorCode::invalid_argument, "no manager of cluster " + own_ +
                                                     " is given: --manager " + own_ + "=HOST:PORT");
    }
}

std::string CorbaManagerLink::owner_of(const DataId& datum) const {
    const auto found = clusters_by_tag_.find(datum.birth_tag());
    return found == clusters_by_tag_.end() ? own_ : found->second;
}

template <class Call>
auto CorbaManagerLink::at(const std::string& cluster, const Patience& patience, Call&& call) {
    const Cluster known = clusters_.with([&](auto& clusters) {
        const auto found = clusters.find(cluster);
        if (found == clusters.end()) {
            throw Error(ErrorCode::invalid_argument, "no manager of cluster " + cluster +
                                                         " is known here: --manager " + cluster +
                                                         "=HOST:PORT");
        }
        return found->second;
    });
    const auto end = Clock::now() + std::chrono::milliseconds(patience.total_ms);
    std::size_t which = known.leader;
    for (std::size_t tried = 1;; ++tried) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        const auto most = static_cast<unsigned>(
            std::clamp<long long>(left, 1, static_cast<long long>(patience.each_ms)));
        try {
            const orb::Deadline deadline(most);
            auto answered = [&](std::size_t leader) {
                if (leader == known.leader) return;
                clusters_.with([&](auto& clusters) { clusters.at(cluster).leader = leader; });
            };
            if constexpr (std::is_void_v<decltype(call(known.replicas[which].manager.in()))>) {
                ask_repeatable([&] { call(known.replicas[which].manager.in()); });
                return answered(which);
            } else {
                auto result =
                    ask_repeatable([&] { return call(known.replicas[which].manager.in()); });
                answered(which);
                return result;
            }
        } catch (const Error& error) {
            const bool is_over = Clock::now() + kBetweenRounds >= end;
            if (!is_worth_another(error.code()) || is_over) {
                throw Error(error.code(), "manager of cluster " + cluster + ": " + error.what());
            }
            const auto told =
                std::ranges::find(known.replicas, error.redirect(), &Replica::address);
            if (told != known.replicas.end() && tried % known.replicas.size() != 0) {
                which = static_cast<std::size_t>(told - known.replicas.begin());
            } else {
                which = (which + 1) % known.replicas.size();
            }
        }
        if (tried % known.replicas.size() == 0) std::this_thread::sleep_for(kBetweenRounds);
    }
}

Durations CorbaManagerLink::register_provider(const std::string& cluster,
                                              const ProviderContact& self,
                                              const ProviderRoom& room) {
    return from_wire(at(cluster, kCall, [&](Wire::Manager_ptr manager) {
        return manager->register_provider(data::to_wire(self), to_wire(room));
    }));
}

void CorbaManagerLink::offer_disks(const std::string& cluster, const Member& self,
                                   const std::vector<DiskOffer>& offers) {
    std::size_t next = 0;
    do {
        const std::size_t end = std::min(next + kOffersAtOnce, offers.size());
        const std::vector<DiskOffer> some(offers.begin() + static_cast<std::ptrdiff_t>(next),
                                          offers.begin() + static_cast<std::ptrdiff_t>(end));
        Wire::DiskOffers wire;
        orb::fill(wire, some, [](const DiskOffer& offer) {
            Wire::DiskOffer one;
            one.group = data::to_wire(offer.group);
            one.written_by = offer.written_by;
            return one;
        });
        at(cluster, kCall, [&](Wire::Manager_ptr manager) {
            manager->offer_disks(data::to_wire(self), wire, end == offers.size());
        });
        next = end;
    } while (next < offers.size());
}

void CorbaManagerLink::hold_volatile(const std::string& cluster, const Member& self,
                                     const std::vector<VolatileDatum>& held) {
    std::size_t next = 0;
    do {
        const std::size_t end = std::min(next + kHeldAtOnce, held.size());
        const std::vector<VolatileDatum> some(held.begin() + static_cast<std::ptrdiff_t>(next),
                                              held.begin() + static_cast<std::ptrdiff_t>(end));
        Wire::VolatileData wire;
        orb::fill(wire, some, [](const VolatileDatum& datum) {
            Wire::VolatileDatum one;
            one.id = orb::to_wire(datum.id);
            one.request = orb::to_wire(datum.request);
            one.spec = orb::to_wire(datum.spec);
            one.installed = data::to_wire(datum.view);
            return one;
        });
        at(cluster, kCall, [&](Wire::Manager_ptr manager) {
            manager->hold_volatile(data::to_wire(self), wire, end == held.size());
        });
        next = end;
    } while (next < held.size());
}

BeatReply CorbaManagerLink::beat(const std::string& cluster, const BeatReport& report) {
    Wire::GroupEpochs epochs;
    orb::fill(epochs, report.epochs, [](const auto& told) {
        Wire::GroupEpoch one;
        one.group = data::to_wire(told.first);
        one.epoch = told.second;
        return one;
    });
    Wire::NewestVersions versions;
    orb::fill(versions, report.versions, [](const auto& told) {
        return Wire::NewestVersion{orb::to_wire(told.first), told.second};
    });
    const Wire::BeatAnswer_var answer = at(cluster, kBeat, [&](Wire::Manager_ptr manager) {
        return Wire::BeatAnswer_var(
            manager->beat(data::to_wire(report.self), to_wire(report.room), epochs, versions));
    });
    return {static_cast<bool>(answer->known), from_wire(answer->views),
            static_cast<bool>(answer->draining), static_cast<bool>(answer->may_end)};
}

std::vector<Activated> CorbaManagerLink::record(const std::string& cluster, const Member& self,
                                                const std::vector<Activated>& activated,
                                                const std::vector<Full>& full) {
    Wire::GroupEpochs views;
    orb::fill(views, activated, [](const Activated& one) {
        Wire::GroupEpoch wire;
        wire.group = data::to_wire(one.group);
        wire.epoch = one.epoch;
        return wire;
    });
    Wire::Joins joins;
    orb::fill(joins, full, [](const Full& one) {
        Wire::Join wire;
        wire.group = data::to_wire(one.group);
        wire.epoch = one.epoch;
        wire.joiner = data::to_wire(one.joiner);
        return wire;
    });
    const Wire::GroupEpochs_var recorded = at(cluster, kCall, [&](Wire::Manager_ptr manager) {
        return Wire::GroupEpochs_var(manager->record(data::to_wire(self), views, joins));
    });
    return orb::collect(recorded.in(), [](const Wire::GroupEpoch& one) {
        return Activated{from_wire(one.group), one.epoch};
    });
}

std::vector<View> CorbaManagerLink::views_of(const DataId& datum) {
    const Wire::DatumInfo_var info = at(owner_of(datum), kCall, [&](Wire::Manager_ptr manager) {
        return Wire::DatumInfo_var(manager->find(orb::to_wire(datum)));
    });
    return orb::collect(info->blocks_in_order,
                        [](const Wire::Block& block) { return from_wire(block.installed); });
}

void CorbaManagerLink::suspect(const std::string& cluster, const Member& who) {
    at(cluster, kCall, [&](Wire::Manager_ptr manager) { manager->suspect(data::to_wire(who)); });
}

void CorbaManagerLink::cached(const ProviderContact& self, const DataId& datum, Version version,
                              bool held) {
    at(owner_of(datum), kCall, [&](Wire::Manager_ptr manager) {
        manager->cached(data::to_wire(self), orb::to_wire(datum), version, held);
    });
}

std::vector<ProviderContact> CorbaManagerLink::providers(const std::string& cluster) {
    const Wire::ProviderContacts_var all = at(cluster, kCall, [&](Wire::Manager_ptr manager) {
        return Wire::ProviderContacts_var(manager->providers());
    });
    return orb::collect(all.in(),
                        [](const Wire::ProviderContact& contact) { return from_wire(contact); });
}

void CorbaManagerLink::drain(const std::string& cluster, const std::string& provider_name,
                             bool leaving) {
    at(cluster, kCall,
       [&](Wire::Manager_ptr manager) { manager->drain(provider_name.c_str(), leaving); });
}

}  // namespace juxta::data
