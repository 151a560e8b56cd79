// The exclusive lock of a datum, over the network and this host's provider.
//
// What is written goes into segments of this lock's token, which nobody sees before release()
// names them: new memory for the whole (create_whole, map_whole), segments of large writes, and
// small writes gathered in memory until release.
#pragma once

#include <memory>
#include <optional>

#include "data_service/client/patches.h"
#include "data_service/client/version_reader.h"

namespace juxta::data {

struct LockGrant {
    Token token = 0;
    Version base = 0;
    Extents extents;  // of the base version
};

class RemoteWriteHold final : public WriteHold {
public:
    RemoteWriteHold(std::shared_ptr<SessionCore> core, InfoPtr info, LockGrant grant,
                    std::shared_ptr<Lease> lease);
    ~RemoteWriteHold() override;

    const DatumDescription& datum() const override { return description_; }
    Token token() const override { return token_; }
    Version base() const override { return base_version_; }
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    void write(std::uint64_t offset, std::span<const std::byte> from,
               const Progress& progress) override;
    LocalPiece create_whole() override;
    std::span<std::byte> map_whole() override;
    Version release() override;
    std::vector<Movement> moved() const override { return tally_.all(); }

private:
    // New memory for the whole datum: of the local provider, a file of ours, or plain memory.
    struct Whole {
        SegmentId segment;
        std::shared_ptr<const UniqueFd> fd;  // null: in `memory` alone
        Mapping memory;
        std::optional<Member> made_at;  // the local provider that made it
    };

    void check_held() const;
    SegmentId next_segment();
    Whole& begin_whole(bool for_another_process);
    void write_whole(std::uint64_t offset, std::span<const std::byte> from);
    void read_whole(std::uint64_t offset, std::span<std::byte> into) const;
    void finish_whole();
    void finish_patches();
    void merge_if_scattered();
    // Has every member of the view hold it, whoever is primary.
    void stage(const SegmentId& segment, std::span<const std::byte> content,
               const std::optional<Member>& made_at, const Progress& progress);
    bool is_local(const ProviderContact& primary);
    void put_locally(const SegmentId& segment, std::span<const std::byte> content);
    void seal(const SegmentId& segment);
    void abandon() noexcept;

    std::shared_ptr<SessionCore> core_;
    InfoPtr info_;
    DatumDescription description_;
    const Token token_;
    const Version base_version_;
    const Extents base_;
    std::shared_ptr<Lease> lease_;
    MovementTally tally_;
    VersionReader reader_;
    Extents changes_;  // of staged segments, over the base
    Patches patches_;  // over those
    std::optional<Whole> whole_;
    std::uint32_t last_number_ = 0;
    bool over_ = false;
};

std::unique_ptr<WriteHold> take_lock(const std::shared_ptr<SessionCore>& core, const DataId& id,
                                     SessionCore::Clock::time_point deadline);

}  // namespace juxta::data
