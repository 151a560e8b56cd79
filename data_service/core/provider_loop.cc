// What a provider does by itself: ticks, garbage, and what it tells of its cache.
#include <chrono>
#include <utility>

#include "common/log/log.h"
#include "data_service/core/provider.h"
#include "data_service/store/disk_store.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration kKeepEmptyGroup = 60 * kSecond;
// Who asks later is told by the manager, and so is a member that a late message makes again.
constexpr Duration kKeepFreedGroup = 5 * kSecond;
constexpr std::size_t kCachesInTurn = 50;

}  // namespace

void Provider::run_timer() {
    Time next_sweep = monotonic_now() + settings_.sweep_interval;
    for (;;) {
        const Duration beacon =
            state_.with([](const State& s) { return s.own().durations.beacon(); });
        state_.wait_until(Clock::now() + std::chrono::microseconds(beacon), [&](const State& s) {
            return s.stopping || s.own().durations.beacon() != beacon;
        });
        if (state_.with([](const State& s) { return s.stopping; })) return;
        tick();
        const Time now = monotonic_now();
        if (now < next_sweep) continue;
        sweep(now);
        next_sweep = now + settings_.sweep_interval;
    }
}

void Provider::tick() {
    const std::set<GroupId> groups = state_.with([](const State& s) { return s.ticking; });
    for (const GroupId& group : groups) {
        step(group, [](GroupMember& member, Time now, Outputs& out) { member.tick(now, out); });
    }
}

void Provider::sweep(Time now) {
    const std::vector<GroupId> abandoned = state_.with([&](State& s) {
        std::vector<GroupId> reservations;
        std::vector<GroupId> over;
        for (const auto& [group, here] : s.groups) {
            const Duration keep = here.member.view().freed ? kKeepFreedGroup : kKeepEmptyGroup;
            const bool is_empty = here.empty_since != 0 && now - here.empty_since > keep;
            if (is_empty) over.push_back(group);
            const bool timed_out = here.reserved_until != 0 && now > here.reserved_until;
            if (here.member.view().epoch == 0 && timed_out) reservations.push_back(group);
        }
        for (const GroupId& group : over) s.erase(group);
        for (const GroupId& group : reservations) s.erase(group);
        return reservations;
    });
    for (const GroupId& group : abandoned) {
        log::info("a reservation for {} got no view in time and is given up",
                  to_string(group.datum));
        store_.cancel_reservation(group);
        if (disk_ != nullptr) disk_->forget(group);
    }
    drop_garbage(now);
    tell_of_caches();
}

// Bytes whose writer died before he staged them, or of a copy that has gone.
void Provider::drop_garbage(Time now) {
    for (const SegmentStore::Listed& listed : store_.list()) {
        if (listed.cached || now - listed.made < settings_.garbage_age) continue;
        if (fetcher_.is_fetching(listed.id)) continue;
        const bool is_wanted = state_.with([&](State& s) {
            const ProviderGroup* here = s.find({listed.id.datum, listed.id.block});
            return here != nullptr &&
                   (here->member.holds(listed.id) || here->member.accepts(listed.id));
        });
        if (is_wanted) continue;
        store_.drop(listed.id);
        if (disk_ != nullptr) disk_->drop(listed.id);
    }
}

// -- the cache -----------------------------------------------------------------------------------

void Provider::note_cached(const DataId& datum, Version version,
                           const std::vector<SegmentWanted>& segments, bool fresh) {
    std::vector<SegmentId> cached;
    for (const SegmentWanted& wanted : segments) {
        if (store_.is_cached(wanted.segment)) cached.push_back(wanted.segment);
    }
    if (cached.empty()) return;  // a member's copy: the directory knows it
    state_.with([&](State& s) { s.cached.keep(datum, version, std::move(cached)); });
    if (fresh) {
        tell_cached_now({datum, version}, true);
    } else {
        tell_cached({datum, version}, true);
    }
}

void Provider::evicted(const std::vector<SegmentId>& segments) {
    const auto broken = state_.with([&](State& s) { return s.cached.lose(segments); });
    for (const CachedVersions::Held& version : broken) tell_cached(version, false);
}

void Provider::tell_cached(const CachedVersions::Held& version, bool held) {
    manager_crew_.run([this, version, held] { tell_cached_now(version, held); });
}

void Provider::tell_cached_now(const CachedVersions::Held& version, bool held) {
    try {
        manager_.cached(settings_.self, version.first, version.second, held);
    } catch (const std::exception& error) {  // told again in its turn
        log::debug("the owner of {} does not know what is cached here: {}",
                   to_string(version.first), error.what());
    }
}

void Provider::tell_of_caches() {
    const auto some = state_.with([](State& s) { return s.cached.some(kCachesInTurn); });
    for (const CachedVersions::Held& version : some) tell_cached(version, true);
}

void Provider::drop_cached(const DataId& datum) {
    state_.with([&](State& s) { s.cached.forget(datum); });
    for (const SegmentStore::Listed& listed : store_.list()) {
        if (listed.cached && listed.id.datum == datum) store_.drop(listed.id);
    }
}

}  // namespace juxta::data
