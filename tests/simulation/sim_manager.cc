#include "tests/simulation/sim_manager.h"

namespace juxta::data::simulation {

SimManager::SimManager(std::uint64_t seed, Weakening weakening)
    : weakening_(weakening), dice_(seed) {
    begin_lead();
}

void SimManager::begin_lead() {
    if (weakening_ == Weakening::manager_forgets && history_.size() > 2) {
        history_.resize(history_.size() - 2);
        directory_ = {};
        for (const Command& command : history_) directory_.apply(command);
    }
    overseer_.emplace(durations_, [this](std::uint64_t n) {
        return static_cast<std::uint64_t>(dice_.below(static_cast<std::int64_t>(n)));
    });
    offers_taken_.clear();
    look_at_all();
}

void SimManager::look_at_all() {
    for (const auto& [group, record] : open_) unsettled_.insert(group);
}

std::vector<Member> SimManager::candidates(const DataSpec& spec, Time now) const {
    Overseer::Wanted wanted;
    wanted.bytes = kCellBytes;
    wanted.durable = spec.durable;
    return overseer_->candidates(directory_, wanted, spec.copies, now);
}

void SimManager::note(const GroupId& group) {
    const auto record = directory_.find(group);
    changed.insert(group);
    unsettled_.insert(group);
    if (record && !record->view.lost && !record->view.freed) {
        open_[group] = *record;
    } else {
        open_.erase(group);
        unsettled_.erase(group);
    }
}

Applied SimManager::apply(const Command& command, Packets& out) {
    history_.push_back(command);
    const Applied applied = directory_.apply(command);
    for (std::size_t i = 0; i < applied.views.size(); ++i) {
        const GroupId& group = applied.views[i];
        note(group);
        views += 1;
        const auto record = directory_.find(group);
        for (const Member& member : applied.recipients[i]) {
            out.push_back({0, node_of(member.provider), 0, News{group, record->view}});
        }
    }
    for (const GroupId& group : applied.stuck) unsettled_.insert(group);
    if (const auto* lost = std::get_if<DeclareLost>(&command); lost && !applied.views.empty()) {
        on_lost(lost->id);
    }
    if (std::holds_alternative<Reinstate>(command) && applied.accepted) reinstated += 1;
    const bool of_providers = std::holds_alternative<RegisterProvider>(command) ||
                              std::holds_alternative<DrainProvider>(command) ||
                              std::holds_alternative<ConfirmDead>(command) ||
                              std::holds_alternative<ChangeDatum>(command);
    if (of_providers) look_at_all();
    return applied;
}

void SimManager::review(Time now, Packets& out) {
    if (weakening_ == Weakening::silence_is_death) {
        for (const auto& [id, provider] : directory_.providers()) {
            const Member self = provider.contact.self;
            if (!directory_.is_dead(self) && overseer_->is_silent(self, now)) {
                apply(ConfirmDead{self}, out);
            }
        }
    }
    for (const Command& command : overseer_->evictions(directory_, now)) apply(command, out);
    for (int round = 0; round < 10 && !unsettled_.empty(); ++round) {
        const std::set<GroupId> groups = std::exchange(unsettled_, {});
        std::set<GroupId> again;
        for (const GroupId& group : groups) {
            if (!open_.contains(group)) continue;
            const Overseer::Verdict verdict = overseer_->look_at(directory_, group, now);
            if (verdict.command) {
                apply(*verdict.command, out);
            } else if (!verdict.settled) {
                again.insert(group);
            }
        }
        const bool done = unsettled_.empty();
        unsettled_.insert(again.begin(), again.end());
        if (done) return;
    }
}

void SimManager::tick(Time now, Packets& out) {
    for (const Member& member : overseer_->to_probe(directory_, now)) {
        out.push_back(to_member(member, Probe{}));
    }
    review(now, out);
}

// -- providers
// -------------------------------------------------------------------------------------

void SimManager::on_offers(const Beat& beat, Packets& out) {
    for (const auto& [group, written_by] : beat.offers) {
        if (!open_.contains(group)) {
            View view;
            view.epoch = 1;
            view.freed = true;
            if (const auto record = directory_.find(group)) view = record->view;
            out.push_back(to_member(beat.self, News{group, view}));
        }
        if (!offers_taken_.contains(beat.self)) {
            overseer_->offered(directory_, beat.self, group, written_by);
            unsettled_.insert(group);
        }
    }
    if (!offers_taken_.insert(beat.self).second) return;
    overseer_->offers_complete(beat.self);
    look_at_all();
}

void SimManager::on_beat(const Beat& beat, Time now, Packets& out) {
    if (!directory_.is_registered(beat.self)) {
        ProviderContact contact;
        contact.name = "p" + std::to_string(beat.self.provider.value);
        contact.self = beat.self;
        contact.place.host = "h" + std::to_string(beat.self.provider.value);
        if (!apply(RegisterProvider{contact, 1 << 20, 1 << 20}, out).accepted) return;
    }
    if (directory_.is_dead(beat.self)) return;
    overseer_->heard(beat.self, now);
    on_offers(beat, out);
    for (const auto& [group, epoch] : beat.epochs) {
        const auto open = open_.find(group);
        View view;
        if (open != open_.end()) {
            view = open->second.view;
        } else {
            view.epoch = epoch + 1;
            view.freed = true;
            if (const auto record = directory_.find(group)) view = record->view;
        }
        if (view.epoch > epoch) out.push_back(to_member(beat.self, News{group, view}));
    }
    // A joiner that has not heard of it.
    for (const auto& [group, record] : open_) {
        const bool named = record.view.has(beat.self) || record.view.joiner == beat.self;
        if (named && !beat.epochs.contains(group)) {
            out.push_back(to_member(beat.self, News{group, record.view}));
        }
    }
    if (!unsettled_.empty()) review(now, out);
}

// -- members
// ---------------------------------------------------------------------------------------

Views SimManager::views_of(const DataId& datum) const {
    Views views{datum, {}};
    if (const auto record = directory_.find(datum)) {
        for (const GroupRecord& group : record->blocks) views.views.push_back(group.view);
    }
    return views;
}

void SimManager::on_member(const FromMember& from, Packets& out) {
    if (const auto* activated = std::get_if<Activated>(&from.message)) {
        const Applied applied =
            apply(RecordActivated{activated->group, activated->epoch, from.self}, out);
        if (applied.accepted) {
            out.push_back(to_member(from.self, Recorded{activated->group, activated->epoch}));
        }
    } else if (const auto* full = std::get_if<Full>(&from.message)) {
        Epoch epoch = full->epoch;
        const auto open = open_.find(full->group);
        if (weakening_ == Weakening::full_of_old_view && open != open_.end()) {
            epoch = open->second.view.epoch;
        }
        apply(RecordFull{full->group, epoch, full->joiner}, out);
    } else if (const auto* where = std::get_if<WhereAre>(&from.message)) {
        out.push_back(to_member(from.self, views_of(where->datum)));
    }
}

void SimManager::receive(const Packet& packet, Time now, Packets& out) {
    if (const auto* beat = std::get_if<Beat>(&packet.body)) {
        on_beat(*beat, now, out);
    } else if (const auto* from = std::get_if<FromMember>(&packet.body)) {
        on_member(*from, out);
    } else if (const auto* ask = std::get_if<AskViews>(&packet.body)) {
        out.push_back({0, packet.from, 0, views_of(ask->datum)});
    } else if (const auto* alive = std::get_if<Alive>(&packet.body)) {
        if (directory_.is_registered(alive->self) && !directory_.is_dead(alive->self)) {
            overseer_->heard(alive->self, now);
        }
    } else if (const auto* suspect = std::get_if<Suspect>(&packet.body)) {
        overseer_->suspect(suspect->who);
    } else if (const auto* refused = std::get_if<Refused>(&packet.body)) {
        apply(ConfirmDead{refused->who}, out);
        review(now, out);
    }
}

}  // namespace juxta::data::simulation
