#include "data_service/core/provider_state.h"

#include <algorithm>
#include <utility>

namespace juxta::data {
namespace {

constexpr std::size_t kEpochsInTurn = 64;
constexpr std::size_t kEpochsAtOnce = 4096;  // keeps a beat far below the largest message

bool is_nothing(const Carried& work) {
    const Outputs& out = work.out;
    return work.outcomes.empty() && work.segments.empty() && !work.copy && !work.replies &&
           out.to_members.empty() && out.to_manager.empty() && out.fetch.empty() &&
           out.discard.empty() && !out.wiped;
}

}  // namespace

const Durations& ProviderState::durations_of(const std::string& owner) const {
    const auto tie = ties.find(owner);
    return tie != ties.end() && tie->second.has_durations ? tie->second.durations : own().durations;
}

ProviderGroup* ProviderState::find(const GroupId& group) {
    const auto found = groups.find(group);
    return found == groups.end() ? nullptr : &found->second;
}

ProviderGroup& ProviderState::add(const GroupId& group, ProviderGroup made) {
    return groups.emplace(group, std::move(made)).first->second;
}

void ProviderState::erase(const GroupId& group) {
    const auto found = groups.find(group);
    if (found == groups.end()) return;
    tie_of(found->second).epochs_to_tell.erase(group);
    groups.erase(found);
    ticking.erase(group);
}

bool ProviderState::has_any_of(const std::string& cluster) const {
    return std::ranges::any_of(groups,
                               [&](const auto& one) { return one.second.owner == cluster; }) ||
           std::ranges::any_of(found, [&](const auto& one) { return one.owner == cluster; });
}

ProviderState::Before ProviderState::before(const ProviderGroup& group) const {
    const View& view = group.member.view();
    return {view.epoch, view.tenure(), group.member.newest()};
}

bool ProviderState::settle(const GroupId& group, const Before& before, Carried work, Time now) {
    ProviderGroup& here = groups.at(group);
    ClusterTie& tie = tie_of(here);
    const View& view = here.member.view();
    if (here.member.needs_ticks()) {
        ticking.insert(group);
    } else {
        ticking.erase(group);
    }
    const bool is_new_view = view.epoch != before.epoch;
    if (is_new_view || work.out.wiped) tie.epochs_to_tell.insert(group);
    if (is_new_view && (view.has(self) || view.joiner == self)) here.offered = 0;
    if (group.block == 0 && here.member.is_primary() && here.member.newest() != before.newest) {
        tie.versions_to_tell.insert(group.datum);
    }
    if (here.member.has_copy() || view.joiner == self) {
        here.empty_since = 0;
    } else if (here.empty_since == 0) {
        here.empty_since = now;
    }

    work.group = group;
    if (work.out.save && !work.out.wiped) {
        work.copy = DiskCopy{group, here.settings, here.reserved_bytes, std::move(*work.out.save)};
    }
    for (Answer& answer : work.out.answers) {
        const auto found = waiting.find(answer.ticket);
        if (found == waiting.end()) continue;  // whoever asked has given up
        work.outcomes.emplace_back(std::move(found->second.outcome), std::move(answer.body));
        waiting.erase(found);
    }
    const bool is_over = view.tenure() != before.tenure || view.lost || view.freed;
    for (auto at = waiting.begin(); is_new_view && is_over && at != waiting.end();) {
        if (at->second.group == group) {
            work.outcomes.emplace_back(std::move(at->second.outcome), std::nullopt);
            at = waiting.erase(at);
        } else {
            ++at;
        }
    }
    if (is_nothing(work)) return false;
    lanes[here.settings.durable].outbox.push_back(std::move(work));
    return true;
}

BeatReport ProviderState::report(const std::string& cluster) {
    ClusterTie& tie = ties[cluster];
    BeatReport report;
    report.self = self;
    std::set<GroupId> told;
    std::set<DataId> versions;
    for (const GroupId& group : tie.epochs_to_tell) {
        if (told.size() < kEpochsAtOnce) told.insert(group);
    }
    for (const DataId& datum : tie.versions_to_tell) {
        if (versions.size() < kEpochsAtOnce) versions.insert(datum);
    }
    auto at = groups.upper_bound(tie.turn);
    for (std::size_t i = 0; i < std::min(kEpochsInTurn, groups.size()); ++i, ++at) {
        if (at == groups.end()) at = groups.begin();
        tie.turn = at->first;
        if (at->second.owner != cluster) continue;
        told.insert(at->first);
        if (at->first.block == 0) versions.insert(at->first.datum);
    }
    for (const GroupId& group : told) {
        const ProviderGroup* here = find(group);
        if (here != nullptr && here->member.view().epoch != 0) {
            report.epochs.emplace_back(group, here->member.epoch());
        }
    }
    for (const DataId& datum : versions) {
        const ProviderGroup* here = find({datum, 0});
        if (here != nullptr && here->member.is_primary()) {
            report.versions.emplace_back(datum, here->member.newest());
        } else {
            tie.versions_to_tell.erase(datum);  // its new primary tells
        }
    }
    return report;
}

void ProviderState::reported(const std::string& cluster, const BeatReport& report) {
    ClusterTie& tie = ties[cluster];
    for (const auto& [group, epoch] : report.epochs) {
        const ProviderGroup* here = find(group);
        if (here == nullptr || here->member.epoch() == epoch) tie.epochs_to_tell.erase(group);
    }
    for (const auto& [datum, version] : report.versions) {
        const ProviderGroup* here = find({datum, 0});
        if (here == nullptr || here->member.newest() == version) tie.versions_to_tell.erase(datum);
    }
}

void ProviderState::tell_everything(const std::string& cluster) {
    ClusterTie& tie = ties[cluster];
    for (const auto& [group, here] : groups) {
        if (here.owner != cluster) continue;
        tie.epochs_to_tell.insert(group);
        if (group.block == 0) tie.versions_to_tell.insert(group.datum);
    }
}

void ProviderState::take_back(const std::string& cluster, Time now) {
    std::erase_if(found, [&](FoundCopy& one) {
        if (one.owner != cluster) return false;
        DiskCopy& copy = one.copy;
        const Incarnation written_by = copy.saved.written_by;
        add(copy.group,
            {.member = GroupMember::returned(copy.group, self, copy.settings, durations_of(cluster),
                                             std::move(copy.saved), std::move(one.segments), now),
             .settings = copy.settings,
             .owner = cluster,
             .reserved_bytes = copy.bytes,
             .offered = written_by});
        return true;
    });
}

std::vector<DiskOffer> ProviderState::offers(const std::string& cluster) const {
    std::vector<DiskOffer> all;
    for (const auto& [group, here] : groups) {
        if (here.offered != 0 && here.owner == cluster) all.push_back({group, here.offered});
    }
    return all;
}

std::vector<VolatileDatum> ProviderState::volatile_data(const std::string& cluster) const {
    std::vector<VolatileDatum> all;
    for (const auto& [group, here] : groups) {
        const View& view = here.member.view();
        if (here.owner != cluster || !here.told_by_us || view.epoch != 1 || view.freed) continue;
        all.push_back({group.datum, here.told_by_us->request, here.told_by_us->spec, view});
    }
    return all;
}

}  // namespace juxta::data
