// Signs of life, and what each group needs. Places for copies: overseer_places.cc.
#include "data_service/core/overseer.h"

#include <algorithm>

namespace juxta::data {

Overseer::Overseer(const Durations& durations, std::function<std::uint64_t(std::uint64_t)> pick,
                   std::string own_cluster)
    : durations_(durations),
      pick_(std::move(pick)),
      own_cluster_(std::move(own_cluster)),
      salt_(pick_(std::uint64_t{1} << 62) | 1) {}

// -- signs of life --------------------------------------------------------------------------------

void Overseer::begin(const Directory& directory, Time now) {
    if (began_) return;
    began_ = now;
    for (const auto& [id, provider] : directory.providers()) {
        const Member& self = provider.contact.self;
        if (!directory.is_dead(self) && sign_of(self) == nullptr) set_sign(self, now, false);
    }
}

const Overseer::Sign* Overseer::sign_of(const Member& member) const {
    const auto known = signs_.find(member.provider);
    const bool is_it = known != signs_.end() && known->second.incarnation == member.incarnation;
    return is_it ? &known->second : nullptr;
}

// Of each provider the newest incarnation counts.
void Overseer::set_sign(const Member& member, Time at, bool heard) {
    const auto [known, is_new] = signs_.try_emplace(member.provider);
    Sign& sign = known->second;
    if (!is_new) {
        if (sign.incarnation > member.incarnation) return;
        by_sign_.erase({sign.at, {member.provider, sign.incarnation}});
    }
    sign = {member.incarnation, at, heard};
    by_sign_.insert({at, member});
}

void Overseer::drop_sign(const Member& member) {
    evicted_.erase(member);
    probed_.erase(member);
    const Sign* known = sign_of(member);
    if (known == nullptr) return;
    by_sign_.erase({known->at, member});
    signs_.erase(member.provider);
}

void Overseer::heard(const Member& member, Time now) {
    const Sign* known = sign_of(member);
    set_sign(member, known == nullptr ? now : std::max(known->at, now), true);
    evicted_.erase(member);
    by_use_.insert(use_of(member.provider));
}

void Overseer::suspect(const Member& member) { suspected_.insert(member); }

bool Overseer::is_silent(const Member& member, Time now) const {
    if (const Sign* known = sign_of(member)) return now - known->at > durations_.detection;
    return began_ && now - *began_ > durations_.detection;
}

bool Overseer::is_fresh(const Member& member, Time now) const {
    const Sign* known = sign_of(member);
    return known != nullptr && known->heard && now - known->at < durations_.detection / 2;
}

bool Overseer::is_fine(const Directory& directory, const Member& member, Time now) const {
    return !directory.is_dead(member) && !is_silent(member, now);
}

std::vector<Member> Overseer::to_probe(const Directory& directory, Time now) {
    begin(directory, now);
    const auto is_gone = [&](const Member& member) {
        return directory.is_dead(member) || !directory.is_registered(member);
    };
    std::set<Member> due;
    std::vector<Member> gone;
    for (const auto& [at, member] : by_sign_) {
        if (now - at <= 2 * durations_.heartbeat) break;
        if (is_gone(member)) {
            gone.push_back(member);
        } else {
            // A guest that keeps nothing of this cluster does not beat here.
            const bool guest = cluster_of(directory, member.provider) != own_cluster_;
            if (!guest || directory.group_count_of(member.provider) > 0) due.insert(member);
        }
    }
    for (const Member& member : gone) drop_sign(member);
    for (const Member& member : suspected_) {
        if (!is_gone(member)) due.insert(member);
    }
    std::vector<Member> probes;
    for (const Member& member : due) {
        const auto [last, first] = probed_.try_emplace(member, now);
        if (!first && now - last->second < durations_.heartbeat) continue;
        last->second = now;
        suspected_.erase(member);
        probes.push_back(member);
    }
    std::erase_if(suspected_, is_gone);
    return probes;
}

std::vector<Command> Overseer::evictions(const Directory& directory, Time now) {
    begin(directory, now);
    std::vector<Command> commands;
    for (const auto& [at, member] : by_sign_) {
        if (now - at <= durations_.detection) break;
        if (directory.is_dead(member) || !directory.is_registered(member)) continue;
        if (directory.group_count_of(member.provider) == 0) continue;
        if (evicted_.insert(member).second) commands.push_back(Evict{member});
    }
    return commands;
}

std::optional<Time> Overseer::next_silence() const {
    for (const auto& [at, member] : by_sign_) {
        if (!evicted_.contains(member)) return at + durations_.detection + 1;
    }
    return std::nullopt;
}

void Overseer::undecided(const Command& command) {
    if (const auto* evict = std::get_if<Evict>(&command)) evicted_.erase(evict->who);
}

// -- disks ----------------------------------------------------------------------------------------

void Overseer::offered(const Directory& directory, const Member& self, const GroupId& group,
                       Incarnation written_by) {
    const auto record = directory.find(group);
    if (!record) return;
    const bool is_wanted = std::ranges::any_of(record->holders, [&](const Member& holder) {
        return holder.provider == self.provider && holder.incarnation < self.incarnation;
    });
    if (is_wanted) offers_[{group, self.provider}] = {self, written_by};
}

void Overseer::offers_complete(const Member& self) { told_all_[self.provider] = self.incarnation; }

// M10.
std::optional<Command> Overseer::reinstatement(const Case& c) {
    if (!c.datum.spec.durable) return std::nullopt;
    for (std::size_t i = 0; i < c.record.holders.size(); ++i) {
        const Member& holder = c.record.holders[i];
        const auto offer = offers_.find({c.group, holder.provider});
        if (offer == offers_.end() || !c.directory.is_dead(holder)) continue;
        const auto [as, writer] = offer->second;
        const bool valid = c.directory.is_registered(as) && !c.directory.is_dead(as) &&
                           as.incarnation > holder.incarnation && writer >= c.record.bases[i] &&
                           writer <= holder.incarnation;
        if (valid) return Reinstate{c.group, holder, as, writer};
        offers_.erase(offer);
    }
    return std::nullopt;
}

// M11.
std::optional<Command> Overseer::declare_lost(const Case& c) const {
    DeclareLost command{c.group.datum, {}};
    for (const Member& holder : c.record.holders) {
        if (!c.directory.is_dead(holder)) return std::nullopt;
        if (!c.datum.spec.durable) continue;
        const auto told = told_all_.find(holder.provider);
        const bool has_none = told != told_all_.end() && told->second > holder.incarnation &&
                              !offers_.contains({c.group, holder.provider});
        if (!has_none) return std::nullopt;
        command.without_disk.push_back({holder.provider, told->second});
    }
    return command;
}

// -- groups ---------------------------------------------------------------------------------------

std::vector<Command> Overseer::review(const Directory& directory, Time now,
                                      const std::vector<GroupId>& only) {
    begin(directory, now);
    std::vector<Command> commands;
    const auto look = [&](const GroupId& group) {
        if (auto command = look_at(directory, group, now).command) {
            commands.push_back(std::move(*command));
        }
    };
    for (const GroupId& group : only) look(group);
    if (!only.empty()) return commands;
    commands = evictions(directory, now);
    if (!commands.empty()) return commands;
    for (const DataId& id : directory.freed()) {
        const Time since = freed_.try_emplace(id, now).first->second;
        if (now - since > durations_.row) commands.push_back(ForgetDatum{id});
    }
    std::erase_if(freed_, [&](const auto& freed) { return !directory.is_freed(freed.first); });
    for (const auto& [id, datum] : directory.data()) {
        for (BlockNumber block = 0; block < datum.blocks.size(); ++block) look({id, block});
    }
    return commands;
}

// M10; M4 and M11 for the members, the same for the joiner; then, in a view that serves, M8 and M9.
Overseer::Verdict Overseer::look_at(const Directory& directory, const GroupId& group, Time now) {
    begin(directory, now);
    const auto found = directory.find(group);
    if (!found || found->view.lost || found->view.freed) {
        untrack(group);
        return {};
    }
    const auto datum = directory.find_head(group.datum);
    const Case c{directory, group, *datum, *found, datum->block_bytes(group.block), now};
    track(c);
    const View& view = c.record.view;
    const auto fine = [&](const Member& member) { return is_fine(directory, member, now); };

    if (auto back = reinstatement(c)) return {std::move(back)};
    std::vector<Member> next;
    std::ranges::copy_if(view.members, std::back_inserter(next), fine);
    // Never activated and gone altogether: back to those who hold what was acknowledged.
    if (next.empty()) std::ranges::copy_if(c.record.holders, std::back_inserter(next), fine);
    // If somebody is only silent, or may come back with its disk, there is nothing to do but wait.
    if (next.empty()) return {declare_lost(c), false};
    const bool drop_joiner =
        view.joiner && (!fine(*view.joiner) || is_leaving(directory, *view.joiner));
    if (next != view.members || drop_joiner) {
        return {ChangeView{group, view.epoch, next, drop_joiner ? std::nullopt : view.joiner}};
    }
    if (!view.activated) return {};  // M6
    return adjust_copies(c);
}

const std::string& Overseer::cluster_of(const Directory& directory, ProviderId provider) const {
    return directory.providers().at(provider).contact.place.cluster;
}

bool Overseer::is_leaving(const Directory& directory, const Member& member) const {
    return directory.providers().at(member.provider).draining;
}

// The own cluster first, then those with the most members.
std::vector<Overseer::Share> Overseer::shares(const Case& c) const {
    std::vector<Share> all{{own_cluster_, 0, 0}};
    for (const Member& member : c.record.view.members) {
        const std::string& cluster = cluster_of(c.directory, member.provider);
        auto share = std::ranges::find(all, cluster, &Share::cluster);
        if (share == all.end()) share = all.insert(all.end(), {cluster, 0, 0});
        (is_leaving(c.directory, member) ? share->leaving : share->steady) += 1;
    }
    std::stable_sort(all.begin() + 1, all.end(), [](const Share& a, const Share& b) {
        return std::pair(b.steady, a.cluster) < std::pair(a.steady, b.cluster);
    });
    return all;
}

Overseer::Verdict Overseer::adjust_copies(const Case& c) {
    const View& view = c.record.view;
    const std::size_t copies = std::max<std::size_t>(c.datum.spec.copies, 1);
    const std::size_t clusters = std::max<std::size_t>(c.datum.spec.clusters, 1);
    std::vector<Share> chosen = shares(c);
    if (chosen.size() > clusters) chosen.resize(clusters);
    const std::size_t missing = clusters - chosen.size();
    const bool lacks = missing > 0 || std::ranges::any_of(chosen, [&](const Share& share) {
                           return share.steady < copies;
                       });
    if (view.joiner) {
        const std::string& where = cluster_of(c.directory, view.joiner->provider);
        const auto share = std::ranges::find(chosen, where, &Share::cluster);
        const bool wanted = share == chosen.end() ? missing > 0 : share->steady < copies;
        if (wanted) return {};
        return {ChangeView{c.group, view.epoch, view.members, std::nullopt}};
    }
    const auto smaller = [&](std::vector<Member> members) -> Verdict {
        return {ChangeView{c.group, view.epoch, std::move(members), std::nullopt}};
    };
    if (lacks) {
        Verdict verdict = lacking(c, chosen, missing);
        if (verdict.command) return verdict;
        if (auto staying = without_leaver(c, chosen)) return smaller(std::move(*staying));
        if (auto staying = without_surplus(c, chosen, false)) return smaller(std::move(*staying));
        return verdict;
    }
    if (auto staying = without_leaver(c, chosen)) return smaller(std::move(*staying));
    if (auto staying = without_surplus(c, chosen, true)) return smaller(std::move(*staying));
    // The primary of the owner's cluster is nearer to its clients.
    const auto is_own = [&](const Member& member) {
        return cluster_of(c.directory, member.provider) == own_cluster_;
    };
    std::vector<Member> order = view.members;
    std::stable_partition(order.begin(), order.end(), is_own);
    if (!is_own(view.members.front()) && is_own(order.front())) {
        return {ChangeView{c.group, view.epoch, order, std::nullopt}};
    }
    return {};
}

// M8.
Overseer::Verdict Overseer::lacking(const Case& c, const std::vector<Share>& chosen,
                                    std::size_t missing_clusters) {
    const View& view = c.record.view;
    const std::size_t copies = std::max<std::size_t>(c.datum.spec.copies, 1);
    Wanted where = wanted_for(c);
    where.any_cluster = false;
    for (const Share& share : chosen) {
        if (share.steady >= copies) continue;
        where.cluster = share.cluster;
        if (const auto joiner = choose_joiner(c, where)) {
            return {ChangeView{c.group, view.epoch, view.members, joiner}};
        }
    }
    if (missing_clusters > 0) {
        where.any_cluster = true;
        for (const Share& share : chosen) where.avoid_clusters.push_back(share.cluster);
        if (const auto joiner = choose_joiner(c, where)) {
            return {ChangeView{c.group, view.epoch, view.members, joiner}};
        }
    }
    return {std::nullopt, false, waits_for_turn(c)};
}

// M9. Whoever leaves goes when its place is taken; and it is not held back for a copy that nobody
// can take, while others have one.
std::optional<std::vector<Member>> Overseer::without_leaver(
    const Case& c, const std::vector<Share>& chosen) const {
    const std::size_t copies = std::max<std::size_t>(c.datum.spec.copies, 1);
    std::vector<Member> staying = c.record.view.members;
    const auto leaves = [&](const Member& member) { return is_leaving(c.directory, member); };
    if (std::ranges::all_of(staying, leaves)) return std::nullopt;
    for (auto member = staying.begin(); member != staying.end(); ++member) {
        if (!leaves(*member)) continue;
        const auto share =
            std::ranges::find(chosen, cluster_of(c.directory, member->provider), &Share::cluster);
        const bool may_go = share == chosen.end() || share->steady >= copies ||
                            !anybody_may_join(c, share->cluster);
        if (!may_go) continue;
        staying.erase(member);
        return staying;
    }
    return std::nullopt;
}

// M9. First who is in a cluster too many, and always the youngest.
std::optional<std::vector<Member>> Overseer::without_surplus(const Case& c,
                                                             const std::vector<Share>& chosen,
                                                             bool nothing_lacks) const {
    const std::size_t copies = std::max<std::size_t>(c.datum.spec.copies, 1);
    std::vector<Member> staying = c.record.view.members;
    for (const bool elsewhere : {true, false}) {
        if (elsewhere && !nothing_lacks) continue;
        for (auto member = staying.rbegin(); member != staying.rend(); ++member) {
            const auto share = std::ranges::find(chosen, cluster_of(c.directory, member->provider),
                                                 &Share::cluster);
            const bool too_many = share == chosen.end() ? elsewhere : share->steady > copies;
            if (!too_many || is_leaving(c.directory, *member)) continue;
            if (elsewhere && share != chosen.end()) continue;
            staying.erase(std::next(member).base());
            return staying;
        }
    }
    return std::nullopt;
}

}  // namespace juxta::data
