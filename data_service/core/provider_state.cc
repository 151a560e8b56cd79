#include "data_service/core/provider_state.h"

#include <algorithm>
#include <utility>

namespace juxta::data {
namespace {

constexpr std::size_t kEpochsInTurn = 64;
constexpr std::size_t kEpochsAtOnce = 4096;  // keeps a beat far below the largest message

}  // namespace

ProviderGroup* ProviderState::find(const GroupId& group) {
    const auto found = groups.find(group);
    return found == groups.end() ? nullptr : &found->second;
}

ProviderGroup& ProviderState::add(const GroupId& group, GroupMember member) {
    return groups.emplace(group, ProviderGroup{std::move(member)}).first->second;
}

void ProviderState::erase(const GroupId& group) {
    groups.erase(group);
    ticking.erase(group);
    epochs_to_tell.erase(group);
}

void ProviderState::settle(const GroupId& group, Epoch epoch, Version newest, Outputs out,
                           Time now) {
    ProviderGroup& here = groups.at(group);
    const View& view = here.member.view();
    if (here.member.needs_ticks()) {
        ticking.insert(group);
    } else {
        ticking.erase(group);
    }
    const bool is_new_view = view.epoch != epoch;
    if (is_new_view || out.wiped) epochs_to_tell.insert(group);
    if (group.block == 0 && here.member.is_primary() && here.member.newest() != newest) {
        versions_to_tell.insert(group.datum);
    }
    if (here.member.has_copy() || view.joiner == self) {
        here.empty_since = 0;
    } else if (here.empty_since == 0) {
        here.empty_since = now;
    }

    Carried work{group, std::move(out), {}};
    for (Answer& answer : work.out.answers) {
        const auto found = waiting.find(answer.ticket);
        if (found == waiting.end()) continue;  // whoever asked has given up
        work.outcomes.emplace_back(std::move(found->second.outcome), std::move(answer.body));
        waiting.erase(found);
    }
    for (auto at = waiting.begin(); is_new_view && at != waiting.end();) {
        if (at->second.group == group) {
            work.outcomes.emplace_back(std::move(at->second.outcome), std::nullopt);
            at = waiting.erase(at);
        } else {
            ++at;
        }
    }
    const Outputs& ordered = work.out;
    if (work.outcomes.empty() && ordered.to_members.empty() && ordered.to_manager.empty() &&
        ordered.fetch.empty() && ordered.discard.empty() && !ordered.wiped) {
        return;
    }
    outbox.push_back(std::move(work));
}

BeatReport ProviderState::report() {
    BeatReport report;
    report.self = self;
    std::set<GroupId> told;
    std::set<DataId> versions;
    for (const GroupId& group : epochs_to_tell) {
        if (told.size() < kEpochsAtOnce) told.insert(group);
    }
    for (const DataId& datum : versions_to_tell) {
        if (versions.size() < kEpochsAtOnce) versions.insert(datum);
    }
    auto at = groups.upper_bound(turn);
    for (std::size_t i = 0; i < std::min(kEpochsInTurn, groups.size()); ++i, ++at) {
        if (at == groups.end()) at = groups.begin();
        told.insert(at->first);
        if (at->first.block == 0) versions.insert(at->first.datum);
        turn = at->first;
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
            versions_to_tell.erase(datum);  // its new primary tells
        }
    }
    return report;
}

void ProviderState::reported(const BeatReport& report) {
    for (const auto& [group, epoch] : report.epochs) {
        const ProviderGroup* here = find(group);
        if (here == nullptr || here->member.epoch() == epoch) epochs_to_tell.erase(group);
    }
    for (const auto& [datum, version] : report.versions) {
        const ProviderGroup* here = find({datum, 0});
        if (here == nullptr || here->member.newest() == version) versions_to_tell.erase(datum);
    }
}

void ProviderState::tell_everything() {
    for (const auto& [group, here] : groups) {
        epochs_to_tell.insert(group);
        if (group.block == 0) versions_to_tell.insert(group.datum);
    }
}

}  // namespace juxta::data
