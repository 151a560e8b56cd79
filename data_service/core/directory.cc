// Providers and views. Data, names and what is kept of them: directory_data.cc; records as bytes:
// directory_records.cc.
#include "data_service/core/directory.h"

#include <algorithm>

namespace juxta::data {
namespace {

bool contains(const std::vector<Member>& members, const Member& member) {
    return std::ranges::find(members, member) != members.end();
}

bool names_provider(const std::vector<Member>& members, ProviderId provider) {
    return std::ranges::find(members, provider, &Member::provider) != members.end();
}

template <class Item>
void sort_unique(std::vector<Item>& items) {
    std::ranges::sort(items);
    const auto repeats = std::ranges::unique(items);
    items.erase(repeats.begin(), repeats.end());
}

// Everybody who is in the group's view or may still hold a copy.
std::vector<Member> all_in(const GroupRecord& group) {
    std::vector<Member> all = group.view.members;
    all.insert(all.end(), group.holders.begin(), group.holders.end());
    if (group.view.joiner) all.push_back(*group.view.joiner);
    sort_unique(all);
    return all;
}

std::vector<ProviderId> providers_in(const GroupRecord& group) {
    std::vector<ProviderId> providers;
    for (const Member& member : all_in(group)) providers.push_back(member.provider);
    sort_unique(providers);
    return providers;
}

// Its members are all who surely hold what was acknowledged.
void hold_by_members(GroupRecord& record) {
    std::vector<Incarnation> bases;
    for (const Member& member : record.view.members) {
        const auto known = std::ranges::find(record.holders, member) - record.holders.begin();
        bases.push_back(record.bases.at(static_cast<std::size_t>(known)));
    }
    record.holders = record.view.members;
    record.bases = std::move(bases);
}

void note_concerned(const GroupRecord& group, Applied& applied) {
    for (const Member& member : all_in(group)) applied.concerned.push_back(member.provider);
}

}  // namespace

Applied Directory::refused() { return {}; }

Applied Directory::accepted() {
    Applied applied;
    applied.accepted = true;
    return applied;
}

bool GroupRecord::names(ProviderId provider) const {
    return names_provider(view.members, provider) || names_provider(holders, provider) ||
           (view.joiner && view.joiner->provider == provider);
}

std::uint64_t DatumRecord::block_bytes(BlockNumber block) const {
    return block < spec.block_bytes.size() ? spec.block_bytes[block] : bytes;
}

Applied Directory::apply(const Command& command) {
    Applied applied = std::visit([&](const auto& c) { return act(c); }, command);
    sort_unique(applied.concerned);
    return applied;
}

// -- providers ------------------------------------------------------------------------------------

bool Directory::is_dead(const Member& member) const {
    const auto known = providers_.find(member.provider);
    return known != providers_.end() && known->second.dead_up_to >= member.incarnation;
}

const std::set<ProviderId>& Directory::providers_at(const std::string& host) const {
    static const std::set<ProviderId> none;
    const auto known = hosts_.find(host);
    return known == hosts_.end() ? none : known->second;
}

bool Directory::is_registered(const Member& member) const {
    const auto known = providers_.find(member.provider);
    return known != providers_.end() && known->second.contact.self == member;
}

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
    if (!is_new) hosts_[known.contact.place.host].erase(self.provider);
    hosts_[command.contact.place.host].insert(self.provider);
    known.contact = command.contact;
    known.capacity_bytes = command.capacity_bytes;
    known.disk_bytes = command.disk_bytes;
    Applied applied = accepted();
    if (known.dead_up_to < self.incarnation - 1) {
        known.dead_up_to = self.incarnation - 1;
        shrink_views(self.provider, nullptr, applied);
    }
    return applied;
}

Applied Directory::act(const ConfirmDead& command) {
    const auto known = providers_.find(command.who.provider);
    if (known == providers_.end()) return refused();
    if (known->second.contact.self.incarnation < command.who.incarnation) return refused();
    Incarnation& dead = known->second.dead_up_to;
    Applied applied = accepted();
    if (dead >= command.who.incarnation) return applied;
    dead = command.who.incarnation;
    shrink_views(command.who.provider, nullptr, applied);
    return applied;
}

Applied Directory::act(const Evict& command) {
    if (!is_registered(command.who) || is_dead(command.who)) return refused();
    Applied applied = accepted();
    shrink_views(command.who.provider, &command.who, applied);
    return applied;
}

Applied Directory::act(const DrainProvider& command) {
    const auto known = providers_.find(command.provider);
    if (known == providers_.end()) return refused();
    known->second.draining = command.leaving;
    return accepted();
}

// -- views ----------------------------------------------------------------------------------------

std::vector<Member> Directory::the_living(const std::vector<Member>& members) const {
    std::vector<Member> living;
    std::ranges::copy_if(members, std::back_inserter(living),
                         [&](const Member& member) { return !is_dead(member); });
    return living;
}

void Directory::shrink_views(ProviderId provider, const Member* silent, Applied& applied) {
    for (const GroupId& group : groups_of(provider)) shrink_view(group, silent, applied);
}

// M4, for all views of one provider at once.
void Directory::shrink_view(const GroupId& group, const Member* silent, Applied& applied) {
    Stored* stored = open_group(group);
    if (stored == nullptr) return;
    const GroupRecord old = unpack_group(*stored, group.block);
    View next;
    next.members = the_living(old.view.members);
    if (silent != nullptr) std::erase(next.members, *silent);
    if (next.members.empty() && silent == nullptr) next.members = the_living(old.holders);
    if (next.members.empty()) {
        applied.stuck.push_back(group);
        return;
    }
    next.joiner = old.view.joiner;
    if (next.joiner && (is_dead(*next.joiner) || (silent != nullptr && *silent == *next.joiner))) {
        next.joiner.reset();
    }
    if (next.members == old.view.members && next.joiner == old.view.joiner) return;
    install(group, *stored, old, old, std::move(next), true, applied);
}

// P5: the same primary, and whoever is out is dead and holds nothing any more. A disk still does.
bool Directory::goes_on(const GroupRecord& old, const View& next, bool durable) const {
    if (!old.view.activated || next.primary() != old.view.primary()) return false;
    return std::ranges::all_of(old.view.members, [&](const Member& member) {
        return contains(next.members, member) || (!durable && is_dead(member));
    });
}

// P3.
bool Directory::is_closed(const GroupRecord& record, bool durable) const {
    return std::ranges::all_of(record.holders, [&](const Member& holder) {
        return contains(record.view.members, holder) || (!durable && is_dead(holder));
    });
}

void Directory::install(const GroupId& group, Stored& stored, const GroupRecord& old,
                        GroupRecord record, View next, bool may_go_on, Applied& applied) {
    note_concerned(old, applied);
    const bool goes_on_now = may_go_on && goes_on(old, next, stored.durable);
    const bool same_joiner = next.joiner && next.joiner == old.view.joiner;
    next.epoch = old.view.epoch + 1;
    next.activated = goes_on_now;
    next.began = goes_on_now ? old.view.tenure() : 0;
    next.joiner_named = goes_on_now && same_joiner ? old.view.joining() : 0;
    next.dead.clear();
    record.view = std::move(next);
    if (goes_on_now) hold_by_members(record);
    record.view.closed = is_closed(record, stored.durable);
    for (ProviderId provider : providers_in(old)) {
        const Incarnation dead = providers_.at(provider).dead_up_to;
        if (dead > 0) record.view.dead.push_back({provider, dead});
    }
    note_concerned(record, applied);
    std::vector<Member> recipients = all_in(old);
    for (const Member& member : all_in(record)) recipients.push_back(member);
    sort_unique(recipients);
    if (goes_on_now) {
        // To a backup nothing is new: its beat brings it the view.
        std::erase_if(recipients, [&](const Member& member) {
            const bool is_backup =
                contains(old.view.members, member) && contains(record.view.members, member);
            return is_backup && member != record.view.primary();
        });
    }
    applied.views.push_back(group);
    applied.recipients.push_back(std::move(recipients));
    pack_group(stored, group.block, record);
    const auto named = [](const GroupRecord& group) {
        const bool open = !group.view.lost && !group.view.freed;
        return open ? providers_in(group) : std::vector<ProviderId>{};
    };
    index_names(group, named(old), named(record));
}

Applied Directory::act(const ChangeView& command) {
    Stored* stored = open_group(command.group);
    if (stored == nullptr || command.members.empty()) return refused();
    const GroupRecord group = unpack_group(*stored, command.group.block);
    const View& old = group.view;
    if (old.epoch != command.from) return refused();
    for (const Member& member : command.members) {
        const bool once =
            std::ranges::count(command.members, member.provider, &Member::provider) == 1;
        if (!once || !contains(group.holders, member)) return refused();
    }
    if (const auto& joiner = command.joiner) {
        if (!is_registered(*joiner) || is_dead(*joiner)) return refused();
        if (contains(group.holders, *joiner)) return refused();
        if (names_provider(command.members, joiner->provider)) return refused();
        if (!old.activated && old.joiner != joiner) return refused();
    }
    if (command.members == old.members && command.joiner == old.joiner) return refused();
    Applied applied = accepted();
    View next;
    next.members = command.members;
    next.joiner = command.joiner;
    install(command.group, *stored, group, group, std::move(next), true, applied);
    return applied;
}

// M5. From here on evicted members are no longer holders.
Applied Directory::act(const RecordActivated& command) {
    Stored* stored = open_group(command.group);
    if (stored == nullptr) return refused();
    const GroupRecord old = unpack_group(*stored, command.group.block);
    if (old.view.epoch != command.epoch || old.view.primary() != command.primary) return refused();
    Applied applied = accepted();
    if (old.view.activated) return applied;
    GroupRecord record = old;
    record.view.activated = true;
    hold_by_members(record);
    note_concerned(old, applied);
    std::vector<Member> out = all_in(old);
    const std::vector<Member> in = all_in(record);
    std::erase_if(out, [&](const Member& member) { return contains(in, member); });
    applied.views.push_back(command.group);
    applied.recipients.push_back(std::move(out));
    pack_group(*stored, command.group.block, record);
    index_names(command.group, providers_in(old), providers_in(record));
    return applied;
}

// M7.
Applied Directory::act(const RecordFull& command) {
    Stored* stored = open_group(command.group);
    if (stored == nullptr) return refused();
    const GroupRecord old = unpack_group(*stored, command.group.block);
    if (old.view.epoch != command.epoch || !old.view.activated) return refused();
    if (old.view.joiner != command.joiner || is_dead(command.joiner)) return refused();
    Applied applied = accepted();
    GroupRecord record = old;
    record.holders.push_back(command.joiner);
    record.bases.push_back(command.joiner.incarnation);
    View next = old.view;
    next.members.push_back(command.joiner);
    next.joiner.reset();
    install(command.group, *stored, old, std::move(record), std::move(next), true, applied);
    return applied;
}

// M10.
Applied Directory::act(const Reinstate& command) {
    Stored* stored = open_group(command.group);
    if (stored == nullptr || !stored->durable) return refused();
    const GroupRecord old = unpack_group(*stored, command.group.block);
    const auto place = std::ranges::find(old.holders, command.holder);
    if (place == old.holders.end() || !is_dead(command.holder)) return refused();
    const Member& as = command.as;
    if (as.provider != command.holder.provider || !is_registered(as) || is_dead(as)) {
        return refused();
    }
    const auto which = static_cast<std::size_t>(place - old.holders.begin());
    const Incarnation writer = command.written_by;
    if (writer < old.bases.at(which) || writer > command.holder.incarnation) return refused();
    Applied applied = accepted();
    GroupRecord record = old;
    record.holders[which] = as;
    View next;
    next.members = the_living(old.view.members);
    next.members.push_back(as);
    next.joiner = old.view.joiner;
    if (next.joiner && (next.joiner->provider == as.provider || is_dead(*next.joiner))) {
        next.joiner.reset();
    }
    install(command.group, *stored, old, std::move(record), std::move(next), false, applied);
    return applied;
}

// M11.
bool Directory::is_gone(const GroupRecord& group, bool durable,
                        const std::vector<Member>& without_disk) const {
    return std::ranges::all_of(group.holders, [&](const Member& holder) {
        if (!is_dead(holder)) return false;
        return !durable || std::ranges::any_of(without_disk, [&](const Member& now) {
            return now.provider == holder.provider && now.incarnation > holder.incarnation &&
                   is_registered(now);
        });
    });
}

Applied Directory::act(const DeclareLost& command) {
    const auto known = data_.find(command.id);
    if (known == data_.end() || known->second.freed) return refused();
    Stored& stored = known->second;
    if (stored.lost) return accepted();
    bool gone = false;
    for (BlockNumber block = 0; block < stored.blocks.size() && !gone; ++block) {
        gone = is_gone(unpack_group(stored, block), stored.durable, command.without_disk);
    }
    if (!gone) return refused();
    Applied applied = accepted();
    stored.lost = true;
    for (BlockNumber block = 0; block < stored.blocks.size(); ++block) {
        const GroupRecord old = unpack_group(stored, block);
        View next = old.view;
        next.lost = true;
        install({command.id, block}, stored, old, old, std::move(next), false, applied);
    }
    return applied;
}

}  // namespace juxta::data
