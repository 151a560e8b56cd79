// Data arguments in a worker's memory: mapped where they are, read-only, as one range each.
//
// A version that is one piece of one segment stays mapped after the call, so that the next call
// that reads it finds its pages in place; the names of segments tell that the bytes are the same,
// the file's identity that the memory is. What was not used for longest goes first.
//
// Threading: the worker's main thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data_service/core/data_access.h"

namespace juxta::sed {

class MappedInputs {
public:
    struct Limits {
        std::size_t mappings = 32;
        std::uint64_t bytes = std::uint64_t{1} << 30;
    };

    explicit MappedInputs(Limits limits);
    MappedInputs();
    ~MappedInputs();
    MappedInputs(const MappedInputs&) = delete;
    MappedInputs& operator=(const MappedInputs&) = delete;

    // `size` bytes made of `pieces`; zero where there is none. Valid until end_call(). Throws Error
    // internal if a piece is not within the range or its file, out_of_space.
    std::span<const std::byte> map(const std::vector<data::LocalPiece>& pieces, std::uint64_t size);

    // Unmaps what is not kept, and of what is kept the oldest above the limits.
    void end_call();

    std::size_t kept() const { return kept_.size(); }

private:
    struct Kept {
        std::string segment;
        std::uint64_t offset = 0;
        dev_t device = 0;
        ino_t file = 0;
        std::span<std::byte> mapped;
        std::uint64_t last_call = 0;
    };

    std::span<const std::byte> map_kept(const data::LocalPiece& piece);
    std::span<const std::byte> map_parts(const std::vector<data::LocalPiece>& pieces,
                                         std::uint64_t size);

    Limits limits_;
    std::uint64_t call_ = 1;
    std::vector<Kept> kept_;
    std::vector<std::span<std::byte>> of_this_call_;
};

// Copies `pieces` into `into`, zero where there is none. Throws Error internal as map() does.
void copy_pieces(const std::vector<data::LocalPiece>& pieces, std::span<std::byte> into);

}  // namespace juxta::sed
