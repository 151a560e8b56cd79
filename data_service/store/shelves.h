// What a segment store holds, and what it may still take: the accounts of SegmentStore.
//
// used = for each group the greater of its reservation and its segments, plus all cached segments.
// Cached segments give way, least recently used first, when somebody needs room. What a group must
// take (charge_owed) may go beyond the capacity; then nothing else is taken until room is back.
//
// A machine: no I/O, no thread of its own; SegmentStore guards it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "common/base/unique_fd.h"
#include "data_service/protocol/types.h"
#include "data_service/store/checksums.h"
#include "data_service/store/memory_pool.h"

namespace juxta::data {

struct StoredSegment {
    std::uint64_t bytes = 0;
    bool sealed = false;
    bool cached = false;
    Time made = 0;
    std::uint64_t last_use = 0;             // cached: its place among those that may give way
    std::shared_ptr<const UniqueFd> fd;     // large; keeps its memory
    std::shared_ptr<SegmentMemory> memory;  // large, unless it is `wiped_at_end`
    std::shared_ptr<std::vector<std::byte>> small;  // written only while unsealed
    std::shared_ptr<const MappedSegment> mapping;   // for serving reads, if kept
    std::shared_ptr<const bool> writers;            // each holds a copy; unsealed only
    std::shared_ptr<ChunkSums> sums;
    std::shared_ptr<const WipedMemory> wiped_at_end;  // large, of a group that leaves no trace
};

class Shelves {
public:
    explicit Shelves(std::uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

    // Both throw Error out_of_space. What had to give way is appended to `evicted`.
    void reserve(const GroupId& group, std::uint64_t bytes, std::vector<SegmentId>& evicted);
    void charge(const SegmentId& segment, std::uint64_t bytes, std::vector<SegmentId>& evicted);

    // Small, and already promised: never refused.
    void charge_owed(const SegmentId& segment, std::uint64_t bytes,
                     std::vector<SegmentId>& evicted);

    void cancel_reservation(const GroupId& group);
    void set_traceless(const GroupId& group, bool traceless);
    bool is_traceless(const GroupId& group) const { return traceless_.contains(group); }
    void refund(const SegmentId& segment, std::uint64_t bytes);  // of a charge that came to nothing

    // Charged before. At most one making of a segment at a time.
    void put(const SegmentId& segment, StoredSegment stored);
    StoredSegment* find(const SegmentId& segment);
    const StoredSegment* find(const SegmentId& segment) const;
    void set_cached(const SegmentId& segment, bool cached, std::vector<SegmentId>& evicted);
    void touch(const SegmentId& segment);  // used now
    // Keeps the mapping; another segment's goes if there are too many.
    void keep_mapping(const SegmentId& segment, std::shared_ptr<const MappedSegment> mapping);
    // What was there, to be destroyed outside the lock.
    std::shared_ptr<StoredSegment> take(const SegmentId& segment);
    // Those that gave way, likewise.
    std::vector<std::shared_ptr<StoredSegment>> take_evicted();

    const std::map<SegmentId, std::shared_ptr<StoredSegment>>& segments() const {
        return segments_;
    }
    std::uint64_t capacity() const { return capacity_; }
    std::uint64_t used() const { return charged_ + cached_bytes_; }
    std::uint64_t left() const { return capacity_ > used() ? capacity_ - used() : 0; }
    std::uint64_t cached_bytes() const { return cached_bytes_; }

    std::set<SegmentId> in_making;  // memory is being allocated, outside the lock

private:
    static constexpr std::size_t kMappings = 128;

    struct GroupAccount {
        std::uint64_t reserved = 0;
        std::uint64_t held = 0;  // in segments that are not cached
        std::uint64_t charged() const { return reserved > held ? reserved : held; }
    };

    void set_account(const GroupId& group, const GroupAccount& account);
    GroupAccount account_of(const GroupId& group) const;
    void make_room(const GroupId& group, std::uint64_t more, std::vector<SegmentId>& evicted);
    void evict_oldest(std::vector<SegmentId>& evicted);

    std::uint64_t capacity_;
    std::uint64_t charged_ = 0;  // sum over groups
    std::uint64_t cached_bytes_ = 0;
    std::map<GroupId, GroupAccount> groups_;
    std::set<GroupId> traceless_;
    std::map<SegmentId, std::shared_ptr<StoredSegment>> segments_;
    std::uint64_t uses_ = 0;
    std::map<std::uint64_t, SegmentId> cached_by_use_;  // least recently used first
    std::list<SegmentId> mapped_by_age_;
    std::vector<std::shared_ptr<StoredSegment>> evicted_;
};

}  // namespace juxta::data
