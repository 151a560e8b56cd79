// The manager's operations on the wire (idl/manager.idl): translates, decides nothing.
#pragma once

#include "data_service/core/cluster_manager.h"
#include "manager.hh"

namespace juxta::data {

class ManagerServant final : public POA_Wire::Manager {
public:
    // `manager` outlives the servant's activation.
    explicit ManagerServant(ClusterManager& manager) : manager_(manager) {}

    Wire::Timings register_provider(const Wire::ProviderContact& newcomer,
                                    const Wire::Capacity& room) override;
    Wire::BeatAnswer* beat(const Wire::Member& self, const Wire::Capacity& room,
                           const Wire::GroupEpochs& epochs,
                           const Wire::NewestVersions& versions) override;
    void offer_disks(const Wire::Member& self, const Wire::DiskOffers& offers,
                     CORBA::Boolean complete) override;
    void hold_volatile(const Wire::Member& self, const Wire::VolatileData& held,
                       CORBA::Boolean complete) override;
    Wire::GroupEpochs* record(const Wire::Member& self, const Wire::GroupEpochs& activated,
                              const Wire::Joins& full) override;
    void suspect(const Wire::Member& who) override;
    void cached(const Wire::ProviderContact& holder, const Wire::DataId& datum, Wire::u64 version,
                CORBA::Boolean held) override;
    Wire::ProviderContacts* providers() override;
    void drain(const char* provider_name, CORBA::Boolean leaving) override;

    Wire::DatumInfo* allocate(const Wire::RequestId& request, const Wire::DataId& id,
                              const Wire::DataSpec& spec) override;
    Wire::DatumInfo* find(const Wire::DataId& id) override;
    Wire::DatumInfo* find_by_name(const char* name) override;
    Wire::DatumInfos* list(const Wire::DataId& after, CORBA::ULong most) override;
    Wire::DatumInfo* change(const Wire::DataId& id, const Wire::SpecChange& wanted) override;
    void renew_datum(const Wire::DataId& id) override;
    void free_datum(const Wire::DataId& id) override;
    void forget_name(const char* name, const Wire::DataId& unless) override;
    void renew_client(Wire::ClientId client, CORBA::ULong lease_ms) override;
    void end_client(Wire::ClientId client) override;
    Wire::DatumLocations* locate(const Wire::DataIds& ids) override;

private:
    ClusterManager& manager_;
};

}  // namespace juxta::data
