// What is on disk: how it comes back at the start, how it gets there, how it is kept in order.
#include <algorithm>
#include <chrono>

#include "common/log/log.h"
#include "data_service/core/provider.h"
#include "data_service/store/disk_store.h"

namespace juxta::data {
namespace {

GroupId group_of(const SegmentId& segment) { return {segment.datum, segment.block}; }

// The segments of this block that some version of the ledger shows.
std::vector<SegmentId> named_by(const Ledger& ledger, BlockNumber block) {
    Extents all;
    for (const auto& [version, record] : ledger.versions) {
        if (block >= record.blocks.size()) continue;
        all.insert(all.end(), record.blocks[block].begin(), record.blocks[block].end());
    }
    return segments_of(all);
}

}  // namespace

// -- coming back --------------------------------------------------------------------------------

void Provider::restore() {
    std::size_t damaged = 0;
    std::vector<DiskCopy> copies = disk_->take_copies();
    check_incarnation(copies);
    for (DiskCopy& copy : copies) damaged += restore_copy(copy) ? 0 : 1;
    if (copies.empty()) return;
    log::info("provider {} found {} copies on its disk; {} of them are damaged and not offered",
              settings_.self.name, copies.size(), damaged);
}

// Who counts anew could pass for one of its former incarnations, which is dead.
void Provider::check_incarnation(const std::vector<DiskCopy>& copies) const {
    const Incarnation mine = settings_.self.self.incarnation;
    Incarnation latest = 0;
    for (const DiskCopy& copy : copies) latest = std::max(latest, copy.saved.written_by);
    if (latest < mine) return;
    throw Error(ErrorCode::stale_version,
                "provider " + settings_.self.name + " starts as incarnation " +
                    std::to_string(mine) + ", but its storage was written by incarnation " +
                    std::to_string(latest) +
                    ": the number in its state folder was lost. The storage is kept as it is; give "
                    "back the state folder that belongs to it, or start a provider of another name "
                    "with an empty storage");
}

// False: it is damaged. What is whole of it stays as a cache, so that less has to be copied should
// this provider be asked to join again.
bool Provider::restore_copy(DiskCopy& copy) {
    const GroupId group = copy.group;
    store_.reserve(group, copy.bytes);
    std::map<SegmentId, std::uint64_t> whole;
    // What is staged, and all of a block other than the first, is named by no ledger here: only the
    // garbage floor tells what may be missed.
    const auto is_garbage = [&, &saved = copy.saved](const SegmentId& segment) {
        return segment.token < saved.floor &&
               std::ranges::find(saved.kept, segment) == saved.kept.end();
    };
    bool complete = true;
    for (const auto& [segment, bytes] : disk_->segments_of(group)) {
        if (load(segment, bytes)) {
            whole[segment] = bytes;
        } else {
            complete = complete && is_garbage(segment);
            log::error("a segment of {} ({} bytes) is damaged on disk and is not used",
                       to_string(segment.datum), bytes);
        }
    }
    for (const SegmentId& segment : named_by(copy.saved.ledger, group.block)) {
        complete = complete && whole.contains(segment);
    }
    // Without a ledger it was a joiner to be. A reservation that saw no view counts: its manager
    // may have decided on it.
    if (complete && copy.saved.whole) {
        const std::string owner = manager_.owner_of(group.datum);
        state_.with([&](State& s) {
            s.found.push_back({std::move(copy), std::move(whole), owner});
            s.ties[owner];
        });
        return true;
    }
    disk_->forget(group);
    store_.cancel_reservation(group);
    for (const auto& [segment, bytes] : whole) store_.set_cached(segment, true);
    return complete;
}

bool Provider::load(const SegmentId& segment, std::uint64_t bytes) {
    bool intact = false;
    ChunkSums sums(bytes);
    store_.fill(segment, bytes,
                [&](std::span<std::byte> into) { intact = disk_->read(segment, into, sums); });
    if (!intact) {
        store_.discard_unsealed(segment);
        return false;
    }
    store_.seal(segment);
    if (const auto kept = store_.sums(segment)) kept->take(sums);
    return true;
}

// -- going there --------------------------------------------------------------------------------

bool Provider::is_durable(const GroupId& group) const {
    return state_.with([&](const State& s) {
        const auto found = s.groups.find(group);
        return found != s.groups.end() && found->second.settings.durable;
    });
}

std::vector<SmallContent> Provider::to_disk(const SegmentId& segment) {
    const auto content = store_.open(segment);
    const auto sums = store_.sums(segment);
    if (!content || !sums) {
        throw Error(ErrorCode::not_found, to_string(segment.datum) + ": the segment has gone");
    }
    if (content->small) {
        disk_->expect(segment, content->bytes);
        return {{segment, content->small}};
    }
    try {
        store_.look_at(segment, [&](std::span<const std::byte> bytes) {
            sums->complete(bytes);
            disk_->put(segment, bytes, *sums);
        });
    } catch (const Error& error) {
        if (error.code() == ErrorCode::internal) disk_failed(error.what());
        throw;
    }
    return {};
}

// One commit for all that waits: what a step depends on is on disk before anybody hears of it.
bool Provider::save(std::deque<Carried>& work) {
    DiskBatch batch;
    for (Carried& one : work) {
        // Of a segment and of a group the last word counts.
        for (const SmallContent& small : one.segments) {
            std::erase(batch.dropped, small.segment);
            batch.segments.push_back(small);
        }
        for (const SegmentId& segment : one.out.discard) {
            std::erase_if(batch.segments,
                          [&](const SmallContent& small) { return small.segment == segment; });
            batch.dropped.push_back(segment);
        }
        if (one.copy || one.out.wiped) {
            std::erase_if(batch.copies, [&](const DiskCopy& c) { return c.group == one.group; });
            std::erase(batch.gone, one.group);
        }
        if (one.copy) batch.copies.push_back(std::move(*one.copy));
        if (one.out.wiped) batch.gone.push_back(one.group);
    }
    try {
        disk_->commit(batch);
    } catch (const std::exception& error) {
        disk_failed(error.what());
        for (Carried& one : work) {
            for (auto& [promise, outcome] : one.outcomes) promise.set_value(std::nullopt);
        }
        return false;
    }
    for (const GroupId& group : batch.gone) disk_->cancel_reservation(group);
    return true;
}

void Provider::disk_failed(const std::string& why) {
    const bool first = state_.with([](State& s) { return !std::exchange(s.disk_failed, true); });
    if (!first) return;
    log::error(
        "the disk of provider {} does not keep what it is given: {}; nothing of a durable datum is "
        "answered from now on",
        settings_.self.name, why);
    if (failed_) failed_(why);
}

// -- keeping it in order -------------------------------------------------------------------------

void Provider::run_scrub() {
    SegmentId last{};
    for (;;) {
        const auto next =
            std::chrono::steady_clock::now() + std::chrono::microseconds(settings_.scrub_interval);
        if (state_.wait_until(next, [](const State& s) { return s.stopping || s.disk_failed; }))
            return;
        const auto segment = disk_->after(last);
        if (!segment) continue;
        last = *segment;
        try {
            scrub(*segment);
        } catch (const std::exception& error) {
            log::warning("a segment of {} could not be looked at on disk: {}",
                         to_string(segment->datum), error.what());
        }
    }
}

void Provider::scrub(const SegmentId& segment) {
    if (!store_.has(segment) || disk_->is_intact(segment)) return;
    log::error("a segment of {} is damaged on disk; it is written again from memory",
               to_string(segment.datum));
    if (!store_.is_intact(segment)) mend(segment);
    const auto sums = store_.sums(segment);
    if (!sums) return;
    store_.look_at(segment, [&](std::span<const std::byte> content) {
        sums->complete(content);
        disk_->rewrite(segment, content, *sums);
    });
}

void Provider::doubt(const SegmentId& segment) {
    const bool is_new =
        state_.with([&](State& s) { return !s.stopping && s.mending.insert(segment).second; });
    if (!is_new) return;
    fetch_crew_.run([this, segment] {
        try {
            if (!store_.is_intact(segment)) mend(segment);
        } catch (const std::exception& error) {
            log::error("a segment of {} is damaged here and could not be had elsewhere: {}",
                       to_string(segment.datum), error.what());
        }
        state_.with([&](State& s) { s.mending.erase(segment); });
    });
}

// Dropped at once, so that nobody is given it, and had again from the disk or from another copy.
void Provider::mend(const SegmentId& segment) {
    log::error("a segment of {} is damaged in memory; it is taken from another copy",
               to_string(segment.datum));
    const auto content = store_.open(segment);
    const bool was_cached = store_.is_cached(segment);
    store_.drop(segment);
    if (!content) return;
    if (was_cached) return evicted({segment});
    const GroupId group = group_of(segment);
    if (is_durable(group) && load(segment, content->bytes)) return;
    const View view = state_.with([&](State& s) {
        const ProviderGroup* here = s.find(group);
        return here == nullptr ? View{} : here->member.view();
    });
    SegmentWanted wanted{segment, content->bytes, {}};
    for (const Member& member : view.members) {
        if (member == settings_.self.self) continue;
        if (const auto source = contacts_.find(member, owner_of(group))) {
            wanted.sources.push_back({source->address, source->name});
        }
    }
    fetcher_.fetch(wanted, false);
}

}  // namespace juxta::data
