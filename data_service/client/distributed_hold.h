// Holds of a distributed datum whose users see its array: row-major, as if it were not distributed.
//
// They stand before the holds of its stored bytes. Reading scattered parts, mapping, and passing to
// another process bring the whole array to this process: its users asked for it in one piece. Those
// who want the piece of one place ask for the stored bytes (ReadOptions::as_stored).
//
// Threading: as ReadHold and WriteHold.
#pragma once

#include <memory>

#include "data_service/client/mapping.h"
#include "data_service/client/piece_access.h"
#include "data_service/core/data_access.h"

namespace juxta::data {

class DistributedReadHold final : public ReadHold {
public:
    DistributedReadHold(std::unique_ptr<ReadHold> stored, distribution::Layout layout);

    const DatumDescription& datum() const override { return stored_->datum(); }
    Version version() const override { return stored_->version(); }
    Token token() const override { return stored_->token(); }
    bool lost() const override { return stored_->lost(); }
    void read(std::uint64_t offset, std::span<std::byte> into, const Progress& progress) override;
    std::span<const std::byte> map() override;
    // In a file of this process's: the array is nobody's segment.
    std::vector<LocalPiece> pieces() override;
    std::vector<Movement> moved() const override { return stored_->moved(); }

private:
    PieceAccess::ReadStored reading();

    std::unique_ptr<ReadHold> stored_;
    PieceAccess access_;
    Mapping array_;
    bool mapped_ = false;
};

class DistributedWriteHold final : public WriteHold {
public:
    DistributedWriteHold(std::unique_ptr<WriteHold> stored, distribution::Layout layout);

    const DatumDescription& datum() const override { return stored_->datum(); }
    Token token() const override { return stored_->token(); }
    Version base() const override { return stored_->base(); }
    bool lost() const override { return stored_->lost(); }
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    void write(std::uint64_t offset, std::span<const std::byte> from,
               const Progress& progress) override;
    // A file of this process's, filled without a provider: the pieces are made of it at release().
    LocalPiece create_whole(const WholeOptions&) override;
    std::span<std::byte> map_whole() override;
    Version release() override;
    std::vector<Movement> moved() const override { return stored_->moved(); }

private:
    PieceAccess::ReadStored reading();
    PieceAccess::WriteStored writing();
    std::span<std::byte> whole();

    std::unique_ptr<WriteHold> stored_;
    PieceAccess access_;
    // The new array in the making, if it is made as a whole:
    std::shared_ptr<const UniqueFd> file_;
    Mapping array_;
};

// The hold itself if the datum is not distributed, else one of these before it.
std::unique_ptr<ReadHold> as_array(std::unique_ptr<ReadHold> stored);
std::unique_ptr<WriteHold> as_array(std::unique_ptr<WriteHold> stored);

}  // namespace juxta::data
