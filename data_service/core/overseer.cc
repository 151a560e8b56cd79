#include "data_service/core/overseer.h"

#include <algorithm>
#include <limits>

namespace juxta::data {

Overseer::Overseer(const Durations& durations, std::function<std::uint64_t(std::uint64_t)> pick)
    : durations_(durations), pick_(std::move(pick)) {}

// -- signs of life
// ---------------------------------------------------------------------------------

void Overseer::heard(const Member& member, Time now) {
    if (!began_) began_ = now;
    Time& last = heard_[member];
    last = std::max(last, now);
}

void Overseer::room(ProviderId provider, std::uint64_t free_bytes, std::uint64_t used_bytes) {
    room_[provider] = {free_bytes, used_bytes};
}

void Overseer::suspect(const Member& member) { suspected_.insert(member); }

std::optional<Time> Overseer::last_sign_of(const Member& member) const {
    const auto known = heard_.find(member);
    return known == heard_.end() ? began_ : known->second;
}

bool Overseer::is_silent(const Member& member, Time now) const {
    const auto last = last_sign_of(member);
    return last && now - *last > durations_.detection;
}

bool Overseer::is_fine(const Directory& directory, const Member& member, Time now) const {
    return !directory.is_dead(member) && !is_silent(member, now);
}

std::vector<Member> Overseer::to_probe(const Directory& directory, Time now) {
    if (!began_) began_ = now;
    std::vector<Member> probes;
    for (const auto& [id, provider] : directory.providers()) {
        const Member& member = provider.contact.self;
        if (directory.is_dead(member)) continue;
        const bool quiet = now - *last_sign_of(member) > 2 * durations_.heartbeat;
        if (!quiet && !suspected_.contains(member)) continue;
        const auto [last, first] = probed_.try_emplace(member, now);
        if (!first && now - last->second < durations_.heartbeat) continue;
        last->second = now;
        suspected_.erase(member);
        probes.push_back(member);
    }
    // What is left here, of old incarnations, is dead already.
    std::erase_if(suspected_, [&](const Member& m) { return !directory.is_registered(m); });
    std::erase_if(probed_, [&](const auto& p) { return !directory.is_registered(p.first); });
    std::erase_if(heard_, [&](const auto& h) { return directory.is_dead(h.first); });
    return probes;
}

// -- views
// -----------------------------------------------------------------------------------------

std::vector<Command> Overseer::review(const Directory& directory, Time now,
                                      const std::vector<GroupId>& only) {
    if (!began_) began_ = now;
    std::vector<Command> commands;
    auto look_at = [&](const GroupId& group) {
        if (auto command = review_group(directory, group, now)) {
            commands.push_back(std::move(*command));
        }
    };
    for (const GroupId& group : only) {
        if (directory.find(group)) look_at(group);
    }
    if (!only.empty()) return commands;
    std::erase_if(freed_, [&](const auto& freed) { return !directory.find(freed.first); });
    for (const auto& [id, datum] : directory.data()) {
        if (datum.freed) {
            const Time since = freed_.try_emplace(id, now).first->second;
            if (now - since > durations_.row) commands.push_back(ForgetDatum{id});
        } else if (!datum.lost) {
            for (BlockNumber block = 0; block < datum.blocks.size(); ++block) look_at({id, block});
        }
    }
    return commands;
}

// M4 and M11 for the members, the same for the joiner; then, in a view that serves, M8 and M9.
std::optional<Command> Overseer::review_group(const Directory& directory, const GroupId& group,
                                              Time now) const {
    const DatumRecord& datum = *directory.find(group.datum);
    if (datum.lost || datum.freed) return std::nullopt;
    const GroupRecord& record = *directory.find(group);
    const View& view = record.view;
    auto fine = [&](const Member& member) { return is_fine(directory, member, now); };
    auto bad_joiner = [&] {
        return !fine(*view.joiner) || directory.providers().at(view.joiner->provider).draining;
    };

    std::vector<Member> next;
    std::ranges::copy_if(view.members, std::back_inserter(next), fine);
    // Never activated and gone altogether: back to those who hold what was acknowledged.
    if (next.empty()) std::ranges::copy_if(record.holders, std::back_inserter(next), fine);
    if (next.empty()) {
        const bool lost = std::ranges::all_of(
            record.holders, [&](const Member& member) { return directory.is_dead(member); });
        if (lost) return DeclareLost{group.datum};
        return std::nullopt;  // somebody is only silent
    }
    const bool drop_joiner = view.joiner && bad_joiner();
    if (next != view.members || drop_joiner) {
        return ChangeView{group, view.epoch, next, drop_joiner ? std::nullopt : view.joiner};
    }
    if (!view.activated) return std::nullopt;  // M6
    return adjust_copies(directory, group, now);
}

std::optional<Command> Overseer::adjust_copies(const Directory& directory, const GroupId& group,
                                               Time now) const {
    const View& view = directory.find(group)->view;
    const std::size_t wanted = std::max<std::size_t>(directory.find(group.datum)->spec.copies, 1);
    auto leaving = [&](const Member& member) {
        return directory.providers().at(member.provider).draining;
    };
    const auto leavers = std::ranges::count_if(view.members, leaving);
    const std::size_t steady = view.members.size() - static_cast<std::size_t>(leavers);
    if (steady < wanted) {
        if (view.joiner) return std::nullopt;
        if (const auto joiner = choose_joiner(directory, group, now)) {
            return ChangeView{group, view.epoch, view.members, joiner};
        }
        // Whoever leaves is not held back for a copy that nobody can take, while others have one.
        if (leavers == 0 || steady == 0 || anybody_may_join(directory, group)) return std::nullopt;
        std::vector<Member> staying = view.members;
        staying.erase(std::ranges::find_if(staying, leaving));
        return ChangeView{group, view.epoch, staying, std::nullopt};
    }
    if (view.joiner) return ChangeView{group, view.epoch, view.members, std::nullopt};
    if (view.members.size() <= wanted) return std::nullopt;
    std::vector<Member> fewer = view.members;
    const auto leaver = std::ranges::find_if(fewer, leaving);
    fewer.erase(leaver != fewer.end() ? leaver : fewer.end() - 1);
    return ChangeView{group, view.epoch, fewer, std::nullopt};
}

// -- places for copies
// -----------------------------------------------------------------------------

Overseer::Room Overseer::room_of(const ProviderRecord& provider) const {
    const auto told = room_.find(provider.contact.self.provider);
    return told == room_.end() ? Room{provider.capacity_bytes, 0} : told->second;
}

std::vector<Overseer::Candidate> Overseer::who_may_hold(const Directory& directory,
                                                        std::uint64_t bytes, Time now) const {
    std::vector<Candidate> candidates;
    for (const auto& [id, provider] : directory.providers()) {
        const Member& self = provider.contact.self;
        const auto last = heard_.find(self);
        const bool fresh = last != heard_.end() && now - last->second < durations_.detection / 2;
        if (!fresh || provider.draining || provider.contact.cache_only) continue;
        const Room room = room_of(provider);
        if (directory.is_dead(self) || room.free_bytes < bytes) continue;
        candidates.push_back({self, provider.contact.place.host, room.used_bytes});
    }
    return candidates;
}

Member Overseer::take_best(std::vector<Candidate>& from, std::set<std::string>& hosts) const {
    auto rank = [&](const Candidate& c) { return std::pair(hosts.contains(c.host), c.used_bytes); };
    const auto best = rank(*std::ranges::min_element(from, {}, rank));
    std::vector<std::size_t> equals;
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (rank(from[i]) == best) equals.push_back(i);
    }
    const auto chosen = from.begin() + static_cast<std::ptrdiff_t>(equals[pick_(equals.size())]);
    const Member member = chosen->member;
    hosts.insert(chosen->host);
    from.erase(chosen);
    return member;
}

bool Overseer::anybody_may_join(const Directory& directory, const GroupId& group) const {
    const DatumRecord& datum = *directory.find(group.datum);
    const std::vector<Member>& members = directory.find(group)->view.members;
    const std::uint64_t bytes = datum.bytes / datum.blocks.size();
    return std::ranges::any_of(directory.providers(), [&](const auto& entry) {
        const auto& [id, provider] = entry;
        const bool member = std::ranges::find(members, id, &Member::provider) != members.end();
        return !member && !provider.draining && !provider.contact.cache_only &&
               !directory.is_dead(provider.contact.self) && room_of(provider).free_bytes >= bytes;
    });
}

std::optional<Member> Overseer::choose_joiner(const Directory& directory, const GroupId& group,
                                              Time now) const {
    const DatumRecord& datum = *directory.find(group.datum);
    const GroupRecord& record = *directory.find(group);
    std::set<std::string> hosts;
    std::set<ProviderId> taken;
    for (const auto* list : {&record.view.members, &record.holders}) {
        for (const Member& member : *list) taken.insert(member.provider);
    }
    for (const Member& member : record.view.members) {
        hosts.insert(directory.providers().at(member.provider).contact.place.host);
    }
    auto candidates = who_may_hold(directory, datum.bytes / datum.blocks.size(), now);
    std::erase_if(candidates,
                  [&](const Candidate& c) { return taken.contains(c.member.provider); });
    if (candidates.empty()) return std::nullopt;
    return take_best(candidates, hosts);
}

std::vector<Member> Overseer::candidates(const Directory& directory, std::uint64_t bytes,
                                         std::size_t copies, const std::string& preferred_host,
                                         Time now) const {
    std::vector<Candidate> left = who_may_hold(directory, bytes, now);
    std::vector<Member> chosen;
    std::set<std::string> hosts;
    std::vector<Candidate> preferred;
    std::ranges::copy_if(left, std::back_inserter(preferred),
                         [&](const Candidate& c) { return c.host == preferred_host; });
    if (!preferred.empty() && copies > 0) {
        chosen.push_back(take_best(preferred, hosts));
        std::erase_if(left, [&](const Candidate& c) { return c.member == chosen.front(); });
    }
    while (chosen.size() < copies && !left.empty()) chosen.push_back(take_best(left, hosts));
    return chosen;
}

}  // namespace juxta::data
