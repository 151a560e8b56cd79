// The bytes of a provider: immutable segments, in memory that was reserved before anything was
// promised.
//
// A segment is written once (by a local process through a descriptor, by uploads, or by a fetch),
// sealed, and never changes again. Segments up to kSmall are kept as plain bytes; larger ones are
// memfds of their own, sealed against writing and resizing, so that other processes of the host
// map them. Their memory is used again for others when they are dropped and nobody holds a
// SegmentContent of them (memory_pool.h).
//
// Accounting: every copy of a group reserves its size; segments of a group count against its
// reservation first and against free memory for what is beyond (a second version while the first
// is still read). Cached segments count against free memory and are dropped, least recently used
// first, when somebody needs it. Never SIGBUS, never the OOM killer: what does not fit is refused
// with out_of_space, which names the sizes.
//
// Threading: any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/base/unique_fd.h"
#include "data_service/protocol/types.h"
#include "data_service/store/checksums.h"
#include "data_service/store/memory_pool.h"

namespace juxta::data {

struct StoredSegment;

// The content of a sealed segment. Holding it keeps the memory as it is, also after a drop(); who
// passes the descriptor to another process holds it until that has unmapped it.
struct SegmentContent {
    std::uint64_t bytes = 0;
    std::shared_ptr<const UniqueFd> fd;  // large: map the first `bytes` of it read-only
    std::shared_ptr<const std::vector<std::byte>> small;  // small: the bytes
};

class SegmentStore {
public:
    static constexpr std::uint64_t kSmall = 64 * 1024;

    explicit SegmentStore(std::uint64_t capacity_bytes);
    ~SegmentStore();

    // -- reservations: idempotent by group ------------------------------------------------------
    void reserve(const GroupId& group, std::uint64_t bytes);  // out_of_space
    // From now on the memory of the group's segments is overwritten with zeroes when it is freed.
    void leave_no_trace(const GroupId& group);
    void cancel_reservation(const GroupId& group);  // its segments stay, as they are

    // -- writing ---------------------------------------------------------------------------------
    // Makes a segment to be written; the descriptor is writable. If it exists unsealed, that one;
    // if it is sealed, invalid_argument. Small segments give no descriptor: use write().
    // `reusable`: files that the writer has mapped since it wrote an earlier segment, sealed as
    // kept_by_writer; one of them may be lent to it again.
    std::shared_ptr<const UniqueFd> create(const SegmentId& segment, std::uint64_t bytes,
                                           std::span<const ino_t> reusable = {});
    // Copies in; creates the segment if need be. Ignored if it is sealed already (a repeat).
    void write(const SegmentId& segment, std::uint64_t total_bytes, std::uint64_t offset,
               std::span<const std::byte> from);
    // A small segment at once, sealed. Ignored if it is here. `owed`: whatever memory is left, for
    // who sends it has been promised that it is taken.
    void put_small(const SegmentId& segment, std::span<const std::byte> content, bool owed = false);
    // A writable range over the whole segment, for a receiver to fill in place, while `use` runs.
    // If `use` throws, what was made stays unsealed.
    void fill(const SegmentId& segment, std::uint64_t bytes,
              const std::function<void(std::span<std::byte>)>& use);
    // From now on immutable. Repeats are harmless. unavailable: somebody still has it mapped
    // writable. `cached`: may be dropped when memory is short.
    void seal(const SegmentId& segment, bool cached = false);
    // The same for what a worker of this host's servers wrote, which is trusted to write no more
    // through the mapping that it keeps.
    void seal_kept_by_writer(const SegmentId& segment);
    // A cached segment becomes one that a group answers for, or the other way round.
    void set_cached(const SegmentId& segment, bool cached);
    void discard_unsealed(const SegmentId& segment);

    // -- reading ---------------------------------------------------------------------------------
    bool has(const SegmentId& segment) const;  // sealed
    // Sealed, and whole as far as `bytes`. A cached one may be only the beginning of its segment,
    // which was all that its version needed; if that is not enough it is dropped.
    bool has_as_far_as(const SegmentId& segment, std::uint64_t bytes);
    bool is_cached(const SegmentId& segment) const;
    std::optional<SegmentContent> open(const SegmentId& segment) const;
    // Copies out; returns the CRC32C of what these bytes were when the segment was made, as far as
    // that is known. not_found, invalid_argument (outside).
    std::uint32_t read(const SegmentId& segment, std::uint64_t offset,
                       std::span<std::byte> into) const;
    // The whole of a sealed segment, while `use` runs. not_found.
    void look_at(const SegmentId& segment,
                 const std::function<void(std::span<const std::byte>)>& use) const;
    // Its sums, kept with it and filled in by whoever computes them; null if it is not here.
    std::shared_ptr<ChunkSums> sums(const SegmentId& segment) const;
    // False: its memory has changed since a sum of it was taken.
    bool is_intact(const SegmentId& segment) const;

    // Sealed or not; no failure if it is not there.
    void drop(const SegmentId& segment);
    std::vector<SegmentId> segments_of(const GroupId& group) const;  // sealed or not

    // Everything in the store, for those who look for garbage.
    struct Listed {
        SegmentId id;
        bool sealed = false;
        bool cached = false;
        Time made = 0;  // monotonic_now() then
    };
    std::vector<Listed> list() const;

    std::uint64_t capacity_bytes() const;
    std::uint64_t used_bytes() const;    // reserved or in segments
    std::uint64_t cached_bytes() const;  // of these, what gives way when somebody needs room
    std::uint64_t free_bytes() const;
    std::uint64_t idle_bytes() const;  // of dropped segments, to be used again; not in used_bytes()

    // Gives back memory that has not been used again for `idle`; call now and then.
    void tidy(std::chrono::seconds idle);

    // Called (outside any lock) with cached segments that were dropped to make room.
    // Set it before other threads come.
    void on_eviction(std::function<void(const std::vector<SegmentId>&)> listener);

private:
    class Locked;
    struct Readable {
        std::uint64_t bytes = 0;
        const std::byte* first = nullptr;
        std::shared_ptr<const std::vector<std::byte>> small;
        std::shared_ptr<const UniqueFd> fd;
        std::shared_ptr<const MappedSegment> mapping;
    };
    StoredSegment make(const SegmentId& segment, std::uint64_t bytes, SegmentMemory::Writer writer,
                       std::span<const ino_t> reusable);
    std::shared_ptr<SegmentMemory> memory_for(const SegmentId& segment, std::uint64_t bytes,
                                              SegmentMemory::Writer writer,
                                              std::span<const ino_t> reusable);
    void close_to_writers(const SegmentId& segment, StoredSegment stored,
                          bool kept_by_writer) const;
    void seal_as(const SegmentId& segment, bool cached, bool kept_by_writer);
    std::optional<Readable> content_of(
        const SegmentId& segment, const std::function<bool(const StoredSegment&)>& wanted) const;
    void tell(const std::vector<SegmentId>& evicted) const;
    MemoryPool pool_;
    std::unique_ptr<Locked> locked_;
    std::function<void(const std::vector<SegmentId>&)> evicted_;
};

}  // namespace juxta::data
