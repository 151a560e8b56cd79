#include "data_service/core/directory.h"

#include <algorithm>

namespace juxta::data {
namespace {

constexpr Applied refused() { return {}; }

Applied accepted() {
    Applied applied;
    applied.accepted = true;
    return applied;
}

bool contains(const std::vector<Member>& members, const Member& member) {
    return std::ranges::find(members, member) != members.end();
}

bool names_provider(const std::vector<Member>& members, ProviderId provider) {
    return std::ranges::find(members, provider, &Member::provider) != members.end();
}

void add_concerned(const View& view, Applied& applied) {
    for (const Member& member : view.members) applied.concerned.push_back(member.provider);
    if (view.joiner) applied.concerned.push_back(view.joiner->provider);
}

void note_concerned(const GroupRecord& group, Applied& applied) {
    add_concerned(group.view, applied);
    for (const Member& holder : group.holders) applied.concerned.push_back(holder.provider);
}

void sort_concerned(Applied& applied) {
    std::ranges::sort(applied.concerned);
    const auto repeats = std::ranges::unique(applied.concerned);
    applied.concerned.erase(repeats.begin(), repeats.end());
}

bool outlives_its_client(Persistence mode) {
    return mode != Persistence::volatile_ && mode != Persistence::strictly_volatile;
}

}  // namespace

Applied Directory::apply(const Command& command) {
    Applied applied = std::visit([&](const auto& c) { return act(c); }, command);
    sort_concerned(applied);
    return applied;
}

// -- what is known
// ---------------------------------------------------------------------------------

const DatumRecord* Directory::find(const DataId& id) const {
    const auto known = data_.find(id);
    return known == data_.end() ? nullptr : &known->second;
}

const GroupRecord* Directory::find(const GroupId& group) const {
    const DatumRecord* datum = find(group.datum);
    if (!datum || group.block >= datum->blocks.size()) return nullptr;
    return &datum->blocks[group.block];
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

bool Directory::is_dead(const Member& member) const {
    const auto known = providers_.find(member.provider);
    return known != providers_.end() && known->second.dead_up_to >= member.incarnation;
}

bool Directory::is_registered(const Member& member) const {
    const auto known = providers_.find(member.provider);
    return known != providers_.end() && known->second.contact.self == member;
}

// -- providers
// -------------------------------------------------------------------------------------

// M2.
Applied Directory::act(const RegisterProvider& command) {
    const Member& self = command.contact.self;
    if (self.incarnation == 0 || is_dead(self)) return refused();
    const auto [place, is_new] = providers_.try_emplace(self.provider);
    ProviderRecord& known = place->second;
    if (!is_new) {
        if (known.contact.name != command.contact.name) return refused();
        if (known.contact.self.incarnation > self.incarnation) return refused();
        if (known.contact.self.incarnation < self.incarnation) known.draining = false;
    }
    known.contact = command.contact;
    known.capacity_bytes = command.capacity_bytes;
    known.dead_up_to = std::max(known.dead_up_to, self.incarnation - 1);
    return accepted();
}

Applied Directory::act(const ConfirmDead& command) {
    const auto known = providers_.find(command.who.provider);
    if (known == providers_.end()) return refused();
    if (known->second.contact.self.incarnation < command.who.incarnation) return refused();
    Incarnation& dead = known->second.dead_up_to;
    dead = std::max(dead, command.who.incarnation);
    return accepted();
}

Applied Directory::act(const DrainProvider& command) {
    const auto known = providers_.find(command.provider);
    if (known == providers_.end()) return refused();
    known->second.draining = command.leaving;
    return accepted();
}

// -- views
// -----------------------------------------------------------------------------------------

GroupRecord* Directory::open_group(const GroupId& group) {
    const auto known = data_.find(group.datum);
    if (known == data_.end() || group.block >= known->second.blocks.size()) return nullptr;
    if (known->second.lost || known->second.freed) return nullptr;
    return &known->second.blocks[group.block];
}

void Directory::install(const GroupId& group, View next, Applied& applied) {
    GroupRecord& record = data_.at(group.datum).blocks[group.block];
    note_concerned(record, applied);
    next.epoch = record.view.epoch + 1;
    next.activated = false;
    next.dead.clear();
    std::set<ProviderId> known_here;
    for (const auto* list : {&record.view.members, &record.holders, &next.members}) {
        for (const Member& member : *list) known_here.insert(member.provider);
    }
    for (ProviderId provider : known_here) {
        const Incarnation dead = providers_.at(provider).dead_up_to;
        if (dead > 0) next.dead.push_back({provider, dead});
    }
    record.view = std::move(next);
    add_concerned(record.view, applied);
    applied.views.push_back(group);
}

Applied Directory::act(const ChangeView& command) {
    GroupRecord* group = open_group(command.group);
    if (!group || group->view.epoch != command.from || command.members.empty()) return refused();
    const View& old = group->view;
    for (const Member& member : command.members) {
        const bool once =
            std::ranges::count(command.members, member.provider, &Member::provider) == 1;
        if (!once || !contains(group->holders, member)) return refused();
    }
    if (const auto& joiner = command.joiner) {
        if (!is_registered(*joiner) || is_dead(*joiner)) return refused();
        if (contains(group->holders, *joiner)) return refused();
        if (names_provider(command.members, joiner->provider)) return refused();
        if (!old.activated && old.joiner != joiner) return refused();
    }
    if (command.members == old.members && command.joiner == old.joiner) return refused();
    Applied applied = accepted();
    View next;
    next.members = command.members;
    next.joiner = command.joiner;
    install(command.group, std::move(next), applied);
    return applied;
}

// M5. From here on evicted members are no longer holders.
Applied Directory::act(const RecordActivated& command) {
    GroupRecord* group = open_group(command.group);
    if (!group || group->view.epoch != command.epoch) return refused();
    if (group->view.primary() != command.primary) return refused();
    Applied applied = accepted();
    if (group->view.activated) return applied;
    note_concerned(*group, applied);
    group->view.activated = true;
    group->holders = group->view.members;
    applied.views.push_back(command.group);
    return applied;
}

// M7.
Applied Directory::act(const RecordFull& command) {
    GroupRecord* group = open_group(command.group);
    if (!group || group->view.epoch != command.epoch || !group->view.activated) return refused();
    if (group->view.joiner != command.joiner || is_dead(command.joiner)) return refused();
    Applied applied = accepted();
    View next = group->view;
    next.members.push_back(command.joiner);
    next.joiner.reset();
    group->holders.push_back(command.joiner);
    install(command.group, std::move(next), applied);
    return applied;
}

// -- data
// ------------------------------------------------------------------------------------------

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
    DatumRecord datum;
    datum.spec = command.spec;
    datum.spec.name.clear();
    datum.bytes = command.bytes;
    datum.request = command.request;
    Applied applied = accepted();
    for (const std::vector<Member>& members : command.members) {
        GroupRecord group;
        group.view.epoch = 1;
        group.view.members = group.holders = members;
        group.view.activated = true;
        add_concerned(group.view, applied);
        applied.views.push_back({command.id, static_cast<BlockNumber>(datum.blocks.size())});
        datum.blocks.push_back(std::move(group));
    }
    data_.emplace(command.id, std::move(datum));
    requests_[command.request] = command.id;
    take_name(command.id, command.spec.name);
    return applied;
}

Applied Directory::act(const DeclareLost& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end() || known->second.freed) return refused();
    DatumRecord& datum = known->second;
    if (datum.lost) return accepted();
    const bool lost = std::ranges::any_of(datum.blocks, [&](const GroupRecord& group) {
        return std::ranges::all_of(group.holders, [&](const Member& m) { return is_dead(m); });
    });
    if (!lost) return refused();
    Applied applied = accepted();
    datum.lost = true;
    for (BlockNumber block = 0; block < datum.blocks.size(); ++block) {
        View next = datum.blocks[block].view;
        next.lost = true;
        install({command.id, block}, std::move(next), applied);
    }
    return applied;
}

void Directory::free_blocks(const DataId& id, Applied& applied) {
    DatumRecord& datum = data_.at(id);
    if (datum.freed) return;
    drop_name(datum);
    datum.freed = true;
    for (BlockNumber block = 0; block < datum.blocks.size(); ++block) {
        View next = datum.blocks[block].view;
        next.freed = true;
        install({id, block}, std::move(next), applied);
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
    for (const auto& [id, datum] : data_) {
        const DataSpec& spec = datum.spec;
        if (spec.lifetime == Lifetime::client && spec.client == command.client) {
            free_blocks(id, applied);
        }
    }
    return applied;
}

Applied Directory::act(const ForgetDatum& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end()) return accepted();
    if (!known->second.freed && !known->second.lost) return refused();
    drop_name(known->second);
    requests_.erase(known->second.request);
    data_.erase(known);
    return accepted();
}

Applied Directory::act(const ChangeDatum& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end() || known->second.freed) return refused();
    DataSpec& spec = known->second.spec;
    const Persistence mode = command.persistence.value_or(spec.persistence);
    const bool unique = mode == Persistence::unique_sticky;
    if (command.copies == 0 || (unique && command.copies.value_or(1) > 1)) return refused();
    if (command.persistence && outlives_its_client(mode)) spec.lifetime = Lifetime::until_freed;
    spec.persistence = mode;
    spec.copies = unique ? 1 : command.copies.value_or(spec.copies);
    if (command.name) take_name(command.id, *command.name);
    return accepted();
}

// -- names
// -----------------------------------------------------------------------------------------

void Directory::drop_name(DatumRecord& datum) {
    if (!datum.spec.name.empty()) names_.erase(datum.spec.name);
    datum.spec.name.clear();
}

// An empty name: none.
void Directory::take_name(const DataId& id, const std::string& name) {
    DatumRecord& datum = data_.at(id);
    drop_name(datum);
    if (name.empty()) return;
    if (const auto former = named(name)) drop_name(data_.at(*former));
    datum.spec.name = name;
    names_[name] = id;
}

Applied Directory::act(const ForgetName& command) {
    const auto owner = named(command.name);
    if (owner && *owner != command.unless) drop_name(data_.at(*owner));
    return accepted();
}

Directory Directory::restored(std::map<ProviderId, ProviderRecord> providers,
                              std::map<DataId, DatumRecord> data) {
    Directory directory;
    directory.providers_ = std::move(providers);
    directory.data_ = std::move(data);
    for (const auto& [id, datum] : directory.data_) {
        directory.requests_[datum.request] = id;
        if (!datum.spec.name.empty()) directory.names_[datum.spec.name] = id;
    }
    return directory;
}

}  // namespace juxta::data
