#include "data_service/client/session_core.h"

#include <algorithm>

#include "common/base/in_parallel.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/manager_wire.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_infos = 2000;
constexpr unsigned renewal_ms = 1000;  // for one renewal

}  // namespace

SessionCore::SessionCore(orb::Node& node, Place place, ClientId client, ClusterManagers managers,
                         SessionOptions options)
    : place_(std::move(place)),
      client_(client),
      options_(options),
      managers_(node, std::move(managers), place_.cluster),
      providers_(node, "Provider"),
      identities_(std::vector{client}),
      local_([this] { return look_up_local(); }) {
    LeaseKeeper::Port port;
    port.renew = [this](Lease& lease) { return renew(lease); };
    port.address_of = [this](const Lease& lease) {
        return infos_.with([&](const Infos& all) {
            const auto found = all.known.find(lease.datum);
            const auto primary =
                found == all.known.end() ? std::nullopt : primary_of(*found->second);
            return primary ? primary->address : std::string();
        });
    };
    port.housekeeping = [this] {
        local_.forget_unused();
        kept_.forget_unused(monotonic_now());
        renew_client();
    };
    keeper_ = std::make_unique<LeaseKeeper>(std::move(port));
}

SessionCore::~SessionCore() {
    kept_.clear();
    keeper_.reset();
    end_client();
}

InfoPtr SessionCore::remember(DatumInfo info) {
    if (info.spec.lifetime == Lifetime::client && info.spec.client == client_) live_in(info.owner);
    auto kept = std::make_shared<const DatumInfo>(std::move(info));
    infos_.with([&](Infos& all) {
        if (all.known.insert_or_assign(kept->id, kept).second) all.in_order.push_back(kept->id);
        if (all.in_order.size() <= most_infos) return;
        all.known.erase(all.in_order.front());
        all.in_order.pop_front();
    });
    return kept;
}

void SessionCore::forget(const DataId& id) {
    infos_.with([&](Infos& all) { all.known.erase(id); });
    kept_.forget(id);
}

void SessionCore::met(const DatumInfo& info, Version version) {
    const ConsistencyProtocol* protocol = find_consistency(info.spec.protocol);
    if (protocol != nullptr && protocol->keeps_versions()) kept_.met(info.id, version);
}

ClientId SessionCore::borrow_identity() {
    const auto free = identities_.with([](auto& identities) -> std::optional<ClientId> {
        if (identities.empty()) return std::nullopt;
        const ClientId last = identities.back();
        identities.pop_back();
        return last;
    });
    return free ? *free : ClientId{secure_random()};
}

void SessionCore::return_identity(ClientId identity) {
    identities_.with([&](auto& identities) { identities.push_back(identity); });
}

InfoPtr SessionCore::info(const DataId& id, bool fresh, Clock::time_point deadline) {
    if (!fresh) {
        const auto known = infos_.with([&](const Infos& all) {
            const auto found = all.known.find(id);
            return found == all.known.end() ? InfoPtr() : found->second;
        });
        if (known) return known;
    }
    try {
        return remember(
            managers_.call(managers_.owner_of(id), deadline, [&](Wire::Manager_ptr manager) {
                const Wire::DatumInfo_var found = manager->find(orb::to_wire(id));
                return from_wire(found.in());
            }));
    } catch (const Error& e) {
        if (e.code() == ErrorCode::not_found) forget(id);
        throw;
    }
}

std::optional<ProviderContact> SessionCore::primary_of(const DatumInfo& info, BlockNumber block) {
    if (block >= info.blocks.size() || info.blocks[block].members.empty()) return std::nullopt;
    const Member& first = info.blocks[block].members.front();
    const auto found = std::ranges::find(info.contacts, first, &ProviderContact::self);
    if (found == info.contacts.end()) return std::nullopt;
    return *found;
}

void SessionCore::met(const Error& e, const ProviderContact& primary, const DatumInfo& info,
                      Clock::time_point deadline) {
    if (e.code() == ErrorCode::data_lost) throw lost_error(info);
    if (e.code() == ErrorCode::not_found) forget(info.id);
    if (!may_pass(e.code())) throw Error(e.code(), "datum " + label_of(info) + ": " + e.what());
    if (e.code() == ErrorCode::peer_unreachable || e.code() == ErrorCode::deadline_exceeded) {
        suspect(info.owner, primary.self, deadline);
        local_.distrust();
    }
}

void SessionCore::suspect(const std::string& cluster, const Member& who,
                          Clock::time_point deadline) {
    try {
        managers_.call(cluster, std::min(deadline, Clock::now() + std::chrono::seconds(1)),
                       [&](Wire::Manager_ptr manager) { manager->suspect(to_wire(who)); });
    } catch (const Error& e) {
        log::debug("could not report a silent provider: {}", e.what());
    }
}

std::optional<ProviderContact> SessionCore::look_up_local() {
    if (std::ranges::find(managers_.clusters(), place_.cluster) == managers_.clusters().end()) {
        return std::nullopt;
    }
    const auto deadline = Clock::now() + std::chrono::seconds(2);
    return managers_.call(place_.cluster, deadline,
                          [&](Wire::Manager_ptr manager) -> std::optional<ProviderContact> {
                              const Wire::ProviderContacts_var all = manager->providers();
                              for (CORBA::ULong i = 0; i < all->length(); ++i) {
                                  const ProviderContact contact = from_wire(all.in()[i]);
                                  if (contact.place.host == place_.host) return contact;
                              }
                              return std::nullopt;
                          });
}

bool SessionCore::renew(Lease& lease) {
    for (const bool fresh : {false, true}) {
        try {
            const auto deadline = Clock::now() + std::chrono::milliseconds(renewal_ms);
            const InfoPtr info = this->info(lease.datum, fresh, deadline);
            const auto primary = primary_of(*info);
            if (!primary) continue;
            const Wire::Provider_var remote = providers_.at(primary->address);
            const Wire::Caller who{lease.client.value, lease.rid};
            const Time sent = monotonic_now();
            orb::Deadline attempt(renewal_ms);
            orb::ask([&] {
                if (lease.kind == Lease::Kind::lock) {
                    remote->renew(who, orb::to_wire(lease.datum), lease.number);
                } else {
                    remote->renew_pin(who, orb::to_wire(lease.datum), lease.number);
                }
            });
            lease.renewed(sent);
            return true;
        } catch (const Error& e) {
            // A pin whose version is gone is stale_version; a lock that ended, lease_expired.
            const bool final =
                e.code() == ErrorCode::lease_expired || e.code() == ErrorCode::data_lost ||
                e.code() == ErrorCode::not_found ||
                (lease.kind == Lease::Kind::pin && e.code() == ErrorCode::stale_version);
            if (final) {
                lease.lost = true;
                return true;
            }
        }
    }
    return false;
}

void SessionCore::live_in(const std::string& cluster) {
    lives_in_.with([&](auto& all) {
        if (!cluster.empty()) {
            all.try_emplace(cluster, Clock::now());
            return;
        }
        for (const std::string& each : managers_.clusters()) all.try_emplace(each, Clock::now());
    });
}

void SessionCore::renew_client() {
    const auto now = Clock::now();
    const auto due = lives_in_.with([&](auto& all) {
        std::vector<std::string> clusters;
        for (auto& [cluster, next] : all) {
            if (next > now) continue;
            next = now + options_.client_lease / 4;
            clusters.push_back(cluster);
        }
        return clusters;
    });
    in_parallel(due.size(), [&](std::size_t i) {
        try {
            managers_.call(due[i], now + std::chrono::seconds(1), [&](Wire::Manager_ptr manager) {
                manager->renew_client(client_.value,
                                      static_cast<CORBA::ULong>(options_.client_lease.count()));
            });
        } catch (const Error& e) {
            log::debug("this client's lease was not renewed in {}: {}", due[i], e.what());
            lives_in_.with([&](auto& all) { all[due[i]] = Clock::now(); });
        }
    });
}

void SessionCore::end_client() {
    std::vector<std::string> clusters;
    lives_in_.with([&](auto& all) {
        for (const auto& [cluster, next] : all) clusters.push_back(cluster);
    });
    in_parallel(clusters.size(), [&](std::size_t i) {
        try {
            managers_.call(clusters[i], Clock::now() + std::chrono::seconds(1),
                           [&](Wire::Manager_ptr manager) { manager->end_client(client_.value); });
        } catch (const Error& e) {
            log::debug("{} was not told that this client ends: {}", clusters[i], e.what());
        }
    });
}

}  // namespace juxta::data
