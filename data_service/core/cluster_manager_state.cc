#include "data_service/core/cluster_manager_state.h"

#include <algorithm>

namespace juxta::data {
namespace {

// Views that one answer carries at most, so that it stays far below the ORB's limit.
constexpr std::size_t most_news = 2000;

void add_blocks(const Directory& directory, const DataId& id, std::vector<GroupId>& groups) {
    const DatumRecord* record = directory.find(id);
    if (record == nullptr) return;
    for (BlockNumber block = 0; block < record->blocks.size(); ++block) {
        groups.push_back({id, block});
    }
}

// The groups whose views a command may change.
std::vector<GroupId> touched(const Directory& directory, const Command& command) {
    std::vector<GroupId> groups;
    struct Visitor {
        const Directory& directory;
        std::vector<GroupId>& groups;
        void operator()(const ChangeView& c) { groups.push_back(c.group); }
        void operator()(const RecordActivated& c) { groups.push_back(c.group); }
        void operator()(const RecordFull& c) { groups.push_back(c.group); }
        void operator()(const DeclareLost& c) { add_blocks(directory, c.id, groups); }
        void operator()(const FreeDatum& c) { add_blocks(directory, c.id, groups); }
        void operator()(const EndClient& c) {
            for (const auto& [id, record] : directory.data()) {
                if (record.spec.lifetime == Lifetime::client && record.spec.client == c.client) {
                    add_blocks(directory, id, groups);
                }
            }
        }
        void operator()(const RegisterProvider&) {}
        void operator()(const ConfirmDead&) {}
        void operator()(const DrainProvider&) {}
        void operator()(const AllocateDatum&) {}
        void operator()(const ForgetDatum&) {}
        void operator()(const ChangeDatum&) {}
        void operator()(const ForgetName&) {}
    };
    std::visit(Visitor{directory, groups}, command);
    return groups;
}

void forget_soft(ClusterManagerState& state, const DataId& id) {
    state.newest.erase(id);
    state.caches.erase(id);
    state.told_freed.erase(id);
    state.freed.erase(id);
}

}  // namespace

std::set<Member> concerned(const Directory& directory, const GroupId& group) {
    std::set<Member> all;
    const GroupRecord* record = directory.find(group);
    if (record == nullptr) return all;
    all.insert(record->view.members.begin(), record->view.members.end());
    all.insert(record->holders.begin(), record->holders.end());
    if (record->view.joiner) all.insert(*record->view.joiner);
    return all;
}

Applied apply_and_address(ClusterManagerState& state, const Command& command,
                          std::vector<Letter>& letters) {
    std::map<GroupId, std::set<Member>> recipients;
    for (const GroupId& group : touched(state.directory, command)) {
        recipients[group] = concerned(state.directory, group);
    }
    Applied applied = state.directory.apply(command);
    const bool activation = std::holds_alternative<RecordActivated>(command);
    std::vector<GroupId> changed = applied.views;
    if (activation && applied.accepted && changed.empty()) {
        changed.push_back(std::get<RecordActivated>(command).group);
    }
    for (const GroupId& group : changed) {
        const GroupRecord* record = state.directory.find(group);
        if (record == nullptr) continue;
        std::set<Member>& to = recipients[group];
        if (activation) {
            // Only those who are out now need to hear of it: they may wipe.
            for (const Member& member : concerned(state.directory, group)) to.erase(member);
        } else {
            to.merge(concerned(state.directory, group));
        }
        const DatumRecord* datum = state.directory.find(group.datum);
        if (datum != nullptr && datum->freed) {
            state.freed.insert(group.datum);
            for (const auto& [provider, copy] : state.caches[group.datum]) {
                letters.push_back({copy.holder.self, {group, record->view}, copy.holder});
            }
        }
        for (const Member& member : to) letters.push_back({member, {group, record->view}, {}});
    }
    if (const auto* forgotten = std::get_if<ForgetDatum>(&command))
        forget_soft(state, forgotten->id);
    return applied;
}

void note_told(ClusterManagerState& state, const Member& who, const std::vector<GroupView>& views) {
    for (const GroupView& view : views) {
        if (view.view.freed && state.freed.contains(view.group.datum)) {
            state.told_freed[view.group.datum].insert(who);
        }
    }
}

std::optional<ProviderContact> contact_of(const Directory& directory, const Member& member) {
    const auto found = directory.providers().find(member.provider);
    if (found == directory.providers().end() || found->second.contact.self != member) {
        return std::nullopt;
    }
    return found->second.contact;
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
                   state.overseer.is_silent(member, monotonic_now());
        };
        return std::ranges::all_of(block.view.members, away) &&
               std::ranges::all_of(block.holders, away);
    });
    const auto newest = state.newest.find(id);
    if (newest != state.newest.end()) info.newest = newest->second;

    std::map<ProviderId, ProviderContact> contacts;
    for (const GroupRecord& block : record.blocks) {
        info.blocks.push_back(block.view);
        std::vector<Member> named = block.view.members;
        if (block.view.joiner) named.push_back(*block.view.joiner);
        for (const Member& member : named) {
            if (const auto contact = contact_of(state.directory, member)) {
                contacts.emplace(member.provider, *contact);
            }
        }
    }
    const auto caches = state.caches.find(id);
    if (caches != state.caches.end()) {
        for (const auto& [provider, copy] : caches->second) {
            if (!contacts.emplace(provider, copy.holder).second) continue;  // a member by now
            info.caches.push_back({copy.holder.name, copy.holder.place, true});
        }
    }
    for (auto& [provider, contact] : contacts) info.contacts.push_back(std::move(contact));
    return info;
}

DatumLocation locate(const ClusterManagerState& state, const DataId& id,
                     const DatumRecord& record) {
    DatumLocation location{id, record.spec.type, record.bytes, {}};
    const auto newest = state.newest.find(id);
    // Members hold the newest version whether or not it has been heard of.
    const bool heard = newest != state.newest.end() && newest->second > 0;
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
    const auto caches = state.caches.find(id);
    if (caches == state.caches.end()) return location;
    std::set<Version> versions;
    for (const auto& [provider, copy] : caches->second) versions.insert(copy.version);
    for (const auto& [provider, copy] : caches->second) {
        const bool current = heard ? copy.version == newest->second : versions.size() == 1;
        if (!current || members.contains(provider)) continue;
        location.copies.push_back({copy.holder.name, copy.holder.place, true});
    }
    return location;
}

std::vector<GroupView> news_for(const Directory& directory, const Member& self,
                                const std::vector<std::pair<GroupId, Epoch>>& epochs) {
    std::vector<GroupView> news;
    for (const auto& [group, epoch] : epochs) {
        if (news.size() == most_news) break;
        const GroupRecord* record = directory.find(group);
        if (record == nullptr) {
            // It was installed once and is forgotten: freed. (Epoch 0 is a mere reservation.)
            if (epoch > 0) {
                View freed;
                freed.epoch = epoch + 1;
                freed.freed = true;
                news.push_back({group, freed});
            }
            continue;
        }
        const View& view = record->view;
        const bool out = !view.has(self) && view.joiner != self;
        const bool over = view.freed || view.lost;
        if (view.epoch > epoch || over || (out && view.activated)) news.push_back({group, view});
    }
    return news;
}

bool is_needed(const Directory& directory, ProviderId provider) {
    const auto names = [&](const Member& member) { return member.provider == provider; };
    for (const auto& [id, record] : directory.data()) {
        if (record.freed || record.lost) continue;
        for (const GroupRecord& block : record.blocks) {
            if (std::ranges::any_of(block.view.members, names) ||
                std::ranges::any_of(block.holders, names) ||
                (block.view.joiner && names(*block.view.joiner))) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace juxta::data
