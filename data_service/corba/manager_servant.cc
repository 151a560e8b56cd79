#include "data_service/corba/manager_servant.h"

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/manager_wire.h"

namespace juxta::data {
namespace {

Room room_from_wire(const Wire::Capacity& room) {
    return {room.capacity_bytes, room.used_bytes, room.disk_bytes, room.disk_used_bytes};
}

using GroupEpochs = std::vector<std::pair<GroupId, Epoch>>;

GroupEpochs epochs_from_wire(const Wire::GroupEpochs& wire) {
    return orb::collect(wire, [](const Wire::GroupEpoch& one) {
        return std::pair<GroupId, Epoch>(from_wire(one.group), one.epoch);
    });
}

}  // namespace

Wire::Timings ManagerServant::register_provider(const Wire::ProviderContact& newcomer,
                                                const Wire::Capacity& room) {
    return orb::answer([&] {
        return to_wire(manager_.register_provider(from_wire(newcomer), room_from_wire(room)));
    });
}

Wire::BeatAnswer* ManagerServant::beat(const Wire::Member& self, const Wire::Capacity& room,
                                       const Wire::GroupEpochs& epochs,
                                       const Wire::NewestVersions& versions) {
    return orb::answer([&] {
        Beat beat{from_wire(self), room_from_wire(room), epochs_from_wire(epochs), {}};
        for (CORBA::ULong i = 0; i < versions.length(); ++i) {
            beat.versions.emplace_back(orb::from_wire(versions[i].datum), versions[i].version);
        }
        const BeatAnswer answer = manager_.beat(beat);
        Wire::BeatAnswer_var wire = new Wire::BeatAnswer;
        wire->known = answer.known;
        wire->views = to_wire(answer.views);
        wire->draining = answer.draining;
        wire->may_end = answer.may_end;
        return wire._retn();
    });
}

void ManagerServant::offer_disks(const Wire::Member& self, const Wire::DiskOffers& offers,
                                 CORBA::Boolean complete) {
    orb::answer([&] {
        const auto offered = orb::collect(offers, [](const Wire::DiskOffer& offer) {
            return DiskOffer{from_wire(offer.group), offer.written_by};
        });
        manager_.offer_disks(from_wire(self), offered, complete);
    });
}

void ManagerServant::hold_volatile(const Wire::Member& self, const Wire::VolatileData& held,
                                   CORBA::Boolean complete) {
    orb::answer([&] {
        const auto data = orb::collect(held, [](const Wire::VolatileDatum& datum) {
            return VolatileDatum{orb::from_wire(datum.id), orb::from_wire(datum.request),
                                 orb::from_wire(datum.spec), from_wire(datum.installed)};
        });
        manager_.hold_volatile(from_wire(self), data, complete);
    });
}

Wire::GroupEpochs* ManagerServant::record(const Wire::Member& self,
                                          const Wire::GroupEpochs& activated,
                                          const Wire::Joins& full) {
    return orb::answer([&] {
        const auto joins = orb::collect(full, [](const Wire::Join& join) {
            return Join{from_wire(join.group), join.epoch, from_wire(join.joiner)};
        });
        Wire::GroupEpochs_var wire = new Wire::GroupEpochs;
        orb::fill(wire.inout(),
                  manager_.record(from_wire(self), epochs_from_wire(activated), joins),
                  [](const auto& recorded) {
                      return Wire::GroupEpoch{to_wire(recorded.first), recorded.second};
                  });
        return wire._retn();
    });
}

void ManagerServant::suspect(const Wire::Member& who) {
    orb::answer([&] { manager_.suspect(from_wire(who)); });
}

void ManagerServant::cached(const Wire::ProviderContact& holder, const Wire::DataId& datum,
                            Wire::u64 version, CORBA::Boolean held) {
    orb::answer([&] { manager_.cached(from_wire(holder), orb::from_wire(datum), version, held); });
}

Wire::ProviderContacts* ManagerServant::providers() {
    return orb::answer([&] {
        Wire::ProviderContacts_var wire = new Wire::ProviderContacts;
        orb::fill(wire.inout(), manager_.providers(),
                  [](const ProviderContact& contact) { return to_wire(contact); });
        return wire._retn();
    });
}

void ManagerServant::drain(const char* provider_name, CORBA::Boolean leaving) {
    orb::answer([&] { manager_.drain(provider_name, leaving); });
}

Wire::DatumInfo* ManagerServant::allocate(const Wire::RequestId& request, const Wire::DataId& id,
                                          const Wire::DataSpec& spec) {
    return orb::answer([&] {
        return new Wire::DatumInfo(to_wire(
            manager_.allocate(orb::from_wire(request), orb::from_wire(id), orb::from_wire(spec))));
    });
}

Wire::DatumInfo* ManagerServant::find(const Wire::DataId& id) {
    return orb::answer(
        [&] { return new Wire::DatumInfo(to_wire(manager_.find(orb::from_wire(id)))); });
}

Wire::DatumInfo* ManagerServant::find_by_name(const char* name) {
    return orb::answer([&] { return new Wire::DatumInfo(to_wire(manager_.find_by_name(name))); });
}

Wire::DatumInfos* ManagerServant::list(const Wire::DataId& after, CORBA::ULong most) {
    return orb::answer([&] {
        Wire::DatumInfos_var wire = new Wire::DatumInfos;
        orb::fill(wire.inout(), manager_.list(orb::from_wire(after), most),
                  [](const DatumInfo& info) { return to_wire(info); });
        return wire._retn();
    });
}

Wire::DatumInfo* ManagerServant::change(const Wire::DataId& id, const Wire::SpecChange& wanted) {
    return orb::answer([&] {
        ChangeDatum change;
        change.id = orb::from_wire(id);
        if (*wanted.name.in() != '\0') change.name = wanted.name.in();
        if (wanted.copies > 0) change.copies = wanted.copies;
        if (wanted.clusters > 0) change.clusters = wanted.clusters;
        if (wanted.change_kept) change.persistence = orb::from_wire(wanted.kept);
        if (wanted.lease_ms > 0) change.lease_ms = wanted.lease_ms;
        return new Wire::DatumInfo(to_wire(manager_.change(change)));
    });
}

void ManagerServant::renew_datum(const Wire::DataId& id) {
    orb::answer([&] { manager_.renew_datum(orb::from_wire(id)); });
}

void ManagerServant::free_datum(const Wire::DataId& id) {
    orb::answer([&] { manager_.free_datum(orb::from_wire(id)); });
}

void ManagerServant::forget_name(const char* name, const Wire::DataId& unless) {
    orb::answer([&] { manager_.forget_name(name, orb::from_wire(unless)); });
}

void ManagerServant::renew_client(Wire::ClientId client, CORBA::ULong lease_ms) {
    orb::answer([&] {
        manager_.renew_client(ClientId{client}, static_cast<Duration>(lease_ms) * kMillisecond);
    });
}

void ManagerServant::end_client(Wire::ClientId client) {
    orb::answer([&] { manager_.end_client(ClientId{client}); });
}

Wire::DatumLocations* ManagerServant::locate(const Wire::DataIds& ids) {
    return orb::answer([&] {
        return new Wire::DatumLocations(orb::to_wire(manager_.locate(orb::from_wire(ids))));
    });
}

}  // namespace juxta::data
