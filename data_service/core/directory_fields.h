// The directory's structures for archives (protocol/archive.h): one description of each.
#pragma once

#include "data_service/core/directory.h"
#include "data_service/protocol/archive.h"

namespace juxta::data::archive {

void fields(auto& a, Like<ProviderContact> auto& v) {
    all(a, v.name, v.self, v.address, v.socket_path, v.place, v.cache_only);
}
void fields(auto& a, Like<ProviderRecord> auto& v) {
    all(a, v.contact, v.capacity_bytes, v.disk_bytes, v.dead_up_to, v.draining);
}

void fields(auto& a, Like<RegisterProvider> auto& v) {
    all(a, v.contact, v.capacity_bytes, v.disk_bytes);
}
void fields(auto& a, Like<ConfirmDead> auto& v) { a(v.who); }
void fields(auto& a, Like<Evict> auto& v) { a(v.who); }
void fields(auto& a, Like<DrainProvider> auto& v) { all(a, v.provider, v.leaving); }
void fields(auto& a, Like<AllocateDatum> auto& v) {
    all(a, v.request, v.id, v.spec, v.bytes, v.members);
}
void fields(auto& a, Like<ChangeView> auto& v) { all(a, v.group, v.from, v.members, v.joiner); }
void fields(auto& a, Like<RecordActivated> auto& v) { all(a, v.group, v.epoch, v.primary); }
void fields(auto& a, Like<RecordFull> auto& v) { all(a, v.group, v.epoch, v.joiner); }
void fields(auto& a, Like<Reinstate> auto& v) { all(a, v.group, v.holder, v.as, v.written_by); }
void fields(auto& a, Like<DeclareLost> auto& v) { all(a, v.id, v.without_disk); }
void fields(auto& a, Like<FreeDatum> auto& v) { a(v.id); }
void fields(auto& a, Like<ForgetDatum> auto& v) { a(v.id); }
void fields(auto& a, Like<ChangeDatum> auto& v) {
    all(a, v.id, v.name, v.copies, v.persistence, v.clusters, v.lease_ms);
}
void fields(auto& a, Like<ForgetName> auto& v) { all(a, v.name, v.unless); }
void fields(auto& a, Like<EndClient> auto& v) { a(v.client); }

}  // namespace juxta::data::archive
