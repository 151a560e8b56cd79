#include "data_service/core/cluster_manager_state.h"

#include <algorithm>

namespace juxta::data {
namespace {

// Views that one answer carries at most, so that it stays far below the ORB's limit.
constexpr std::size_t most_news = 2000;

void look_again(Leadership& leading, const Directory& directory, const DataId& id) {
    const std::size_t blocks = directory.block_count(id);
    for (BlockNumber block = 0; block < blocks; ++block) {
        leading.attention.push(directory, {id, block});
    }
}

// A group that was born with all its copies, none of them about to leave.
bool is_complete(const Directory& directory, const Command& command, const GroupId& group) {
    const auto* allocation = std::get_if<AllocateDatum>(&command);
    if (allocation == nullptr) return false;
    const DataSpec& spec = allocation->spec;
    const std::vector<Member>& members = allocation->members[group.block];
    return spec.clusters == 1 && members.size() >= spec.copies &&
           std::ranges::none_of(members, [&](const Member& member) {
               return directory.providers().at(member.provider).draining;
           });
}

// Beyond the views: what else a command means here.
struct Consequences {
    Leadership& leading;
    const Directory& directory;

    void operator()(const RegisterProvider& c) {
        const Member& self = c.contact.self;
        std::erase_if(leading.registered, [&](const Member& member) {
            return member.provider == self.provider && member.incarnation < self.incarnation;
        });
        std::erase_if(leading.told_volatile, [&](const Member& member) {
            return member.provider == self.provider && member.incarnation < self.incarnation;
        });
        leading.volatile_data.lose({self.provider, self.incarnation - 1});
    }
    void operator()(const ConfirmDead& c) {
        leading.volatile_data.lose(c.who);
        leading.not_registered.erase(c.who.provider);
        leading.not_told.erase(c.who.provider);
    }
    void operator()(const DrainProvider& c) {
        for (const GroupId& group : directory.groups_of(c.provider)) {
            leading.attention.push(directory, group);
        }
    }
    void operator()(const ChangeDatum& c) { look_again(leading, directory, c.id); }
    void operator()(const ForgetDatum& c) {
        leading.newest.erase(c.id);
        leading.caches.erase(c.id);
        leading.untold_freed.erase(c.id);
    }
    void operator()(const auto&) {}
};

}  // namespace

// -- volatile data --------------------------------------------------------------------------------

const DatumRecord* VolatileShelf::find(const DataId& id) const {
    const auto known = data_.find(id);
    return known == data_.end() ? nullptr : &known->second;
}

std::optional<DataId> VolatileShelf::allocated_by(const RequestId& request) const {
    const auto known = requests_.find(request);
    if (known == requests_.end()) return std::nullopt;
    return known->second;
}

void VolatileShelf::put(const DataId& id, DatumRecord record) {
    erase(id);
    requests_[record.request] = id;
    if (record.spec.lifetime == Lifetime::client) by_client_[record.spec.client].insert(id);
    by_provider_[record.blocks.at(0).view.members.at(0).provider].insert(id);
    data_.emplace(id, std::move(record));
}

void VolatileShelf::erase(const DataId& id) {
    const auto known = data_.find(id);
    if (known == data_.end()) return;
    const DatumRecord& record = known->second;
    requests_.erase(record.request);
    const auto drop = [&](auto& index, const auto& key) {
        const auto place = index.find(key);
        if (place == index.end()) return;
        place->second.erase(id);
        if (place->second.empty()) index.erase(place);
    };
    drop(by_client_, record.spec.client);
    drop(by_provider_, record.blocks.at(0).view.members.at(0).provider);
    data_.erase(known);
}

std::vector<DataId> VolatileShelf::data_of(ClientId client) const {
    const auto known = by_client_.find(client);
    if (known == by_client_.end()) return {};
    return {known->second.begin(), known->second.end()};
}

std::vector<DataId> VolatileShelf::data_at(ProviderId provider) const {
    const auto known = by_provider_.find(provider);
    if (known == by_provider_.end()) return {};
    return {known->second.begin(), known->second.end()};
}

void VolatileShelf::lose(const Member& dead) {
    for (const DataId& id : data_at(dead.provider)) {
        DatumRecord& record = data_.at(id);
        if (record.blocks[0].view.members[0].incarnation <= dead.incarnation) record.lost = true;
    }
}

void GroupQueue::push(const Directory& directory, const GroupId& group) {
    const auto record = directory.find(group);
    const bool is_led = record && !record->view.members.empty();
    groups_[is_led ? record->view.members.front().provider : ProviderId{}].insert(group);
}

std::vector<GroupId> GroupQueue::take(std::size_t most) {
    std::vector<GroupId> taken;
    while (taken.size() < most && !groups_.empty()) {
        auto next = groups_.upper_bound(turn_);
        if (next == groups_.end()) next = groups_.begin();
        std::set<GroupId>& of_one = next->second;
        while (taken.size() < most && !of_one.empty())
            taken.push_back(of_one.extract(of_one.begin()).value());
        turn_ = next->first;
        if (of_one.empty()) groups_.erase(next);
    }
    return taken;
}

// -- what commands mean to a leader ---------------------------------------------------------------

std::vector<Letter> note(ClusterManagerState& state, const Command& command,
                         const Applied& applied) {
    std::vector<Letter> letters;
    Leadership& leading = *state.leading;
    for (std::size_t i = 0; i < applied.views.size(); ++i) {
        const GroupId& group = applied.views[i];
        const bool freed = state.directory.is_freed(group.datum);
        for (const Member& member : applied.recipients[i]) {
            letters.push_back({member, group, {}});
            if (freed) leading.untold_freed[group.datum].insert(member);
        }
        if (!freed) {
            if (!is_complete(state.directory, command, group))
                leading.attention.push(state.directory, group);
            continue;
        }
        leading.unsettled.erase(group);
        leading.leases.erase(group.datum);
        const auto caches = leading.caches.find(group.datum);
        if (caches == leading.caches.end()) continue;
        for (const auto& [provider, copy] : caches->second) {
            letters.push_back({copy.holder.self, group, copy.holder});
        }
    }
    leading.unsettled.insert(applied.stuck.begin(), applied.stuck.end());
    if (applied.accepted) std::visit(Consequences{leading, state.directory}, command);
    return letters;
}

std::set<ProviderId> post(ClusterManagerState& state, const std::vector<Letter>& letters) {
    std::set<ProviderId> to_deliver;
    if (!state.leading || state.stopping) return to_deliver;
    for (const Letter& letter : letters) {
        if (!letter.foreign && state.directory.is_dead(letter.to)) continue;
        Mail& mail = state.leading->mail[letter.to.provider];
        if (letter.foreign) mail.foreign = letter.foreign;
        mail.groups.insert(letter.group);
        if (!mail.under_way) {
            mail.under_way = true;
            to_deliver.insert(letter.to.provider);
        }
    }
    return to_deliver;
}

void note_told(ClusterManagerState& state, const Member& who, const std::vector<GroupView>& views) {
    Leadership& leading = *state.leading;
    for (const GroupView& view : views) {
        if (!view.view.freed) continue;
        const auto untold = leading.untold_freed.find(view.group.datum);
        if (untold == leading.untold_freed.end() || untold->second.erase(who) == 0) continue;
        const auto head = state.directory.find_head(view.group.datum);
        if (head) note_room(leading, who.provider, head->block_bytes(view.group.block), false);
    }
}

void note_room(Leadership& leading, ProviderId provider, std::uint64_t bytes, bool taken) {
    const auto known = leading.rooms.find(provider);
    if (known == leading.rooms.end()) return;
    Room& room = known->second;
    room.used_bytes =
        taken ? room.used_bytes + bytes : room.used_bytes - std::min(room.used_bytes, bytes);
    leading.overseer.room(provider, room.free_bytes(), room.used_bytes, room.free_disk_bytes());
}

// -- what is known --------------------------------------------------------------------------------

RegisterProvider registration_of_guest(const ProviderContact& guest) {
    constexpr std::uint64_t unknown_bytes = std::uint64_t{1} << 62;
    return {guest, unknown_bytes, unknown_bytes};
}

std::optional<ProviderContact> contact_of(const Directory& directory, const Member& member) {
    const auto found = directory.providers().find(member.provider);
    if (found == directory.providers().end() || found->second.contact.self != member) {
        return std::nullopt;
    }
    return found->second.contact;
}

std::optional<DatumRecord> record_of(const ClusterManagerState& state, const DataId& id) {
    if (auto record = state.directory.find(id)) {
        if (record->freed) return std::nullopt;
        return *std::move(record);
    }
    if (const DatumRecord* record = state.leading->volatile_data.find(id)) return *record;
    return std::nullopt;
}

DatumInfo describe(const ClusterManagerState& state, const std::string& cluster, const DataId& id,
                   const DatumRecord& record) {
    DatumInfo info;
    info.id = id;
    info.spec = record.spec;
    info.bytes = record.bytes;
    info.owner = cluster;
    info.lost = record.lost;
    info.silent = !record.lost && std::ranges::any_of(record.blocks, [&](const GroupRecord& block) {
        const auto away = [&](const Member& member) {
            return state.directory.is_dead(member) ||
                   state.leading->overseer.is_silent(member, monotonic_now());
        };
        return std::ranges::all_of(block.view.members, away) &&
               std::ranges::all_of(block.holders, away);
    });
    const auto newest = state.leading->newest.find(id);
    if (newest != state.leading->newest.end()) info.newest = newest->second;

    std::vector<ProviderId> told;
    const auto tell = [&](const Member& member) {
        if (std::ranges::find(told, member.provider) != told.end()) return;
        const auto known = state.directory.providers().find(member.provider);
        if (known == state.directory.providers().end()) return;
        if (known->second.contact.self != member) return;
        told.push_back(member.provider);
        info.contacts.push_back(known->second.contact);
    };
    for (const GroupRecord& block : record.blocks) {
        info.blocks.push_back(block.view);
        for (const Member& member : block.view.members) tell(member);
        if (block.view.joiner) tell(*block.view.joiner);
    }
    const auto caches = state.leading->caches.find(id);
    if (caches != state.leading->caches.end()) {
        for (const auto& [provider, copy] : caches->second) {
            if (std::ranges::find(told, provider) != told.end()) continue;  // a member by now
            info.contacts.push_back(copy.holder);
            info.caches.push_back({copy.holder.name, copy.holder.place, true});
        }
    }
    return info;
}

DatumLocation locate(const ClusterManagerState& state, const DataId& id,
                     const DatumRecord& record) {
    DatumLocation location{id, record.spec.type, record.bytes, {}};
    const auto newest = state.leading->newest.find(id);
    // Members hold the newest version whether or not it has been heard of.
    const bool heard = newest != state.leading->newest.end() && newest->second > 0;
    std::set<ProviderId> members;
    for (const GroupRecord& block : record.blocks) {
        for (const Member& member : block.view.members) {
            const auto contact = contact_of(state.directory, member);
            if (!contact || state.directory.is_dead(member)) continue;
            if (members.insert(member.provider).second) {
                location.copies.push_back({contact->name, contact->place, false});
            }
        }
    }
    const auto caches = state.leading->caches.find(id);
    if (caches == state.leading->caches.end()) return location;
    std::set<Version> versions;
    for (const auto& [provider, copy] : caches->second) versions.insert(copy.version);
    for (const auto& [provider, copy] : caches->second) {
        const bool current = heard ? copy.version == newest->second : versions.size() == 1;
        if (!current || members.contains(provider)) continue;
        location.copies.push_back({copy.holder.name, copy.holder.place, true});
    }
    return location;
}

std::vector<GroupView> news_for(const ClusterManagerState& state, const Member& self,
                                const std::vector<std::pair<GroupId, Epoch>>& epochs) {
    std::vector<GroupView> news;
    const auto gone = [&](const GroupId& group, Epoch epoch) {
        View freed;
        freed.epoch = epoch + 1;
        freed.freed = true;
        news.push_back({group, freed});
    };
    for (const auto& [group, epoch] : epochs) {
        if (news.size() == most_news) break;
        if (const auto record = state.directory.find(group)) {
            const View& view = record->view;
            const bool out = !view.has(self) && view.joiner != self;
            const bool over = view.freed || view.lost;
            if (view.epoch > epoch || over || (out && view.activated))
                news.push_back({group, view});
            continue;
        }
        if (epoch == 0) continue;  // a mere reservation
        const DatumRecord* record = state.leading->volatile_data.find(group.datum);
        const bool its_own = record != nullptr && record->blocks[0].view.has(self);
        // It was installed once and is forgotten: freed. But what only the provider knows it has to
        // tell first.
        if (!its_own && state.leading->told_volatile.contains(self)) gone(group, epoch);
    }
    return news;
}

bool is_needed(const ClusterManagerState& state, ProviderId provider) {
    if (state.directory.group_count_of(provider) > 0) return true;
    for (const DataId& id : state.leading->volatile_data.data_at(provider)) {
        if (!state.leading->volatile_data.find(id)->lost) return true;
    }
    return false;
}

}  // namespace juxta::data
