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
using Writer = SegmentMemory::Writer;

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

// Small segments are overwritten when they go: it costs next to nothing, so no group need ask.
std::shared_ptr<std::vector<std::byte>> small_memory(std::uint64_t bytes) {
    return {new std::vector<std::byte>(bytes), [](std::vector<std::byte>* content) {
                ::explicit_bzero(content->data(), content->size());
                delete content;
            }};
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
    locked_->with([&](Shelves& shelves) {
        shelves.cancel_reservation(group);
        shelves.set_traceless(group, false);
    });
}

void SegmentStore::leave_no_trace(const GroupId& group) {
    locked_->with([&](Shelves& shelves) { shelves.set_traceless(group, true); });
}

std::shared_ptr<const UniqueFd> SegmentStore::create(const SegmentId& segment, std::uint64_t bytes,
                                                     std::span<const ino_t> reusable) {
    return make(segment, bytes, Writer::another, reusable).fd;
}

// What a group without a trace writes is wiped when it is sealed, which needs memory that no
// mapping of ours stands in the way of.
std::shared_ptr<SegmentMemory> SegmentStore::memory_for(const SegmentId& segment,
                                                        std::uint64_t bytes, Writer writer,
                                                        std::span<const ino_t> reusable) {
    const auto [left, traceless] = locked_->with([&](const Shelves& shelves) {
        return std::pair(shelves.left(), shelves.is_traceless({segment.datum, segment.block}));
    });
    if (traceless) return std::make_shared<SegmentMemory>(bytes, Writer::another);
    auto memory = writer == Writer::us ? pool_.own(bytes) : pool_.lent(bytes, reusable);
    pool_.shrink_to(left);
    return memory;
}

// The segment that is there unsealed, or a new one.
StoredSegment SegmentStore::make(const SegmentId& segment, std::uint64_t bytes, Writer writer,
                                 std::span<const ino_t> reusable) {
    if (bytes == 0)
        throw Error(ErrorCode::invalid_argument, name_of(segment) + " would have no bytes");
    std::vector<SegmentId> evicted;
    std::shared_ptr<StoredSegment> replaced;
    // The segment that is there already, or nothing: then it is ours to make.
    const auto existing = locked_->wait_until(
        Clock::now() + kMakingTime,
        [&](Shelves& shelves) { return !shelves.in_making.contains(segment); },
        [&](Shelves& shelves) -> std::optional<StoredSegment> {
            if (const StoredSegment* stored = shelves.find(segment)) {
                // Nobody else can write into memory of ours: it begins anew in other memory.
                const bool is_in_the_way = !stored->sealed && writer == Writer::another &&
                                           stored->memory && stored->memory->own() != nullptr;
                if (!is_in_the_way) return *stored;
                replaced = shelves.take(segment);
            }
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
        return **existing;
    }
    StoredSegment made;
    made.bytes = bytes;
    made.made = monotonic_now();
    made.writers = std::make_shared<const bool>();
    try {
        tell(evicted);
        made.sums = std::make_shared<ChunkSums>(bytes);
        if (bytes > kSmall) {
            made.memory = memory_for(segment, bytes, writer, reusable);
            made.fd = {made.memory, &made.memory->fd()};
        } else {
            made.small = small_memory(bytes);
        }
    } catch (...) {
        locked_->change([&](Shelves& shelves) {
            shelves.refund(segment, bytes);
            shelves.in_making.erase(segment);
        });
        throw;
    }
    locked_->change([&](Shelves& shelves) {
        shelves.put(segment, made);
        shelves.in_making.erase(segment);
    });
    return made;
}

void SegmentStore::write(const SegmentId& segment, std::uint64_t total_bytes, std::uint64_t offset,
                         std::span<const std::byte> from) {
    check_range(segment, total_bytes, offset, from.size());
    if (has(segment)) return;
    try {
        make(segment, total_bytes, Writer::us, {});
    } catch (const Error&) {
        if (has(segment)) return;  // sealed by another meanwhile
        throw;
    }
    // While this lives it is not sealed.
    const auto target = locked_->with([&](Shelves& shelves) -> std::optional<StoredSegment> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        if (stored->sealed || from.empty()) return std::nullopt;
        if (stored->small) {
            std::memcpy(stored->small->data() + offset, from.data(), from.size());
            return std::nullopt;
        }
        return *stored;
    });
    if (!target) return;
    if (std::byte* own = target->memory->own()) {
        std::memcpy(own + offset, from.data(), from.size());
    } else {
        write_memory(*target->fd, offset, from);
    }
}

void SegmentStore::fill(const SegmentId& segment, std::uint64_t bytes,
                        const std::function<void(std::span<std::byte>)>& use) {
    const StoredSegment target = make(segment, bytes, Writer::us, {});
    if (target.small) {
        std::vector<std::byte> content(bytes);
        use(content);
        write(segment, bytes, 0, content);
    } else if (std::byte* own = target.memory->own()) {
        use({own, static_cast<std::size_t>(bytes)});
    } else {
        MappedSegment mapping(*target.fd, bytes, MappedSegment::Access::write);
        use(mapping.bytes());
    }
}

void SegmentStore::put_small(const SegmentId& segment, std::span<const std::byte> content,
                             bool owed) {
    StoredSegment made;
    made.bytes = content.size();
    made.made = monotonic_now();
    made.sealed = true;
    made.sums = std::make_shared<ChunkSums>(made.bytes);
    made.small = small_memory(made.bytes);
    std::memcpy(made.small->data(), content.data(), content.size());
    std::vector<SegmentId> evicted;
    locked_->with([&](Shelves& shelves) -> std::shared_ptr<StoredSegment> {
        const StoredSegment* before = shelves.find(segment);
        if (before != nullptr && before->sealed) {
            shelves.set_cached(segment, false, evicted);
            return nullptr;
        }
        auto unsealed = shelves.take(segment);
        if (owed) {
            shelves.charge_owed(segment, made.bytes, evicted);
        } else {
            shelves.charge(segment, made.bytes, evicted);
        }
        shelves.put(segment, std::move(made));
        return unsealed;  // goes outside the lock
    });
    tell(evicted);
}

void SegmentStore::seal(const SegmentId& segment, bool cached) { seal_as(segment, cached, false); }

void SegmentStore::seal_kept_by_writer(const SegmentId& segment) { seal_as(segment, false, true); }

// Returns once nobody can write any more.
void SegmentStore::close_to_writers(const SegmentId& segment, StoredSegment stored,
                                    bool kept_by_writer) const {
    const std::weak_ptr<const bool> writers = std::exchange(stored.writers, nullptr);
    const auto is_closed = [&] {
        if (writers.use_count() > 1) return false;  // more than the store's
        if (stored.small || stored.memory->own() != nullptr) return true;
        if (!kept_by_writer) return seal_memory(*stored.fd);
        seal_against_others(*stored.fd);
        stored.memory->keep();
        return true;
    };
    const auto deadline = Clock::now() + kSealingTime;
    while (!is_closed()) {
        if (Clock::now() > deadline) {
            throw Error(
                ErrorCode::unavailable,
                name_of(segment) + " is still mapped by who writes it; unmap it, then try again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

// Of a group that leaves no trace the content moves into memory that only the store can write to.
void SegmentStore::seal_as(const SegmentId& segment, bool cached, bool kept_by_writer) {
    bool traceless = false;
    auto open = locked_->with([&](Shelves& shelves) -> std::optional<StoredSegment> {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        traceless = shelves.is_traceless({segment.datum, segment.block});
        if (stored->sealed) return std::nullopt;
        return *stored;
    });
    std::shared_ptr<const WipedMemory> wiped;
    if (open && open->fd && traceless && open->memory->own() == nullptr) {
        wiped = std::make_shared<const WipedMemory>(*open->fd, open->bytes);
    } else if (open) {
        close_to_writers(segment, *std::move(open), kept_by_writer);
    }
    std::vector<SegmentId> evicted;
    std::shared_ptr<SegmentMemory> unwiped;  // goes outside the lock
    locked_->with([&](Shelves& shelves) {
        StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr) not_here(segment);
        if (stored->sealed && cached) return;  // a group may answer for it by now
        if (wiped && !stored->sealed) {
            stored->fd = wiped->fd();
            stored->wiped_at_end = wiped;
            unwiped = std::exchange(stored->memory, nullptr);
        }
        stored->sealed = true;
        stored->writers = nullptr;
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

std::uint32_t SegmentStore::read(const SegmentId& segment, std::uint64_t offset,
                                 std::span<std::byte> into) const {
    std::shared_ptr<ChunkSums> sums;
    const auto content = content_of(segment, [&](const StoredSegment& stored) {
        sums = stored.sums;
        const bool ends_early = stored.cached && offset + into.size() > stored.bytes;
        return !ends_early;  // others have all of it
    });
    if (!content) not_here(segment);
    check_range(segment, content->bytes, offset, into.size());
    if (into.empty()) return 0;
    std::memcpy(into.data(), content->first + offset, into.size());
    const std::size_t chunk = static_cast<std::size_t>(offset / kChunk);
    const bool is_chunk = offset % kChunk == 0 &&
                          into.size() == std::min<std::uint64_t>(kChunk, content->bytes - offset);
    if (!is_chunk) return crc32c(into);
    if (const auto known = sums->of(chunk)) return *known;
    const std::uint32_t crc = crc32c(into);
    sums->set(chunk, crc);
    return crc;
}

void SegmentStore::look_at(const SegmentId& segment,
                           const std::function<void(std::span<const std::byte>)>& use) const {
    const auto content = content_of(segment, [](const StoredSegment&) { return true; });
    if (!content) not_here(segment);
    use({content->first, static_cast<std::size_t>(content->bytes)});
}

std::shared_ptr<ChunkSums> SegmentStore::sums(const SegmentId& segment) const {
    return locked_->with([&](const Shelves& shelves) -> std::shared_ptr<ChunkSums> {
        const StoredSegment* stored = shelves.find(segment);
        return stored == nullptr ? nullptr : stored->sums;
    });
}

bool SegmentStore::is_intact(const SegmentId& segment) const {
    const auto known = sums(segment);
    if (!known || !has(segment)) return true;
    bool intact = true;
    look_at(segment, [&](std::span<const std::byte> content) { intact = known->agree(content); });
    return intact;
}

// What is kept alive of a sealed segment while somebody reads it. nullopt: not here, or `wanted`
// does not want it.
std::optional<SegmentStore::Readable> SegmentStore::content_of(
    const SegmentId& segment, const std::function<bool(const StoredSegment&)>& wanted) const {
    Readable found;
    const bool is_here = locked_->with([&](Shelves& shelves) {
        const StoredSegment* stored = shelves.find(segment);
        if (stored == nullptr || !stored->sealed || !wanted(*stored)) return false;
        shelves.touch(segment);
        found = {stored->bytes, nullptr, stored->small, stored->fd, stored->mapping};
        if (stored->memory) found.first = stored->memory->own();
        return true;
    });
    if (!is_here) return std::nullopt;
    if (found.first != nullptr) return found;
    if (!found.small && !found.mapping) {
        found.mapping = std::make_shared<const MappedSegment>(*found.fd, found.bytes,
                                                              MappedSegment::Access::read);
        locked_->with([&](Shelves& shelves) { shelves.keep_mapping(segment, found.mapping); });
    }
    found.first = found.small ? found.small->data() : found.mapping->bytes().data();
    return found;
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
    return locked_->with([](const Shelves& shelves) { return shelves.left(); });
}

std::uint64_t SegmentStore::idle_bytes() const { return pool_.idle_bytes(); }

void SegmentStore::tidy(std::chrono::seconds idle) {
    pool_.drop_idle_since(MemoryPool::Clock::now() - idle);
}

void SegmentStore::on_eviction(std::function<void(const std::vector<SegmentId>&)> listener) {
    evicted_ = std::move(listener);
}

}  // namespace juxta::data
