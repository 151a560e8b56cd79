// The memory of large segments, used again and again: pages that are there and mapped cost nothing,
// new ones cost several times what filling them does.
//
// Two kinds, after who writes. Own memory is written by this process alone: through a mapping that
// it keeps, sealed against everybody else from its birth. Lent memory is written by another process
// through its descriptor; what becomes of it is decided when it is sealed (SegmentMemory::keep):
// sealed against all writing, it is never used again; kept by a writer that this host's services
// trust (a worker of a SeD, which holds its mapping and makes it read-only meanwhile), it is lent
// again to whoever names it. Memory of another user is never in the same pool.
//
// Memory comes back when the last shared pointer to it goes: those that hand out its descriptor
// keep one as long as somebody may have it mapped.
//
// Threading: any thread. Memory may outlive its pool.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/base/guarded.h"
#include "common/base/unique_fd.h"
#include "data_service/store/memory_segment.h"

namespace juxta::data {

// One memfd with all its pages.
class SegmentMemory {
public:
    enum class Writer { us, another };

    // Throws Error out_of_space.
    SegmentMemory(std::uint64_t bytes, Writer writer);

    std::uint64_t capacity_bytes() const { return bytes_; }
    const UniqueFd& fd() const { return *fd_; }
    ino_t file() const { return file_; }
    // Ours, writable; null of lent memory.
    std::byte* own() const { return mapping_ ? mapping_->bytes().data() : nullptr; }

    // Lent memory: its writer keeps it mapped, and writes only when it is lent to it again.
    void keep() { kept_by_writer_ = true; }
    bool is_kept_by_writer() const { return kept_by_writer_; }
    bool is_reusable() const { return mapping_ || kept_by_writer_; }

private:
    std::uint64_t bytes_;
    std::shared_ptr<const UniqueFd> fd_;
    ino_t file_ = 0;
    std::unique_ptr<MappedSegment> mapping_;
    bool kept_by_writer_ = false;
};

class MemoryPool {
public:
    using Clock = std::chrono::steady_clock;

    MemoryPool() : state_(std::make_shared<Guarded<State>>()) {}

    // At least `bytes`. Throws Error out_of_space. What is in it is whatever was there.
    std::shared_ptr<SegmentMemory> own(std::uint64_t bytes);
    // One of `reusable` (files that its next writer has mapped), if it is idle here and large
    // enough; else new.
    std::shared_ptr<SegmentMemory> lent(std::uint64_t bytes, std::span<const ino_t> reusable);

    // Gives back what nobody uses: the oldest above `bytes`, and what lies idle since `before`.
    void shrink_to(std::uint64_t bytes);
    void drop_idle_since(Clock::time_point before);

    std::uint64_t idle_bytes() const;

private:
    struct Idle {
        std::unique_ptr<SegmentMemory> memory;
        Clock::time_point since;
    };
    struct State {
        std::vector<Idle> idle;  // oldest first
        std::uint64_t bytes = 0;
    };
    using Shared = std::shared_ptr<Guarded<State>>;

    template <class Fits>
    std::unique_ptr<SegmentMemory> take(const Fits& fits);
    // The oldest first.
    template <class Surplus>
    void drop_while(const Surplus& surplus);
    std::shared_ptr<SegmentMemory> on_loan(std::unique_ptr<SegmentMemory> memory) const;

    Shared state_;
};

}  // namespace juxta::data
