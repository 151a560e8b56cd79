// Where copies go, and how many are on their way at once.
#include <algorithm>

#include "data_service/core/overseer.h"

namespace juxta::data {
namespace {

// Of joiners being filled, at one provider: a joiner costs 1 if it is small, up to `large_cost`.
// So a provider fills, or takes, 64 small ones at once, or 4 large ones.
constexpr unsigned most_fillings = 64;
constexpr unsigned large_cost = 16;
// In all. Large ones are work for their providers alone, small ones for the managers as well.
constexpr unsigned most_small_fillings = 64;
constexpr std::uint64_t bytes_a_cost = 1 << 20;

// Courses are for many at once; a few are spread.
constexpr unsigned many_fillings = 8;
constexpr Duration between_turns = 60 * kMillisecond;  // of courses
constexpr unsigned most_on_course = 64;
constexpr std::uint64_t small_bytes = 64 << 10;
constexpr std::uint64_t course_drift = 256 << 10;  // that its joiner may use more than others

// Candidates worth comparing when all are on hosts that have a copy already.
constexpr std::size_t most_looked_at = 256;
constexpr std::size_t most_equals = 64;

unsigned cost_of(std::uint64_t bytes) {
    return static_cast<unsigned>(std::min<std::uint64_t>(1 + bytes / bytes_a_cost, large_cost));
}

}  // namespace

// -- room -----------------------------------------------------------------------------------------

std::uint64_t Overseer::rank_of(ProviderId provider) const {
    const auto told = room_.find(provider);
    const auto load = loads_.find(provider);
    return (told == room_.end() ? 0 : told->second.used_bytes) +
           (load == loads_.end() ? 0 : load->second.expected_bytes);
}

// Those used alike stand in any order, the same for long: names, and so ids, that are near each
// other may be those of one rack.
Overseer::Use Overseer::use_of(ProviderId provider) const {
    return {rank_of(provider), provider.value * salt_, provider};
}

void Overseer::move_rank(ProviderId provider, const std::function<void()>& change) {
    const bool there = by_use_.erase(use_of(provider)) > 0;
    change();
    if (there) by_use_.insert(use_of(provider));
}

void Overseer::room(ProviderId provider, std::uint64_t free_bytes, std::uint64_t used_bytes,
                    std::uint64_t free_disk_bytes) {
    move_rank(provider, [&] { room_[provider] = {free_bytes, used_bytes, free_disk_bytes}; });
}

void Overseer::expect(ProviderId provider, std::uint64_t bytes) {
    move_rank(provider, [&] { loads_[provider].expected_bytes += bytes; });
}

void Overseer::unexpect(ProviderId provider, std::uint64_t bytes) {
    move_rank(provider, [&] {
        std::uint64_t& expected = loads_[provider].expected_bytes;
        expected -= std::min(expected, bytes);
    });
}

Overseer::Room Overseer::room_of(const ProviderRecord& provider) const {
    const ProviderId id = provider.contact.self.provider;
    const auto told = room_.find(id);
    Room room =
        told == room_.end() ? Room{provider.capacity_bytes, 0, provider.disk_bytes} : told->second;
    const auto load = loads_.find(id);
    const std::uint64_t expected = load == loads_.end() ? 0 : load->second.expected_bytes;
    room.free_bytes -= std::min(room.free_bytes, expected);
    room.free_disk_bytes -= std::min(room.free_disk_bytes, expected);
    return room;
}

bool Overseer::may_hold(const ProviderRecord& provider, const Wanted& wanted) const {
    if (provider.draining || provider.contact.cache_only) return false;
    if (provider.dead_up_to >= provider.contact.self.incarnation) return false;
    if (!wanted.any_cluster && provider.contact.place.cluster != wanted.cluster) return false;
    if (std::ranges::find(wanted.avoid_clusters, provider.contact.place.cluster) !=
        wanted.avoid_clusters.end()) {
        return false;
    }
    if (wanted.durable && provider.disk_bytes == 0) return false;
    const Room room = room_of(provider);
    return room.free_bytes >= wanted.bytes &&
           (!wanted.durable || room.free_disk_bytes >= wanted.bytes);
}

// -- joiners on their way -------------------------------------------------------------------------

bool Overseer::has_turn() const { return small_fillings_ < most_small_fillings; }

std::size_t Overseer::take_turn(Time now) {
    const bool is_worth_it = small_fillings_ + most_on_course <= most_small_fillings;
    if (!is_worth_it || now < next_turn_) return 0;
    next_turn_ = now + between_turns;
    return most_on_course;
}

bool Overseer::waits_for_turn(const Case& c) const { return cost_of(c.bytes) == 1 && !has_turn(); }

bool Overseer::has_capacity(ProviderId provider, unsigned cost) const {
    const auto load = loads_.find(provider);
    return load == loads_.end() || load->second.fillings + cost <= most_fillings;
}

// The joiner that the directory knows is the one that counts.
void Overseer::track(const Case& c) {
    const View& view = c.record.view;
    const auto known = filling_.find(c.group);
    if (known != filling_.end() && view.joiner == known->second.joiner &&
        view.members.front().provider == known->second.source) {
        return;
    }
    untrack(c.group);
    if (!view.joiner) return;
    const Filling filling{*view.joiner, view.members.front().provider, c.bytes, cost_of(c.bytes)};
    filling_[c.group] = filling;
    if (filling.cost == 1) ++small_fillings_;
    loads_[filling.source].fillings += filling.cost;
    const ProviderId joiner = filling.joiner.provider;
    move_rank(joiner, [&] {
        loads_[joiner].fillings += filling.cost;
        loads_[joiner].expected_bytes += filling.bytes;
    });
}

void Overseer::untrack(const GroupId& group) {
    const auto known = filling_.find(group);
    if (known == filling_.end()) return;
    const Filling filling = known->second;
    filling_.erase(known);
    if (filling.cost == 1) --small_fillings_;
    const ProviderId joiner = filling.joiner.provider;
    loads_[filling.source].fillings -= filling.cost;
    move_rank(joiner, [&] {
        loads_[joiner].fillings -= filling.cost;
        loads_[joiner].expected_bytes -= filling.bytes;
    });
}

void Overseer::not_joined(const GroupId& group) { untrack(group); }

// -- candidates -----------------------------------------------------------------------------------

// Preferably on none of `hosts`, then the least used.
std::optional<Member> Overseer::best(const Directory& directory, const Wanted& wanted,
                                     const std::set<std::string>& hosts, unsigned cost,
                                     Time now) const {
    std::optional<std::pair<bool, std::uint64_t>> best_rank;
    std::vector<Member> equals;
    std::size_t looked_at = 0;
    for (const auto& [used, order, id] : by_use_) {
        if (best_rank && !best_rank->first && used > best_rank->second) break;
        if (best_rank && ++looked_at > most_looked_at) break;
        if (wanted.avoid.contains(id)) continue;
        const auto provider = directory.providers().find(id);
        if (provider == directory.providers().end()) continue;
        const ProviderContact& contact = provider->second.contact;
        if (!is_fresh(contact.self, now) || !may_hold(provider->second, wanted)) continue;
        if (cost > 0 && !has_capacity(id, cost)) continue;
        const std::pair rank(hosts.contains(contact.place.host), used);
        if (!best_rank || rank < *best_rank) {
            best_rank = rank;
            equals.clear();
        }
        if (rank == *best_rank) equals.push_back(contact.self);
        if (equals.size() == most_equals) break;
    }
    if (equals.empty()) return std::nullopt;
    return equals[pick_(equals.size())];
}

Overseer::Wanted Overseer::wanted_for(const Case& c) const {
    Wanted wanted;
    wanted.bytes = c.bytes;
    wanted.durable = c.datum.spec.durable;
    for (const auto* list : {&c.record.view.members, &c.record.holders}) {
        for (const Member& member : *list) wanted.avoid.insert(member.provider);
    }
    return wanted;
}

std::optional<Member> Overseer::choose_joiner(const Case& c, const Wanted& where) {
    const unsigned cost = cost_of(c.bytes);
    const ProviderId source = c.record.view.members.front().provider;
    if (waits_for_turn(c) || !has_capacity(source, cost)) return std::nullopt;
    std::set<std::string> hosts;
    for (const Member& member : c.record.view.members) {
        hosts.insert(c.directory.providers().at(member.provider).contact.place.host);
    }
    std::optional<Member> joiner;
    if (stays_on_course(c, where, hosts)) {
        joiner = course_.joiner;
        --course_.left;
    } else if ((joiner = best(c.directory, where, hosts, cost, c.now))) {
        course_ = {source, *joiner, c.bytes <= small_bytes ? most_on_course - 1 : 0};
    } else {
        return std::nullopt;
    }
    GroupRecord joined = c.record;
    joined.view.joiner = joiner;
    track({c.directory, c.group, c.datum, joined, c.bytes, c.now});
    return joiner;
}

bool Overseer::stays_on_course(const Case& c, const Wanted& where,
                               const std::set<std::string>& hosts) {
    if (small_fillings_ < many_fillings || course_.left == 0) return false;
    if (course_.source != c.record.view.members.front().provider) return false;
    const Member& joiner = course_.joiner;
    const auto provider = c.directory.providers().find(joiner.provider);
    return c.bytes <= small_bytes && !where.avoid.contains(joiner.provider) &&
           provider != c.directory.providers().end() && provider->second.contact.self == joiner &&
           is_fresh(joiner, c.now) && may_hold(provider->second, where) &&
           !hosts.contains(provider->second.contact.place.host) &&
           has_capacity(joiner.provider, cost_of(c.bytes)) &&
           rank_of(joiner.provider) <= std::get<0>(*by_use_.begin()) + course_drift;
}

bool Overseer::anybody_may_join(const Case& c, const std::string& cluster) const {
    Wanted wanted = wanted_for(c);
    wanted.cluster = cluster;
    wanted.any_cluster = false;
    return std::ranges::any_of(c.directory.providers(), [&](const auto& entry) {
        return !wanted.avoid.contains(entry.first) && may_hold(entry.second, wanted);
    });
}

std::vector<Member> Overseer::candidates(const Directory& directory, const Wanted& wanted,
                                         std::size_t copies, Time now) const {
    std::vector<Member> chosen;
    std::set<std::string> hosts;
    Wanted left = wanted;
    const auto choose = [&](const Member& member) {
        chosen.push_back(member);
        left.avoid.insert(member.provider);
        hosts.insert(directory.providers().at(member.provider).contact.place.host);
    };
    if (!wanted.host.empty() && copies > 0) {
        std::optional<std::pair<std::uint64_t, Member>> nearest;
        for (ProviderId id : directory.providers_at(wanted.host)) {
            const ProviderRecord& provider = directory.providers().at(id);
            const Member& self = provider.contact.self;
            if (left.avoid.contains(id) || !is_fresh(self, now) || !may_hold(provider, left)) {
                continue;
            }
            const std::pair rank(rank_of(id), self);
            if (!nearest || rank < *nearest) nearest = rank;
        }
        if (nearest) choose(nearest->second);
    }
    while (chosen.size() < copies) {
        const auto next = best(directory, left, hosts, 0, now);
        if (!next) break;
        choose(*next);
    }
    return chosen;
}

std::vector<Member> Overseer::candidates(const Directory& directory, std::uint64_t bytes,
                                         std::size_t copies, const std::string& preferred_host,
                                         Time now) const {
    Wanted wanted;
    wanted.bytes = bytes;
    wanted.host = preferred_host;
    return candidates(directory, wanted, copies, now);
}

}  // namespace juxta::data
