#include "tests/simulation/sim_manager.h"

namespace juxta::data::simulation {

SimManager::SimManager(std::uint64_t seed) : dice_(seed) { begin_lead(); }

void SimManager::begin_lead() {
    overseer_.emplace(durations_, [this](std::uint64_t n) {
        return static_cast<std::uint64_t>(dice_.below(static_cast<std::int64_t>(n)));
    });
}

std::vector<Member> SimManager::candidates(std::size_t copies, Time now) const {
    return overseer_->candidates(directory_, kCellBytes, copies, "", now);
}

Applied SimManager::apply(const Command& command, Packets& out) {
    history_.push_back(command);
    const Applied applied = directory_.apply(command);
    for (const GroupId& group : applied.views) {
        const View& view = directory_.find(group)->view;
        views += 1;
        for (ProviderId provider : applied.concerned) {
            out.push_back({0, node_of(provider), 0, News{group, view}});
        }
    }
    if (const auto* lost = std::get_if<DeclareLost>(&command); lost && !applied.views.empty()) {
        on_lost(lost->id);
    }
    return applied;
}

void SimManager::review(Time now, Packets& out) {
    if (silence_is_death) {
        for (const auto& [id, provider] : directory_.providers()) {
            const Member& self = provider.contact.self;
            if (!directory_.is_dead(self) && overseer_->is_silent(self, now)) {
                apply(ConfirmDead{self}, out);
            }
        }
    }
    for (int round = 0; round < 10; ++round) {
        const std::vector<Command> commands = overseer_->review(directory_, now);
        if (commands.empty()) return;
        for (const Command& command : commands) apply(command, out);
    }
}

void SimManager::tick(Time now, Packets& out) {
    for (const Member& member : overseer_->to_probe(directory_, now)) {
        out.push_back(to_member(member, Probe{}));
    }
    review(now, out);
}

void SimManager::on_beat(const Beat& beat, Time now, Packets& out) {
    if (!directory_.is_registered(beat.self)) {
        ProviderContact contact;
        contact.name = "p" + std::to_string(beat.self.provider.value);
        contact.self = beat.self;
        contact.place.host = "h" + std::to_string(beat.self.provider.value);
        if (!apply(RegisterProvider{contact, 1 << 20}, out).accepted) return;
    }
    if (directory_.is_dead(beat.self)) return;
    overseer_->heard(beat.self, now);
    for (const auto& [group, epoch] : beat.epochs) {
        const GroupRecord* record = directory_.find(group);
        View view;
        view.epoch = epoch + 1;
        view.freed = true;
        if (record) view = record->view;
        if (view.epoch > epoch) out.push_back(to_member(beat.self, News{group, view}));
    }
    // A reservation whose view was lost tells no epoch.
    for (const auto& [id, datum] : directory_.data()) {
        for (BlockNumber block = 0; block < datum.blocks.size(); ++block) {
            const View& view = datum.blocks[block].view;
            const bool named = view.has(beat.self) || view.joiner == beat.self;
            if (named && !beat.epochs.contains({id, block})) {
                out.push_back(to_member(beat.self, News{{id, block}, view}));
            }
        }
    }
    review(now, out);
}

void SimManager::on_member(const FromMember& from, Packets& out) {
    if (const auto* activated = std::get_if<Activated>(&from.message)) {
        const Applied applied =
            apply(RecordActivated{activated->group, activated->epoch, from.self}, out);
        if (applied.accepted) {
            out.push_back(to_member(from.self, Recorded{activated->group, activated->epoch}));
        }
    } else if (const auto* full = std::get_if<Full>(&from.message)) {
        apply(RecordFull{full->group, full->epoch, full->joiner}, out);
    } else if (const auto* where = std::get_if<WhereAre>(&from.message)) {
        Views views{where->datum, {}};
        if (const DatumRecord* datum = directory_.find(where->datum)) {
            for (const GroupRecord& group : datum->blocks) views.views.push_back(group.view);
        }
        out.push_back(to_member(from.self, std::move(views)));
    }
}

void SimManager::receive(const Packet& packet, Time now, Packets& out) {
    if (const auto* beat = std::get_if<Beat>(&packet.body)) {
        on_beat(*beat, now, out);
    } else if (const auto* from = std::get_if<FromMember>(&packet.body)) {
        on_member(*from, out);
    } else if (const auto* ask = std::get_if<AskViews>(&packet.body)) {
        Views views{ask->datum, {}};
        if (const DatumRecord* datum = directory_.find(ask->datum)) {
            for (const GroupRecord& group : datum->blocks) views.views.push_back(group.view);
        }
        out.push_back({0, packet.from, 0, std::move(views)});
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
