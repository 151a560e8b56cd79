// The exclusive lock of a datum, over the network and this host's provider.
//
// What is written goes into segments of this lock's token, which nobody sees before release()
// names them: new memory for the whole (create_whole, map_whole), segments of large writes, and
// small writes gathered in memory until release. Every segment is of one block; it is staged at
// that block's primary, but for the last small ones of block 0, which travel in the release itself.
#pragma once

#include <memory>
#include <optional>

#include "data_service/client/held_version.h"
#include "data_service/client/patches.h"
#include "data_service/client/segment_stage.h"
#include "data_service/client/version_reader.h"

namespace juxta::data {

struct LockGrant {
    ClientId client;  // borrowed from the session; the hold gives it back
    Token token = 0;
    Version base = 0;
    Extents extents;               // of the base version, with offsets in the datum
    std::shared_ptr<Lease> lease;  // null: another process renews it, and keeps the lock
    HeldVersionPtr pinned;         // the base version, where the lock is not known to keep it
};

class RemoteWriteHold final : public WriteHold {
public:
    RemoteWriteHold(std::shared_ptr<SessionCore> core, InfoPtr info, LockGrant grant);
    ~RemoteWriteHold() override;

    const DatumDescription& datum() const override { return description_; }
    Token token() const override { return grant_.token; }
    Version base() const override { return grant_.base; }
    bool lost() const override { return grant_.lease && grant_.lease->lost; }
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    void write(std::uint64_t offset, std::span<const std::byte> from,
               const Progress& progress) override;
    LocalPiece create_whole(const WholeOptions& options) override;
    std::span<std::byte> map_whole() override;
    Version release() override;
    std::vector<Movement> moved() const override { return tally_.all(); }

private:
    // New memory for the whole datum: of the local provider, a file of ours, or plain memory.
    struct Whole {
        SegmentId segment;                   // where the local provider made it
        std::shared_ptr<const UniqueFd> fd;  // null: in `memory` alone
        Mapping memory;
        std::optional<MadeHere> made;  // by this host's provider
    };
    // Small segments that travel in the release, all of block 0.
    struct CarriedSmall {
        SegmentId segment;
        std::vector<std::byte> content;
    };

    bool is_resumed() const { return !grant_.lease; }
    void check_held() const;
    SegmentId next_segment(BlockNumber block);
    Whole& begin_whole(const WholeOptions* for_another_process);
    void write_whole(std::uint64_t offset, std::span<const std::byte> from);
    void read_whole(std::uint64_t offset, std::span<std::byte> into) const;
    void finish_whole();
    void stage_whole(std::span<const std::byte> content);
    void finish_patches(bool may_carry);
    void merge_scattered();
    Version commit();
    void abandon() noexcept;

    std::shared_ptr<SessionCore> core_;
    InfoPtr info_;
    DatumDescription description_;
    const BlockMap map_;
    LockGrant grant_;
    MovementTally tally_;
    VersionReader reader_;
    SegmentStage stage_;
    Extents changes_;  // of staged segments, over the base
    Patches patches_;  // over those
    std::optional<Whole> whole_;
    std::optional<CarriedSmall> carried_;
    std::uint32_t last_number_ = 0;
    bool over_ = false;
};

}  // namespace juxta::data
