// Copies on a provider's disk: what is needed to be the same member again after a restart. Segments
// above SegmentStore::kSmall are files (segment_file.h), small ones and the copies' own state are
// in a catalogue (disk_catalogue.h). Memory stays the place that serves; the disk is its record.
//
// Room is set aside before anything is promised: a reservation counts with what its file will
// take, and the disk is asked whether it has that much. What does not fit is refused with
// out_of_space. Every other failure of the disk is final: `internal`, and nothing that depends on
// it may be acknowledged any more.
//
// A catalogue that is damaged as a whole is set aside ("<folder>.damaged"), and the disk is empty.
//
// Threading: any thread. Calls return when what they wrote is on disk.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "common/base/guarded.h"
#include "data_service/store/checksums.h"
#include "data_service/store/disk_catalogue.h"
#include "data_service/store/shelves.h"

namespace juxta::data {

class DiskStore {
public:
    // Makes the folder if need be; leftovers of writes that did not end go. Throws Error:
    // unavailable (another process has it), internal (the disk does not answer).
    DiskStore(std::filesystem::path folder, std::uint64_t capacity_bytes);
    ~DiskStore();

    // -- what was found at the start --------------------------------------------------------------
    // Their reservations count already. Given out once.
    std::vector<DiskCopy> take_copies();
    // Of the group, with sizes, as the disk tells them: nothing of them has been read.
    std::map<SegmentId, std::uint64_t> segments_of(const GroupId& group) const;

    // -- room: idempotent by group
    // -----------------------------------------------------------------
    void reserve(const GroupId& group, std::uint64_t bytes);  // out_of_space
    void cancel_reservation(const GroupId& group);
    // Room for a small segment that a batch will bring; without this a batch takes it anyway.
    void expect(const SegmentId& segment, std::uint64_t bytes);  // out_of_space

    // -- writing
    // ------------------------------------------------------------------------------------- A large
    // segment. Nothing if it is there. out_of_space, internal.
    void put(const SegmentId& segment, std::span<const std::byte> content, const ChunkSums& sums);
    // The same over a file that is there and damaged.
    void rewrite(const SegmentId& segment, std::span<const std::byte> content,
                 const ChunkSums& sums);
    // All of it or, with internal, nobody knows what. `dropped` may name large ones, too: their
    // files go after the rest is on disk.
    void commit(const DiskBatch& batch);
    // The copy and all its segments and room.
    void forget(const GroupId& group);
    void drop(const SegmentId& segment);

    // -- reading
    // --------------------------------------------------------------------------------------- The
    // whole of it, with its sums. False: not there, or damaged.
    bool read(const SegmentId& segment, std::span<std::byte> into, ChunkSums& sums);
    // Reads all of it. False: damaged; true also if it is not there.
    bool is_intact(const SegmentId& segment);
    // The one after `segment`, round and round. nullopt: none at all.
    std::optional<SegmentId> after(const SegmentId& segment) const;

    std::uint64_t capacity_bytes() const { return capacity_; }
    std::uint64_t used_bytes() const;
    const std::filesystem::path& folder() const { return folder_; }

private:
    struct State {
        explicit State(std::uint64_t capacity) : room(capacity) {}
        Shelves room;                                 // accounts only
        std::map<SegmentId, std::uint64_t> held;      // on disk; bytes of content
        std::map<SegmentId, std::uint64_t> expected;  // there is room for them
        std::set<SegmentId> writing;
        std::vector<DiskCopy> found;
    };

    void open();
    void find_files();
    void remember(State& state, const SegmentId& segment, std::uint64_t bytes);
    void write(const SegmentId& segment, std::span<const std::byte> content, const ChunkSums& sums);

    const std::filesystem::path folder_;
    const std::filesystem::path files_;
    const std::uint64_t capacity_;
    Guarded<State> state_;
    Guarded<std::unique_ptr<DiskCatalogue>> catalogue_;
};

}  // namespace juxta::data
