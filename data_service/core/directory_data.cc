// Data, their names and their ends, and the indexes that follow from them.
#include <algorithm>

#include "data_service/core/directory.h"

namespace juxta::data {
namespace {

constexpr std::size_t few_names = 64;  // not worth cleaning up

}  // namespace

// -- what is known --------------------------------------------------------------------------------

Found<DatumRecord> Directory::find(const DataId& id) const {
    const auto known = data_.find(id);
    return known == data_.end() ? Found<DatumRecord>() : Found(unpack(known->second));
}

Found<DatumRecord> Directory::find_head(const DataId& id) const {
    const auto known = data_.find(id);
    return known == data_.end() ? Found<DatumRecord>() : Found(unpack_head(known->second));
}

Found<GroupRecord> Directory::find(const GroupId& group) const {
    const auto known = data_.find(group.datum);
    if (known == data_.end() || group.block >= known->second.blocks.size()) return {};
    return Found(unpack_group(known->second, group.block));
}

bool Directory::is_freed(const DataId& id) const {
    const auto known = data_.find(id);
    return known != data_.end() && known->second.freed;
}

bool Directory::is_lost(const DataId& id) const {
    const auto known = data_.find(id);
    return known != data_.end() && known->second.lost;
}

std::size_t Directory::block_count(const DataId& id) const {
    const auto known = data_.find(id);
    return known == data_.end() ? 0 : known->second.blocks.size();
}

std::optional<DataId> Directory::named(const std::string& name) const {
    const auto known = names_.find(name);
    if (known == names_.end()) return std::nullopt;
    return known->second;
}

std::optional<DataId> Directory::allocated_by(const RequestId& request) const {
    const auto known = requests_.find(request);
    if (known == requests_.end()) return std::nullopt;
    return known->second;
}

std::vector<DataId> Directory::data_of(ClientId client) const {
    const auto known = clients_.find(client);
    if (known == clients_.end()) return {};
    return {known->second.begin(), known->second.end()};
}

std::vector<ClientId> Directory::clients() const {
    std::vector<ClientId> all;
    for (const auto& [client, data] : clients_) all.push_back(client);
    return all;
}

Directory::Stored* Directory::open_datum(const DataId& id) {
    const auto known = data_.find(id);
    if (known == data_.end() || known->second.lost || known->second.freed) return nullptr;
    return &known->second;
}

Directory::Stored* Directory::open_group(const GroupId& group) {
    Stored* stored = open_datum(group.datum);
    return stored != nullptr && group.block < stored->blocks.size() ? stored : nullptr;
}

// -- who is named where ---------------------------------------------------------------------------

bool Directory::is_named(const GroupId& group, ProviderId provider) const {
    const auto known = data_.find(group.datum);
    if (known == data_.end() || known->second.lost || known->second.freed) return false;
    const Stored& stored = known->second;
    return group.block < stored.blocks.size() && unpack_group(stored, group.block).names(provider);
}

void Directory::clean(ProviderId provider, Named& named) const {
    std::ranges::sort(named.groups);
    const auto repeats = std::ranges::unique(named.groups);
    named.groups.erase(repeats.begin(), repeats.end());
    std::erase_if(named.groups, [&](const GroupId& group) { return !is_named(group, provider); });
}

void Directory::index_names(const GroupId& group, const std::vector<ProviderId>& before,
                            const std::vector<ProviderId>& after) {
    for (ProviderId provider : before) {
        if (std::ranges::find(after, provider) != after.end()) continue;
        Named& named = named_[provider];
        named.count -= 1;
        if (named.groups.size() > 2 * named.count + few_names) {
            clean(provider, named);
            named.groups.shrink_to_fit();
        }
    }
    for (ProviderId provider : after) {
        if (std::ranges::find(before, provider) != before.end()) continue;
        Named& named = named_[provider];
        named.count += 1;
        named.groups.push_back(group);
    }
}

std::vector<GroupId> Directory::groups_of(ProviderId provider) const {
    const auto known = named_.find(provider);
    if (known == named_.end() || known->second.count == 0) return {};
    Named copy = known->second;
    if (copy.groups.size() == copy.count) {  // then there is nothing else among them
        std::ranges::sort(copy.groups);
    } else {
        clean(provider, copy);
    }
    return std::move(copy.groups);
}

std::size_t Directory::group_count_of(ProviderId provider) const {
    const auto known = named_.find(provider);
    return known == named_.end() ? 0 : known->second.count;
}

void Directory::index_spec(const DataId& id, const DataSpec& spec, bool there) {
    if (spec.lifetime == Lifetime::client) {
        if (there) {
            clients_[spec.client].insert(id);
        } else if (const auto known = clients_.find(spec.client); known != clients_.end()) {
            known->second.erase(id);
            if (known->second.empty()) clients_.erase(known);
        }
    } else if (spec.lifetime == Lifetime::lease) {
        if (there) {
            leased_.insert(id);
        } else {
            leased_.erase(id);
        }
    }
}

// -- commands -------------------------------------------------------------------------------------

bool Directory::can_be_member(const std::vector<Member>& members) const {
    return std::ranges::all_of(members, [&](const Member& member) {
        const bool once = std::ranges::count(members, member.provider, &Member::provider) == 1;
        return once && is_registered(member) && !is_dead(member);
    });
}

// M1.
Applied Directory::act(const AllocateDatum& command) {
    if (const auto made = allocated_by(command.request)) {
        return *made == command.id ? accepted() : refused();
    }
    if (data_.contains(command.id) || command.members.empty()) return refused();
    for (const std::vector<Member>& members : command.members) {
        if (members.empty() || !can_be_member(members)) return refused();
    }
    DatumRecord head;
    head.spec = command.spec;
    head.spec.name.clear();
    head.bytes = command.bytes;
    head.request = command.request;
    Stored stored;
    stored.durable = command.spec.durable;
    stored.blocks.resize(command.members.size());
    Applied applied = accepted();
    for (BlockNumber block = 0; block < command.members.size(); ++block) {
        GroupRecord group;
        group.view.epoch = 1;
        group.view.members = group.holders = command.members[block];
        group.view.activated = true;
        std::vector<ProviderId> providers;
        for (const Member& member : group.holders) {
            group.bases.push_back(member.incarnation);
            providers.push_back(member.provider);
            applied.concerned.push_back(member.provider);
        }
        pack_group(stored, block, group);
        const GroupId id{command.id, block};
        applied.views.push_back(id);
        applied.recipients.push_back(group.holders);
        index_names(id, {}, providers);
    }
    requests_[command.request] = command.id;
    take_name(command.id, head, command.spec.name);
    pack_head(stored, head);
    data_.emplace(command.id, std::move(stored));
    ids_.insert(command.id);
    index_spec(command.id, head.spec, true);
    return applied;
}

void Directory::free_blocks(const DataId& id, Applied& applied) {
    Stored& stored = data_.at(id);
    if (stored.freed) return;
    DatumRecord head = unpack_head(stored);
    drop_name(head);
    pack_head(stored, head);
    index_spec(id, head.spec, false);
    stored.freed = true;
    freed_.insert(id);
    for (BlockNumber block = 0; block < stored.blocks.size(); ++block) {
        const GroupRecord old = unpack_group(stored, block);
        View next = old.view;
        next.freed = true;
        install({id, block}, stored, old, old, std::move(next), false, applied);
    }
}

Applied Directory::act(const FreeDatum& command) {
    if (!data_.contains(command.id)) return refused();
    Applied applied = accepted();
    free_blocks(command.id, applied);
    return applied;
}

Applied Directory::act(const EndClient& command) {
    Applied applied = accepted();
    for (const DataId& id : data_of(command.client)) free_blocks(id, applied);
    return applied;
}

Applied Directory::act(const ForgetDatum& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end()) return accepted();
    Stored& stored = known->second;
    if (!stored.freed && !stored.lost) return refused();
    DatumRecord head = unpack_head(stored);
    drop_name(head);
    if (!stored.freed) index_spec(command.id, head.spec, false);
    requests_.erase(head.request);
    freed_.erase(command.id);
    data_.erase(known);
    ids_.erase(command.id);
    return accepted();
}

Applied Directory::act(const ChangeDatum& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end() || known->second.freed) return refused();
    DatumRecord head = unpack_head(known->second);
    DataSpec& spec = head.spec;
    const Persistence mode = command.persistence.value_or(spec.persistence);
    const bool unique = mode == Persistence::unique_sticky;
    if (command.copies == 0 || command.clusters == 0) return refused();
    if (unique && (command.copies.value_or(1) > 1 || command.clusters.value_or(1) > 1)) {
        return refused();
    }
    index_spec(command.id, spec, false);
    if (command.persistence && !is_fleeting(mode) && spec.lifetime == Lifetime::client) {
        spec.lifetime = Lifetime::until_freed;
    }
    if (command.lease_ms) {
        spec.lifetime = Lifetime::lease;
        spec.lease_ms = *command.lease_ms;
    }
    spec.persistence = mode;
    spec.copies = unique ? 1 : command.copies.value_or(spec.copies);
    spec.clusters = unique ? 1 : command.clusters.value_or(spec.clusters);
    index_spec(command.id, spec, true);
    if (command.name) take_name(command.id, head, *command.name);
    pack_head(known->second, head);
    return accepted();
}

// -- names ----------------------------------------------------------------------------------------

void Directory::drop_name(DatumRecord& head) {
    if (!head.spec.name.empty()) names_.erase(head.spec.name);
    head.spec.name.clear();
}

// An empty name: none.
void Directory::take_name(const DataId& id, DatumRecord& head, const std::string& name) {
    drop_name(head);
    if (name.empty()) return;
    if (const auto former = named(name)) {
        Stored& stored = data_.at(*former);
        DatumRecord other = unpack_head(stored);
        drop_name(other);
        pack_head(stored, other);
    }
    head.spec.name = name;
    names_[name] = id;
}

Applied Directory::act(const ForgetName& command) {
    const auto owner = named(command.name);
    if (!owner || *owner == command.unless) return accepted();
    Stored& stored = data_.at(*owner);
    DatumRecord head = unpack_head(stored);
    drop_name(head);
    pack_head(stored, head);
    return accepted();
}

}  // namespace juxta::data
