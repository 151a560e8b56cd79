// The bytes of a distributed array, row-major, by those that are stored: the pieces of its places,
// one after the other.
//
// A pure value: whoever uses it brings the reading and writing of stored bytes. Ranges are in bytes
// of the array and may begin and end inside an element. Where a range lies in few long runs of the
// pieces, these are read or written; where it is scattered, reading takes the whole array
// (scattered()) and writing takes the span of each piece that is touched.
#pragma once

#include <functional>
#include <span>

#include "data_service/distribution/plan.h"
#include "data_service/distribution/stored_layout.h"

namespace juxta::data {

class PieceAccess {
public:
    using ReadStored = std::function<void(std::uint64_t offset, std::span<std::byte> into)>;
    using WriteStored = std::function<void(std::uint64_t offset, std::span<const std::byte> from)>;

    // Precondition: `layout` is what `spec` says (stored_layout()).
    PieceAccess(distribution::Layout layout, const DataSpec& spec);

    std::uint64_t bytes() const { return starts_.back(); }

    // Whether a range is so scattered over the pieces that the whole array is read as quickly.
    bool scattered(std::uint64_t offset, std::uint64_t length) const;

    void read(std::uint64_t offset, std::span<std::byte> into, const ReadStored& stored) const;
    void write(std::uint64_t offset, std::span<const std::byte> from, const ReadStored& stored,
               const WriteStored& store) const;

    // All of the array; one piece at a time is in memory beside it.
    void read_whole(std::span<std::byte> into, const ReadStored& stored) const;
    void write_whole(std::span<const std::byte> from, const WriteStored& store) const;

private:
    struct Touched;  // what of a piece a region of the array touches
    template <class Each>
    void for_each_touched(std::uint64_t offset, std::uint64_t length, const Each& each) const;
    template <class Each>
    void for_each_cut_element(std::uint64_t offset, std::uint64_t length, const Each& each) const;
    std::uint64_t stored_offset(std::uint64_t element) const;

    distribution::Layout layout_;
    distribution::Layout whole_;
    std::vector<std::uint64_t> starts_;  // of each piece, and the end
    std::uint64_t element_bytes_;
};

}  // namespace juxta::data
