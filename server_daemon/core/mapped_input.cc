#include "server_daemon/core/mapped_input.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta::sed {
namespace {

[[noreturn]] void broken(const data::LocalPiece& piece) {
    throw Error(ErrorCode::internal, "segment " + piece.segment + " does not hold the " +
                                         std::to_string(piece.length) + " bytes it should");
}

struct stat file_of(const data::LocalPiece& piece) {
    struct stat about {};
    if (::fstat(piece.fd->get(), &about) != 0 || about.st_size < 0) broken(piece);
    const auto there = static_cast<std::uint64_t>(about.st_size);
    if (piece.fd_offset > there || piece.length > there - piece.fd_offset) broken(piece);
    return about;
}

void check_within(const data::LocalPiece& piece, std::uint64_t size) {
    const std::uint64_t there = piece.fd ? piece.length : piece.bytes.size();
    if (piece.offset > size || piece.length > size - piece.offset || there != piece.length)
        broken(piece);
}

void copy_piece(const data::LocalPiece& piece, std::span<std::byte> into) {
    std::byte* target = into.data() + piece.offset;
    if (!piece.fd) {
        if (piece.length > 0) std::memcpy(target, piece.bytes.data(), piece.length);
        return;
    }
    std::uint64_t done = 0;
    while (done < piece.length) {
        const ssize_t got = ::pread(piece.fd->get(), target + done, piece.length - done,
                                    static_cast<off_t>(piece.fd_offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) broken(piece);
        done += static_cast<std::uint64_t>(got);
    }
}

bool can_be_mapped_into(const data::LocalPiece& piece, std::uint64_t size) {
    const bool whole_pages = piece.length % kPage == 0 || piece.offset + piece.length == size;
    return piece.fd && piece.offset % kPage == 0 && piece.fd_offset % kPage == 0 && whole_pages &&
           piece.length > 0;
}

}  // namespace

void copy_pieces(const std::vector<data::LocalPiece>& pieces, std::span<std::byte> into) {
    std::uint64_t covered = 0;
    for (const data::LocalPiece& piece : pieces) {
        check_within(piece, into.size());
        covered += piece.length;
    }
    if (covered < into.size()) std::memset(into.data(), 0, into.size());
    for (const data::LocalPiece& piece : pieces) copy_piece(piece, into);
}

MappedInputs::MappedInputs() : MappedInputs(Limits{}) {}
MappedInputs::MappedInputs(Limits limits) : limits_(limits) {}

MappedInputs::~MappedInputs() {
    limits_ = {0, 0};
    ++call_;
    end_call();
}

std::span<const std::byte> MappedInputs::map(const std::vector<data::LocalPiece>& pieces,
                                             std::uint64_t size) {
    for (const data::LocalPiece& piece : pieces) check_within(piece, size);
    if (size == 0) return {};
    if (pieces.size() == 1 && pieces[0].fd && pieces[0].length == size) return map_kept(pieces[0]);
    return map_parts(pieces, size);
}

std::span<const std::byte> MappedInputs::map_kept(const data::LocalPiece& piece) {
    const struct stat about = file_of(piece);
    const auto same = [&](const Kept& kept) {
        return kept.segment == piece.segment && kept.offset == piece.fd_offset &&
               kept.mapped.size() == piece.length && kept.device == about.st_dev &&
               kept.file == about.st_ino;
    };
    if (!piece.segment.empty()) {
        if (const auto known = std::ranges::find_if(kept_, same); known != kept_.end()) {
            known->last_call = call_;
            return known->mapped;
        }
    }
    const auto mapped = map_file(piece.fd->get(), piece.fd_offset, piece.length, PROT_READ);
    if (piece.segment.empty()) {
        of_this_call_.push_back(mapped);
    } else {
        kept_.push_back(
            {piece.segment, piece.fd_offset, about.st_dev, about.st_ino, mapped, call_});
    }
    return mapped;
}

std::span<const std::byte> MappedInputs::map_parts(const std::vector<data::LocalPiece>& pieces,
                                                   std::uint64_t size) {
    void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        throw Error(ErrorCode::out_of_space, "no memory for " + std::to_string(size) + " bytes");
    }
    const std::span<std::byte> range{static_cast<std::byte*>(start), size};
    of_this_call_.push_back(range);
    for (const data::LocalPiece& piece : pieces) {
        if (!can_be_mapped_into(piece, size)) {
            copy_piece(piece, range);
            continue;
        }
        file_of(piece);
        void* at =
            ::mmap(range.data() + piece.offset, piece.length, PROT_READ, MAP_SHARED | MAP_FIXED,
                   piece.fd->get(), static_cast<off_t>(piece.fd_offset));
        if (at == MAP_FAILED)
            throw Error(ErrorCode::out_of_space, "no room to map segment " + piece.segment);
    }
    return range;
}

void MappedInputs::end_call() {
    for (const auto& mapped : of_this_call_) unmap_file(mapped);
    of_this_call_.clear();
    std::uint64_t bytes = 0;
    for (const Kept& kept : kept_) bytes += kept.mapped.size();
    std::ranges::sort(kept_, {}, &Kept::last_call);
    auto first = kept_.begin();
    while (first != kept_.end() &&
           (static_cast<std::size_t>(kept_.end() - first) > limits_.mappings ||
            bytes > limits_.bytes)) {
        bytes -= first->mapped.size();
        unmap_file(first->mapped);
        ++first;
    }
    kept_.erase(kept_.begin(), first);
    ++call_;
}

}  // namespace juxta::sed
