#include "data_service/store/segment_store.h"

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "data_service/store/memory_segment.h"
#include "data_service/store/shelves.h"

namespace juxta::data {
namespace {

using Clock = std::chrono::steady_clock;

// How long another thread may take to get the memory of a segment that this one wants as well.
constexpr std::chrono::seconds kMakingTime{30};
// How long seal() waits for the last writable mapping to go: munmap of gigabytes takes a while.
constexpr std::chrono::milliseconds kSealingTime{300};

std::string name_of(const SegmentId& segment) {
    return "segment " + std::to_string(segment.number) + " (token " +
           std::to_string(segment.token) + ") of " + to_string(segment.datum);
}

[[noreturn]] void not_here(const SegmentId& segment) {
    throw Error(ErrorCode::not_found, name_of(segment) + " is not at this provider");
}

void check_range(const SegmentId& segment, std::uint64_t total, std::uint64_t offset,
                 std::uint64_t length) {
    if (offset > total || length > total - offset) {
        throw Error(ErrorCode::invalid_argument, name_of(segment) + " has " +
                                                     std::to_string(total) + " bytes; " +
                                                     std::to_string(length) + " from " +
                                                     std::to_string(offset) + " on are outside");
    }
}

}  // namespace

class SegmentStore::Locked : public Guarded<Shelves> {
public:
    using Guarded<Shelves>::Guarded;
};

SegmentStore::SegmentStore(std::uint64_t capacity_bytes)
    : locked_(std::make_unique<Locked>(capacity_bytes)) {}

SegmentStore::~SegmentStore() = default;

void SegmentStore::tell(const std::vector<SegmentId>& evicted) const {
    if (evicted.empty()) return;
    locked_->with([](Shelves& shelves) { return shelves.take_evicted(); });  // the memory goes here
    if (evicted_) evicted_(evicted);
}

void SegmentStore::reserve(const GroupId& group, std::uint64_t bytes) {
    std::vector<SegmentId> evicted;
    locked_->with([&](Shelves& shelves) { shelves.reserve(group, bytes, evicted); });
    tell(evicted);
}

void SegmentStore::cancel_reservation(const GroupId& group) {
    locked_->with([&](Shelves& shelves) { shelves.cancel_reservation(group); });
}

std::shared_ptr<const UniqueFd> SegmentStore::create(const SegmentId& segment,
                                                     std::uint64_t bytes) {
    if (bytes == 0)
        throw Error(ErrorCode::invalid_argument, name_of(segment) + " would have no bytes");
    std::vector<SegmentId> evicted;
    // The segment that is there already, or nothing: then it is ours to make.
    const auto existing = locked_->wait_until(
        Clock::now() + kMakingTime,
        [&](Shelves& shelves) { return !shelves.in_making.contains(segment); },
        [&](Shelves& shelves) -> std::optional<StoredSegment> {
            if (const StoredSegment* stored = shelves.find(segment)) return *stored;
            shelves.charge(segment, bytes, evicted);
            shelves.in_making.insert(segment);
            return std::nullopt;
        });
    if (!existing)
        throw Error(ErrorCode::unavailable, name_of(segment) + " is being made by another");
    if (*existing) {
        if ((*existing)->sealed || (*existing)->bytes != bytes) {
            throw Error(ErrorCode::invalid_argument, name_of(segment) + " exists already, with " +
                                                         std::to_string((*existing)->bytes) +
                                                         " bytes" +
                                                         ((*existing)->sealed ? ", sealed" : ""));
        }
        return (*existing)->fd;
    }
    StoredSegment made;
    made.bytes = bytes;
    made.made = monotonic_now();
    try {
        tell(evicted);
        if (bytes > kSmall) {
            made.fd = make_memory(bytes);
        } else {
            made.small = std::make_shared<std::vector<std::byte>>(bytes);
        }
    } catch (...) {
        locked_->change([&](Shelves& shelves) {
            shelves.refund(segment, bytes);
            shelves.in_making.erase(segment);
        });
        throw;
    }
    return locked_->change([&](Shelves& shelves) {
        auto fd = made.fd;
        shelves.put(segment, std::move(made));
        shelves.in_making.erase(segment);
        return fd;
    });
}

void SegmentStore::write(const SegmentId& segment, std::uint64_t total_bytes, std::uint64_t offset,
                         std::span<const std::byte> from) {
    check_range(segment, total_bytes, offset, from.size());
    if (has(segment)) return;
    try {
        create(segment, total_bytes);
    } catch (const Error&) {
        if (has(segment)) return;  // sealed by another meanwhile
        throw;
    }
    const auto fd = locked_->with([&](Shelves& shelves) -> std::shared_ptr<const UniqueFd> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        if (stored->small && !stored->sealed && !from.empty()) {
            std::memcpy(stored->small->data() + offset, from.data(), from.size());
        }
        return stored->fd;
    });
    if (fd) write_memory(*fd, offset, from);
}

void SegmentStore::fill(const SegmentId& segment, std::uint64_t bytes,
                        const std::function<void(std::span<std::byte>)>& use) {
    if (const auto fd = create(segment, bytes)) {
        MappedSegment mapping(*fd, bytes, MappedSegment::Access::write);
        use(mapping.bytes());
    } else {
        std::vector<std::byte> content(bytes);
        use(content);
        write(segment, bytes, 0, content);
    }
}

void SegmentStore::seal(const SegmentId& segment, bool cached) {
    const auto fd = locked_->with([&](Shelves& shelves) -> std::shared_ptr<const UniqueFd> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        return stored->sealed ? nullptr : stored->fd;
    });
    const auto deadline = Clock::now() + kSealingTime;
    while (fd && !seal_memory(*fd)) {
        if (Clock::now() > deadline) {
            throw Error(
                ErrorCode::unavailable,
                name_of(segment) + " is still mapped by who writes it; unmap it, then try again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::vector<SegmentId> evicted;
    locked_->with([&](Shelves& shelves) {
        StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        if (stored->sealed && cached) return;  // a group may answer for it by now
        stored->sealed = true;
        shelves.set_cached(segment, cached, evicted);
    });
    tell(evicted);
}

void SegmentStore::set_cached(const SegmentId& segment, bool cached) {
    std::vector<SegmentId> evicted;
    locked_->with([&](Shelves& shelves) {
        const StoredSegment* stored = shelves.find(segment);
        if (stored != nullptr && stored->sealed) shelves.set_cached(segment, cached, evicted);
    });
    tell(evicted);
}

void SegmentStore::discard_unsealed(const SegmentId& segment) {
    locked_->with([&](Shelves& shelves) -> std::shared_ptr<StoredSegment> {
        const StoredSegment* stored = shelves.find(segment);
        return stored != nullptr && !stored->sealed ? shelves.take(segment) : nullptr;
    });
}

bool SegmentStore::has(const SegmentId& segment) const {
    return locked_->with([&](const Shelves& shelves) {
        const StoredSegment* stored = shelves.find(segment);
        return stored != nullptr && stored->sealed;
    });
}

bool SegmentStore::has_as_far_as(const SegmentId& segment, std::uint64_t bytes) {
    return locked_->with([&](Shelves& shelves) {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr || !stored->sealed) return false;
        if (stored->bytes >= bytes || !stored->cached) return true;
        shelves.take(segment);
        return false;
    });
}

bool SegmentStore::is_cached(const SegmentId& segment) const {
    return locked_->with([&](const Shelves& shelves) {
        const StoredSegment* stored = shelves.find(segment);
        return stored != nullptr && stored->cached;
    });
}

std::optional<SegmentContent> SegmentStore::open(const SegmentId& segment) const {
    return locked_->with([&](Shelves& shelves) -> std::optional<SegmentContent> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr || !stored->sealed) return std::nullopt;
        shelves.touch(segment);
        return SegmentContent{stored->bytes, stored->fd, stored->small};
    });
}

void SegmentStore::read(const SegmentId& segment, std::uint64_t offset,
                        std::span<std::byte> into) const {
    std::shared_ptr<const MappedSegment> mapping;
    const auto content = locked_->with([&](Shelves& shelves) -> std::optional<SegmentContent> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr || !stored->sealed) return std::nullopt;
        const bool ends_early = stored->cached && offset + into.size() > stored->bytes;
        if (ends_early) return std::nullopt;  // others have all of it
        shelves.touch(segment);
        mapping = stored->mapping;
        return SegmentContent{stored->bytes, stored->fd, stored->small};
    });
    if (!content) not_here(segment);
    check_range(segment, content->bytes, offset, into.size());
    if (into.empty()) return;
    if (content->small) {
        std::memcpy(into.data(), content->small->data() + offset, into.size());
        return;
    }
    if (!mapping) {
        mapping = std::make_shared<const MappedSegment>(*content->fd, content->bytes,
                                                        MappedSegment::Access::read);
        locked_->with([&](Shelves& shelves) { shelves.keep_mapping(segment, mapping); });
    }
    std::memcpy(into.data(), mapping->bytes().data() + offset, into.size());
}

void SegmentStore::drop(const SegmentId& segment) {
    locked_->with([&](Shelves& shelves) { return shelves.take(segment); });
}

std::vector<SegmentId> SegmentStore::segments_of(const GroupId& group) const {
    return locked_->with([&](const Shelves& shelves) {
        std::vector<SegmentId> found;
        const auto& all = shelves.segments();
        for (auto at = all.lower_bound({group.datum, group.block, 0, 0});
             at != all.end() && at->first.datum == group.datum && at->first.block == group.block;
             ++at) {
            found.push_back(at->first);
        }
        return found;
    });
}

std::vector<SegmentStore::Listed> SegmentStore::list() const {
    return locked_->with([&](const Shelves& shelves) {
        std::vector<Listed> all;
        all.reserve(shelves.segments().size());
        for (const auto& [id, stored] : shelves.segments()) {
            all.push_back({id, stored->sealed, stored->cached, stored->made});
        }
        return all;
    });
}

std::uint64_t SegmentStore::capacity_bytes() const {
    return locked_->with([](const Shelves& shelves) { return shelves.capacity(); });
}
std::uint64_t SegmentStore::used_bytes() const {
    return locked_->with([](const Shelves& shelves) { return shelves.used(); });
}
std::uint64_t SegmentStore::cached_bytes() const {
    return locked_->with([](const Shelves& shelves) { return shelves.cached_bytes(); });
}
std::uint64_t SegmentStore::free_bytes() const {
    return locked_->with(
        [](const Shelves& shelves) { return shelves.capacity() - shelves.used(); });
}

void SegmentStore::on_eviction(std::function<void(const std::vector<SegmentId>&)> listener) {
    evicted_ = std::move(listener);
}

}  // namespace juxta::data
