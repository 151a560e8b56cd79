#include "data_service/client/distributed_hold.h"

#include <cstring>

#include "common/base/error.h"

namespace juxta::data {
namespace {

void check_inside(const DatumDescription& datum, std::uint64_t offset, std::uint64_t length) {
    if (offset <= datum.bytes && length <= datum.bytes - offset) return;
    throw Error(ErrorCode::invalid_argument, std::to_string(length) + " bytes from byte " +
                                                 std::to_string(offset) + " on lie outside datum " +
                                                 to_string(datum.id) + ", which has " +
                                                 std::to_string(datum.bytes) + " bytes");
}

}  // namespace

DistributedReadHold::DistributedReadHold(std::unique_ptr<ReadHold> stored,
                                         distribution::Layout layout)
    : stored_(std::move(stored)), access_(std::move(layout), stored_->datum().spec) {}

PieceAccess::ReadStored DistributedReadHold::reading() {
    return [this](std::uint64_t offset, std::span<std::byte> into) {
        stored_->read(offset, into, {});
    };
}

void DistributedReadHold::read(std::uint64_t offset, std::span<std::byte> into,
                               const Progress& progress) {
    check_inside(datum(), offset, into.size());
    if (into.empty()) return;
    if (mapped_ || access_.scattered(offset, into.size())) {
        std::memcpy(into.data(), map().data() + offset, into.size());
    } else {
        access_.read(offset, into, reading());
    }
    if (progress) progress(into.size(), into.size());
}

std::span<const std::byte> DistributedReadHold::map() {
    if (!mapped_ && access_.bytes() > 0) {
        Mapping array = Mapping::anonymous(access_.bytes());
        access_.read_whole(array.bytes(), reading());
        array_ = std::move(array);
    }
    mapped_ = true;
    return array_.bytes();
}

std::vector<LocalPiece> DistributedReadHold::pieces() {
    if (access_.bytes() == 0) return {};
    LocalPiece piece;
    piece.length = access_.bytes();
    piece.segment = to_string(datum().id) + ".array." + std::to_string(version());
    piece.fd = std::make_shared<const UniqueFd>(make_memory_file(access_.bytes()));
    const Mapping array = Mapping::writable(piece.fd->get(), access_.bytes());
    access_.read_whole(array.bytes(), reading());
    return {piece};
}

DistributedWriteHold::DistributedWriteHold(std::unique_ptr<WriteHold> stored,
                                           distribution::Layout layout)
    : stored_(std::move(stored)), access_(std::move(layout), stored_->datum().spec) {}

PieceAccess::ReadStored DistributedWriteHold::reading() {
    return [this](std::uint64_t offset, std::span<std::byte> into) { stored_->read(offset, into); };
}

PieceAccess::WriteStored DistributedWriteHold::writing() {
    return [this](std::uint64_t offset, std::span<const std::byte> from) {
        stored_->write(offset, from);
    };
}

std::span<std::byte> DistributedWriteHold::whole() {
    if (array_.bytes().empty() && file_) array_ = Mapping::writable(file_->get(), access_.bytes());
    return array_.bytes();
}

void DistributedWriteHold::read(std::uint64_t offset, std::span<std::byte> into) {
    check_inside(datum(), offset, into.size());
    if (into.empty()) return;
    if (const auto array = whole(); !array.empty()) {
        std::memcpy(into.data(), array.data() + offset, into.size());
    } else {
        access_.read(offset, into, reading());
    }
}

void DistributedWriteHold::write(std::uint64_t offset, std::span<const std::byte> from,
                                 const Progress& progress) {
    check_inside(datum(), offset, from.size());
    if (from.empty()) return;
    if (const auto array = whole(); !array.empty()) {
        std::memcpy(array.data() + offset, from.data(), from.size());
    } else {
        std::uint64_t done = 0;
        access_.write(offset, from, reading(),
                      [&](std::uint64_t at, std::span<const std::byte> bytes) {
                          stored_->write(at, bytes);
                          done += bytes.size();
                          if (progress) progress(std::min(done, from.size()), from.size());
                      });
    }
    if (progress) progress(from.size(), from.size());
}

LocalPiece DistributedWriteHold::create_whole(const WholeOptions&) {
    LocalPiece piece;
    piece.length = access_.bytes();
    if (access_.bytes() == 0) return piece;
    if (!file_) {
        file_ = std::make_shared<const UniqueFd>(make_memory_file(access_.bytes()));
        array_.reset();
    }
    piece.fd = file_;
    return piece;
}

std::span<std::byte> DistributedWriteHold::map_whole() {
    if (access_.bytes() > 0 && whole().empty()) array_ = Mapping::anonymous(access_.bytes());
    return array_.bytes();
}

Version DistributedWriteHold::release() {
    if (const auto array = whole(); !array.empty()) access_.write_whole(array, writing());
    array_.reset();
    file_.reset();
    return stored_->release();
}

std::unique_ptr<ReadHold> as_array(std::unique_ptr<ReadHold> stored) {
    auto layout = distribution::stored_layout(stored->datum().spec);
    if (!layout) return stored;
    return std::make_unique<DistributedReadHold>(std::move(stored), std::move(*layout));
}

std::unique_ptr<WriteHold> as_array(std::unique_ptr<WriteHold> stored) {
    auto layout = distribution::stored_layout(stored->datum().spec);
    if (!layout) return stored;
    return std::make_unique<DistributedWriteHold>(std::move(stored), std::move(*layout));
}

}  // namespace juxta::data
