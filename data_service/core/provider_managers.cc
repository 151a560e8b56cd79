// What managers ask of a provider, and what it tells them: reservations, registration, beats.
#include <chrono>
#include <utility>

#include "common/log/log.h"
#include "data_service/core/consistency.h"
#include "data_service/core/provider.h"
#include "data_service/store/disk_store.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

// A reservation that was found on disk: by then its manager has told whether it made a view of it.
constexpr Duration kReturnedHold = 60 * kSecond;

GroupSettings settings_of(const DataSpec& spec) {
    const ConsistencyProtocol* protocol = find_consistency(spec.protocol);
    return {.block_count = static_cast<std::uint32_t>(spec.block_count()),
            .durable = spec.durable,
            .write_once = protocol != nullptr && protocol->write_once()};
}

}  // namespace

void Provider::check_reservation(const Reservation& wanted) const {
    const std::string name = to_string(wanted.group.datum);
    if (wanted.group.block >= wanted.spec.block_count()) {
        throw Error(ErrorCode::invalid_argument,
                    name + " has no block " + std::to_string(wanted.group.block));
    }
    const auto refuse = [&](const char* why) {
        throw Error(ErrorCode::unavailable, "provider " + settings_.self.name + why);
    };
    if (settings_.self.cache_only) refuse(" takes no copies: it is a cache");
    if (wanted.spec.durable && disk_ == nullptr) {
        refuse(" takes no durable data: it has no disk; start it with --disk");
    }
    state_.with([&](const State& s) {
        if (s.draining) refuse(" takes no copies: it leaves");
        if (wanted.spec.durable && s.disk_failed) refuse(" takes no durable data: its disk failed");
    });
}

void Provider::reserve(const Reservation& wanted) {
    check_reservation(wanted);
    const GroupId& group = wanted.group;
    const GroupSettings settings = settings_of(wanted.spec);
    const std::string owner = wanted.owner.empty() ? manager_.owner_of(group.datum) : wanted.owner;
    // A manager that may name this provider as a member has to know it.
    const bool registered = state_.with([&](State& s) { return s.ties[owner].registered; });
    if (!registered && owner != settings_.self.place.cluster) register_once(owner);
    store_.reserve(group, wanted.bytes);
    if (wanted.spec.persistence == Persistence::strictly_volatile) store_.leave_no_trace(group);
    std::optional<DiskCopy> made;
    const Durations durations = state_.with([&](const State& s) { return s.durations_of(owner); });
    GroupMember member = GroupMember::reserved(group, settings_.self.self, settings, durations);
    try {
        if (settings.durable) {
            disk_->reserve(group, wanted.bytes);
            made = DiskCopy{group, settings, wanted.bytes, member.saved()};
        }
        const bool is_new = state_.with([&](State& s) {
            ProviderGroup* here = s.find(group);
            const bool keeps = here != nullptr &&
                               (here->member.has_copy() || here->member.view().joiner == s.self);
            if (keeps) here->reserved_until = monotonic_now() + wanted.hold;
            return !keeps;
        });
        if (!is_new) return;
        if (made) disk_->commit({.copies = {*made}});
    } catch (const Error& error) {
        if (error.code() == ErrorCode::internal) disk_failed(error.what());
        const bool is_here = state_.with([&](State& s) { return s.find(group) != nullptr; });
        if (!is_here) store_.cancel_reservation(group);
        throw;
    }
    const bool alone = needs_no_round(wanted.spec);
    state_.with([&](State& s) {
        const ProviderGroup* before = s.find(group);
        if (before != nullptr && before->member.has_copy()) return;  // the same, twice at once
        s.erase(group);                                              // a former copy, wiped
        s.add(group, {.member = std::move(member),
                      .settings = settings,
                      .owner = owner,
                      .reserved_bytes = wanted.bytes,
                      .told_by_us = alone ? std::make_shared<const Reservation>(wanted) : nullptr,
                      .reserved_until = monotonic_now() + wanted.hold});
    });
    begin_to_beat(owner);
}

void Provider::drain() {
    for (const std::string& cluster : state_.with([](const State& s) {
             std::vector<std::string> all;
             for (const auto& [name, tie] : s.ties) {
                 if (tie.registered || name == s.own_cluster) all.push_back(name);
             }
             return all;
         })) {
        manager_.drain(cluster, settings_.self.name, true);
    }
}

void Provider::begin_to_beat(const std::string& cluster) {
    const bool may = state_.with([&](State& s) {
        s.ties[cluster];
        return !s.stopping;
    });
    if (!may) return;
    beats_.with([&](auto& running) {
        if (running.contains(cluster)) return;
        running[cluster] = std::thread([this, cluster] { run_beat(cluster); });
    });
}

void Provider::run_beat(const std::string& cluster) {
    const bool own = cluster == settings_.self.place.cluster;
    for (;;) {
        bool registered = false;
        // A cluster of whose data nothing is left is not told of that for ever.
        const bool belongs = state_.with([&](State& s) {
            registered = s.ties[cluster].registered;
            return own || s.has_any_of(cluster);
        });
        try {
            if (belongs && registered) beat_once(cluster);
            if (belongs && !registered) {
                register_once(cluster);
                continue;  // the first beat follows at once
            }
        } catch (const std::exception& error) {
            log::warning(
                "no manager of cluster {} takes the beat of provider {}: {}; it serves what is "
                "active, and tries again",
                cluster, settings_.self.name, error.what());
        }
        const Duration heartbeat =
            state_.with([&](const State& s) { return s.ties.at(cluster).durations.heartbeat; });
        if (state_.wait_until(Clock::now() + std::chrono::microseconds(heartbeat),
                              [](const State& s) { return s.stopping; })) {
            return;
        }
    }
}

ProviderRoom Provider::room() const {
    ProviderRoom room{store_.capacity_bytes(), store_.used_bytes() - store_.cached_bytes(), 0, 0};
    if (disk_ != nullptr) {
        room.disk_bytes = disk_->capacity_bytes();
        room.disk_used_bytes = disk_->used_bytes();
    }
    return room;
}

void Provider::register_once(const std::string& cluster) {
    const Durations durations = manager_.register_provider(cluster, settings_.self, room());
    const auto [offers, held] = state_.with([&](State& s) {
        ClusterTie& tie = s.ties[cluster];
        tie.durations = durations;
        tie.has_durations = true;
        s.take_back(cluster, monotonic_now());
        return std::make_pair(s.offers(cluster), s.volatile_data(cluster));
    });
    manager_.offer_disks(cluster, settings_.self.self, offers);
    manager_.hold_volatile(cluster, settings_.self.self, held);
    const bool first = state_.change([&](State& s) {
        ClusterTie& tie = s.ties[cluster];
        tie.registered = true;
        s.tell_everything(cluster);
        for (const DiskOffer& offer : s.offers(cluster)) {
            ProviderGroup& here = *s.find(offer.group);
            if (here.reserved_until == 0) here.reserved_until = monotonic_now() + kReturnedHold;
        }
        return !std::exchange(tie.ever_registered, true);
    });
    log::info("provider {} is registered {} cluster {}, incarnation {}", settings_.self.name,
              first ? "at" : "again at", cluster, settings_.self.self.incarnation);
}

void Provider::beat_once(const std::string& cluster) {
    BeatReport report = state_.with([&](State& s) { return s.report(cluster); });
    report.room = room();
    const BeatReply reply = manager_.beat(cluster, report);
    bool ends = false;
    state_.with([&](State& s) {
        ClusterTie& tie = s.ties[cluster];
        tie.registered = reply.known;
        if (!reply.known) return;
        s.reported(cluster, report);
        tie.may_end = reply.may_end;
        if (cluster == s.own_cluster) s.draining = reply.draining;
        ends = s.draining;
        for (const auto& [name, one] : s.ties) {
            const bool needed = name == s.own_cluster || s.has_any_of(name);
            if (needed && !one.may_end) ends = false;
        }
        ends = ends && !std::exchange(s.told_to_end, ends);
    });
    adopt(reply.views);
    if (ends && ended_) ended_();
}

}  // namespace juxta::data
