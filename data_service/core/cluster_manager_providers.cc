// What providers tell and ask.
#include <algorithm>
#include <chrono>

#include "common/base/error.h"
#include "common/log/log.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::data {
namespace {

constexpr Duration longest_suspicion = 400 * kMillisecond;

}  // namespace

Durations ClusterManager::register_provider(const ProviderContact& newcomer, const Room& room) {
    if (newcomer.name.empty() || newcomer.self.provider != provider_id(newcomer.name)) {
        throw Error(ErrorCode::invalid_argument,
                    "provider '" + newcomer.name + "' came with an id that is not its name's");
    }
    const std::string& home = newcomer.place.cluster;
    if (home != settings_.cluster) {
        const auto names = others_ ? others_->names() : std::vector<std::string>{};
        if (std::ranges::find(names, home) == names.end()) {
            throw Error(ErrorCode::invalid_argument,
                        "provider " + newcomer.name + " says it belongs to cluster " + home +
                            "; this is the manager of " + settings_.cluster);
        }
    }
    const bool new_to_log = state_.with([&](State& s) {
        leading(s);
        const auto found = s.directory.providers().find(newcomer.self.provider);
        if (found == s.directory.providers().end()) return true;
        const ProviderRecord& known = found->second;
        if (known.contact.name != newcomer.name) {
            throw Error(ErrorCode::invalid_argument,
                        "the names of the providers " + known.contact.name + " and " +
                            newcomer.name + " have one hash; rename one of them");
        }
        if (newcomer.self.incarnation < known.contact.self.incarnation ||
            newcomer.self.incarnation <= known.dead_up_to) {
            throw Error(ErrorCode::stale_version, "incarnation " +
                                                      std::to_string(newcomer.self.incarnation) +
                                                      " of provider " + newcomer.name +
                                                      " is known to be dead; it has to start anew");
        }
        return known.contact != newcomer || known.capacity_bytes != room.capacity_bytes ||
               known.disk_bytes != room.disk_bytes;
    });
    if (new_to_log) propose(RegisterProvider{newcomer, room.capacity_bytes, room.disk_bytes});

    std::set<ProviderId> to_deliver;
    state_.change([&](State& s) {
        Leadership& now_leading = leading(s);
        const Member& self = newcomer.self;
        now_leading.registered.insert(self);
        now_leading.not_registered.erase(self.provider);
        now_leading.rooms[self.provider] = room;
        now_leading.overseer.heard(self, monotonic_now());
        now_leading.overseer.room(self.provider, room.free_bytes(), room.used_bytes,
                                  room.free_disk_bytes());
        // It may have missed views while nobody could tell it.
        std::vector<Letter> letters;
        for (const GroupId& group : s.directory.groups_of(self.provider)) {
            letters.push_back({self, group, {}});
        }
        to_deliver = post(s, letters);
    });
    start_couriers(to_deliver);
    wake();
    log::info("provider {} registered as incarnation {} at {}, {} bytes", newcomer.name,
              newcomer.self.incarnation, newcomer.address, room.capacity_bytes);
    return settings_.durations;
}

BeatAnswer ClusterManager::beat(const Beat& beat) {
    return state_.with([&](State& s) {
        Leadership& now_leading = leading(s);
        BeatAnswer answer;
        const auto found = s.directory.providers().find(beat.self.provider);
        if (found == s.directory.providers().end() || found->second.contact.self != beat.self ||
            s.directory.is_dead(beat.self) || !now_leading.registered.contains(beat.self)) {
            return answer;
        }
        answer.known = true;
        now_leading.overseer.heard(beat.self, monotonic_now());
        now_leading.overseer.room(beat.self.provider, beat.room.free_bytes(), beat.room.used_bytes,
                                  beat.room.free_disk_bytes());
        now_leading.rooms[beat.self.provider] = beat.room;
        for (const auto& [id, version] : beat.versions) {
            if (s.directory.block_count(id) == 0 && !now_leading.volatile_data.find(id)) continue;
            Version& newest = now_leading.newest[id];
            newest = std::max(newest, version);
        }
        answer.views = news_for(s, beat.self, beat.epochs);
        answer.draining = found->second.draining;
        answer.may_end = answer.draining && !is_needed(s, beat.self.provider);
        return answer;
    });
}

void ClusterManager::offer_disks(const Member& self, const std::vector<DiskOffer>& offers,
                                 bool complete) {
    state_.with([&](State& s) {
        Leadership& now_leading = leading(s);
        if (!now_leading.registered.contains(self) || s.directory.is_dead(self)) return;
        for (const DiskOffer& offer : offers) {
            now_leading.overseer.offered(s.directory, self, offer.group, offer.written_by);
            now_leading.attention.push(s.directory, offer.group);
        }
        if (!complete) return;
        now_leading.overseer.offers_complete(self);
        for (const GroupId& group : s.directory.groups_of(self.provider)) {
            now_leading.attention.push(s.directory, group);
        }
    });
    wake();
}

void ClusterManager::hold_volatile(const Member& self, const std::vector<VolatileDatum>& held,
                                   bool complete) {
    state_.change([&](State& s) {
        Leadership& now_leading = leading(s);
        if (!now_leading.registered.contains(self) || s.directory.is_dead(self)) return;
        VolatileShelf& shelf = now_leading.volatile_data;
        for (const VolatileDatum& datum : held) {
            const bool is_known = s.directory.block_count(datum.id) > 0 || shelf.find(datum.id);
            const bool is_whole = datum.view.members == std::vector<Member>{self} &&
                                  !datum.view.freed && !datum.view.lost;
            if (is_known || !is_whole) continue;
            DatumRecord record;
            record.spec = datum.spec;
            record.bytes = bytes_of(datum.spec.type).value_or(0);
            record.request = datum.request;
            record.blocks.push_back({datum.view, {self}, {self.incarnation}});
            shelf.put(datum.id, std::move(record));
            note_life(now_leading, datum.id, datum.spec);
        }
        if (!complete) return;
        now_leading.told_volatile.insert(self);
        now_leading.not_told.erase(self.provider);
    });
}

std::vector<std::pair<GroupId, Epoch>> ClusterManager::record(
    const Member& self, const std::vector<std::pair<GroupId, Epoch>>& activated,
    const std::vector<Join>& full) {
    const auto is_its_view = [&](const GroupRecord& record, Epoch epoch) {
        return record.view.epoch == epoch && record.view.primary() == self;
    };
    std::vector<Command> commands;
    state_.with([&](State& s) {
        leading(s);
        for (const auto& [group, epoch] : activated) {
            const auto record = s.directory.find(group);
            if (!record || !is_its_view(*record, epoch) || record->view.activated) continue;
            commands.push_back(RecordActivated{group, epoch, self});
        }
        for (const Join& join : full) {
            const auto record = s.directory.find(join.group);
            if (!record || !is_its_view(*record, join.epoch)) continue;
            if (record->view.joiner == join.joiner) {
                commands.push_back(RecordFull{join.group, join.epoch, join.joiner});
            }
        }
    });
    if (!commands.empty()) propose(std::move(commands));
    return state_.with([&](State& s) {
        std::vector<std::pair<GroupId, Epoch>> recorded;
        for (const auto& [group, epoch] : activated) {
            const auto record = s.directory.find(group);
            if (record && is_its_view(*record, epoch) && record->view.activated) {
                recorded.emplace_back(group, epoch);
            }
        }
        return recorded;
    });
}

void ClusterManager::suspect(const Member& who) {
    const Time now = monotonic_now();
    const auto to_probe = state_.with([&](State& s) {
        Leadership& now_leading = leading(s);
        if (!contact_of(s.directory, who) || s.directory.is_dead(who)) {
            return std::vector<ProviderContact>{};
        }
        now_leading.overseer.suspect(who);
        return due_probes(s, now);
    });
    start_probes(to_probe);
    state_.wait_until(
        std::chrono::steady_clock::now() + std::chrono::microseconds(longest_suspicion),
        [&](State& s) {
            return s.stopping || !s.leading || !contact_of(s.directory, who) ||
                   s.directory.is_dead(who) || !s.leading->probing.contains(who) ||
                   s.leading->overseer.is_evicted(who);
        });
}

void ClusterManager::cached(const ProviderContact& holder, const DataId& id, Version version,
                            bool held) {
    const bool is_of_nothing = state_.with([&](State& s) {
        Leadership& now_leading = leading(s);
        const bool is_known = (s.directory.block_count(id) > 0 && !s.directory.is_freed(id)) ||
                              now_leading.volatile_data.find(id) != nullptr;
        auto& copies = now_leading.caches[id];
        if (held && is_known) {
            copies[holder.self.provider] = {holder, version};
            Version& newest = now_leading.newest[id];
            newest = std::max(newest, version);  // what is cached was committed
        } else {
            const auto found = copies.find(holder.self.provider);
            if (found != copies.end() && found->second.version <= version) copies.erase(found);
        }
        if (copies.empty()) now_leading.caches.erase(id);
        return held && !is_known;
    });
    // J5. Freed while another replica led, which alone knew of this cache.
    if (!is_of_nothing) return;
    crew_.run([this, holder, id] {
        View freed;  // of epoch 0: it speaks of the cache alone
        freed.freed = true;
        tell_freed(holder, id, freed);
    });
}

std::vector<ProviderContact> ClusterManager::providers() const {
    return state_.with([&](const State& s) {
        leading(s);
        std::vector<ProviderContact> all;
        for (const auto& [id, record] : s.directory.providers()) {
            if (!s.directory.is_dead(record.contact.self)) all.push_back(record.contact);
        }
        return all;
    });
}

void ClusterManager::drain(const std::string& provider, bool leaving) {
    const ProviderId id = provider_id(provider);
    const std::vector<DataId> volatile_data = state_.with([&](State& s) {
        const Leadership& now_leading = leading(s);
        if (!s.directory.providers().contains(id)) {
            throw Error(ErrorCode::not_found,
                        "cluster " + settings_.cluster + " has no provider " + provider);
        }
        return leaving ? now_leading.volatile_data.data_at(id) : std::vector<DataId>{};
    });
    propose(DrainProvider{id, leaving});
    make_known(volatile_data);  // they move as others do
    wake();
}

}  // namespace juxta::data
