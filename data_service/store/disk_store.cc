#include "data_service/store/disk_store.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "common/base/error.h"
#include "common/log/log.h"
#include "data_service/store/segment_file.h"
#include "data_service/store/segment_store.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kRowBytes = 512;        // of a small segment beyond its content
constexpr std::uint64_t kCopyBytes = 4 * 1024;  // of a copy's own state
// How long another thread may take to write a segment that this one wants written as well.
constexpr std::chrono::seconds kWritingTime{60};

GroupId group_of(const SegmentId& segment) { return {segment.datum, segment.block}; }

bool is_small(std::uint64_t bytes) { return bytes <= SegmentStore::kSmall; }

// What a segment takes on disk.
std::uint64_t disk_bytes(std::uint64_t bytes) {
    return is_small(bytes) ? bytes + kRowBytes : segment_file_bytes(bytes);
}

[[noreturn]] void no_room(const Error& error) {
    throw Error(error.code(), std::string("on the disk: ") + error.what());
}

}  // namespace

DiskStore::DiskStore(std::filesystem::path folder, std::uint64_t capacity_bytes)
    : folder_(std::move(folder)),
      files_(folder_ / "segments"),
      capacity_(capacity_bytes),
      state_(capacity_bytes) {
    try {
        open();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::data_lost) throw;
        const std::filesystem::path aside = folder_.string() + ".damaged";
        log::error(
            "the disk of this provider is damaged and offers nothing: {}; it was set aside as {}, "
            "and the copies are made again from those of other providers",
            error.what(), aside.string());
        catalogue_.with([](auto& catalogue) { catalogue.reset(); });
        state_.with([](State& s) { s.found.clear(); });
        std::error_code ignored;
        std::filesystem::remove_all(aside, ignored);
        std::filesystem::rename(folder_, aside);
        open();
    }
    find_files();
}

DiskStore::~DiskStore() = default;

void DiskStore::open() {
    std::error_code failed;
    std::filesystem::create_directories(files_, failed);
    if (failed) {
        throw Error(ErrorCode::invalid_argument,
                    "the folder " + files_.string() + " cannot be made: " + failed.message());
    }
    sync_folder(folder_);
    auto catalogue = std::make_unique<DiskCatalogue>(folder_);
    DiskCatalogue::Content content = catalogue->content();
    if (content.damaged > 0) {
        log::error("{}: {} records are damaged and left out", folder_.string(), content.damaged);
    }
    std::vector<SegmentId> abandoned;
    state_.with([&](State& s) {
        std::vector<SegmentId> none;
        std::set<GroupId> kept;
        for (const DiskCopy& copy : content.copies) {
            kept.insert(copy.group);
            try {
                s.room.reserve(copy.group, disk_bytes(copy.bytes) + kCopyBytes, none);
            } catch (const Error& error) {  // the disk lends less than before; nothing is lost
                log::warning("on the disk: {}", error.what());
            }
        }
        for (const auto& [segment, bytes] : content.segments) {
            if (kept.contains(group_of(segment))) {
                remember(s, segment, bytes);
            } else {
                abandoned.push_back(segment);
            }
        }
        s.found = std::move(content.copies);
    });
    if (!abandoned.empty()) catalogue->commit({.dropped = std::move(abandoned)});
    catalogue_.with([&](auto& mine) { mine = std::move(catalogue); });
}

void DiskStore::remember(State& state, const SegmentId& segment, std::uint64_t bytes) {
    std::vector<SegmentId> none;
    state.room.charge_owed(segment, disk_bytes(bytes), none);
    state.held[segment] = bytes;
}

void DiskStore::find_files() {
    const std::set<GroupId> kept = state_.with([](State& s) {
        std::set<GroupId> groups;
        for (const DiskCopy& copy : s.found) groups.insert(copy.group);
        return groups;
    });
    for (const auto& entry : std::filesystem::directory_iterator(files_)) {
        const auto segment = segment_of_file(entry.path());
        const auto bytes = segment && kept.contains(group_of(*segment))
                               ? segment_file_length(files_, *segment)
                               : std::nullopt;
        if (bytes) {
            state_.with([&](State& s) { remember(s, *segment, *bytes); });
        } else {
            std::error_code ignored;
            std::filesystem::remove(entry.path(), ignored);
        }
    }
}

std::vector<DiskCopy> DiskStore::take_copies() {
    return state_.with([](State& s) { return std::exchange(s.found, {}); });
}

std::map<SegmentId, std::uint64_t> DiskStore::segments_of(const GroupId& group) const {
    return state_.with([&](const State& s) {
        std::map<SegmentId, std::uint64_t> found;
        for (auto at = s.held.lower_bound({group.datum, group.block, 0, 0});
             at != s.held.end() && group_of(at->first) == group; ++at) {
            found.insert(*at);
        }
        return found;
    });
}

void DiskStore::reserve(const GroupId& group, std::uint64_t bytes) {
    struct statvfs disk {};
    if (::statvfs(folder_.c_str(), &disk) != 0) {
        throw Error(ErrorCode::internal,
                    folder_.string() + " does not answer: " + std::strerror(errno));
    }
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    const std::uint64_t needed = disk_bytes(bytes) + kCopyBytes;
    if (needed > free) {
        throw Error(ErrorCode::out_of_space,
                    to_string(group.datum) + " needs " + std::to_string(needed) + " bytes on " +
                        folder_.string() + ", and that disk has " + std::to_string(free) +
                        " left; nothing was stored");
    }
    try {
        state_.with([&](State& s) {
            std::vector<SegmentId> none;
            s.room.reserve(group, needed, none);
        });
    } catch (const Error& error) {
        no_room(error);
    }
}

void DiskStore::cancel_reservation(const GroupId& group) {
    state_.with([&](State& s) { s.room.cancel_reservation(group); });
}

void DiskStore::expect(const SegmentId& segment, std::uint64_t bytes) {
    try {
        state_.with([&](State& s) {
            if (s.held.contains(segment) || s.expected.contains(segment)) return;
            std::vector<SegmentId> none;
            s.room.charge(segment, disk_bytes(bytes), none);
            s.expected[segment] = bytes;
        });
    } catch (const Error& error) {
        no_room(error);
    }
}

void DiskStore::put(const SegmentId& segment, std::span<const std::byte> content,
                    const ChunkSums& sums) {
    const auto is_here = state_.wait_until(
        std::chrono::steady_clock::now() + kWritingTime,
        [&](State& s) { return !s.writing.contains(segment); },
        [&](State& s) {
            if (!s.held.contains(segment)) s.writing.insert(segment);
            return s.held.contains(segment);
        });
    if (!is_here)
        throw Error(ErrorCode::unavailable, "the disk takes very long to store a segment");
    if (*is_here) return;
    bool written = false;
    const auto settle = [&] {
        state_.change([&](State& s) {
            s.writing.erase(segment);
            if (written) s.held[segment] = content.size();
            if (s.expected.erase(segment) > 0 && !written) {
                s.room.refund(segment, disk_bytes(content.size()));
            }
        });
    };
    try {
        expect(segment, content.size());
        write_segment_file(files_, segment, content, sums);
        written = true;
    } catch (...) {
        settle();
        throw;
    }
    settle();
}

void DiskStore::rewrite(const SegmentId& segment, std::span<const std::byte> content,
                        const ChunkSums& sums) {
    if (!state_.with([&](const State& s) { return s.held.contains(segment); })) return;
    if (!is_small(content.size())) return write_segment_file(files_, segment, content, sums);
    auto bytes = std::make_shared<const std::vector<std::byte>>(content.begin(), content.end());
    commit({.segments = {{segment, std::move(bytes)}}});
}

void DiskStore::commit(const DiskBatch& batch) {
    // Forgotten first, so that nobody who checks what is on disk misses them.
    const std::vector<SegmentId> files = state_.with([&](State& s) {
        std::vector<SegmentId> large;
        for (const SegmentId& segment : batch.dropped) {
            for (auto* known : {&s.held, &s.expected}) {
                const auto found = known->find(segment);
                if (found == known->end() || s.writing.contains(segment)) continue;
                if (!is_small(found->second)) large.push_back(segment);
                s.room.refund(segment, disk_bytes(found->second));
                known->erase(found);
            }
        }
        return large;
    });
    if (!batch.empty()) catalogue_.with([&](auto& catalogue) { catalogue->commit(batch); });
    state_.with([&](State& s) {
        for (const SmallContent& one : batch.segments) {
            const std::uint64_t bytes = one.content->size();
            if (s.held.contains(one.segment)) continue;
            if (s.expected.erase(one.segment) == 0) {
                remember(s, one.segment, bytes);
            } else {
                s.held[one.segment] = bytes;
            }
        }
    });
    for (const SegmentId& segment : files) {
        std::error_code ignored;  // what stays is found and removed at the next start
        std::filesystem::remove(files_ / segment_file_name(segment), ignored);
    }
}

void DiskStore::forget(const GroupId& group) {
    DiskBatch batch;
    batch.gone.push_back(group);
    for (const auto& [segment, bytes] : segments_of(group)) batch.dropped.push_back(segment);
    commit(batch);
    cancel_reservation(group);
}

void DiskStore::drop(const SegmentId& segment) {
    const bool known = state_.with(
        [&](const State& s) { return s.held.contains(segment) || s.expected.contains(segment); });
    if (known) commit({.dropped = {segment}});
}

bool DiskStore::read(const SegmentId& segment, std::span<std::byte> into, ChunkSums& sums) {
    if (!is_small(into.size())) return read_segment_file(files_, segment, into, sums);
    const auto content =
        catalogue_.with([&](auto& catalogue) { return catalogue->small_segment(segment); });
    if (!content || content->size() != into.size()) return false;
    std::memcpy(into.data(), content->data(), into.size());
    sums.complete(into);
    return true;
}

bool DiskStore::is_intact(const SegmentId& segment) {
    const auto bytes = state_.with([&](const State& s) -> std::optional<std::uint64_t> {
        const auto found = s.held.find(segment);
        if (found == s.held.end()) return std::nullopt;
        return found->second;
    });
    if (!bytes) return true;
    const bool intact =
        is_small(*bytes)
            ? catalogue_.with([&](auto& mine) { return mine->small_segment(segment).has_value(); })
            : is_segment_file_intact(files_, segment);
    // It may have gone, or not be there yet.
    return intact || !state_.with([&](const State& s) { return s.held.contains(segment); });
}

std::optional<SegmentId> DiskStore::after(const SegmentId& segment) const {
    return state_.with([&](const State& s) -> std::optional<SegmentId> {
        if (s.held.empty()) return std::nullopt;
        const auto next = s.held.upper_bound(segment);
        return next == s.held.end() ? s.held.begin()->first : next->first;
    });
}

std::uint64_t DiskStore::used_bytes() const {
    return state_.with([](const State& s) { return s.room.used(); });
}

}  // namespace juxta::data
