// One memfd as a segment: made at its full size with its memory allocated, written, then sealed
// for ever. Decides nothing; every function is a few system calls.
//
// Threading: any thread; a MappedSegment may be shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/base/unique_fd.h"

namespace juxta::data {

// A range of memory over a whole memfd, unmapped at the end.
class MappedSegment {
public:
    enum class Access { read, write };
    // Throws Error out_of_space if it cannot be mapped.
    MappedSegment(const UniqueFd& fd, std::uint64_t bytes, Access access);
    ~MappedSegment();
    MappedSegment(const MappedSegment&) = delete;
    MappedSegment& operator=(const MappedSegment&) = delete;

    std::span<std::byte> bytes() { return {first_, size_}; }
    std::span<const std::byte> bytes() const { return {first_, size_}; }

private:
    std::byte* first_ = nullptr;
    std::size_t size_ = 0;
};

// Its size is final from now on, its pages are there: writing cannot meet a lack of memory.
// Throws Error out_of_space.
std::shared_ptr<const UniqueFd> make_memory(std::uint64_t bytes);

// A sealed memfd that nobody but this object can write to, and that is overwritten with zeroes when
// it goes, whoever still has it mapped for reading.
class WipedMemory {
public:
    // With the content of `from`, which is overwritten. Throws Error out_of_space.
    WipedMemory(const UniqueFd& from, std::uint64_t bytes);
    ~WipedMemory();
    WipedMemory(const WipedMemory&) = delete;
    WipedMemory& operator=(const WipedMemory&) = delete;

    const std::shared_ptr<const UniqueFd>& fd() const { return fd_; }

private:
    std::shared_ptr<const UniqueFd> fd_;
    std::unique_ptr<MappedSegment> memory_;
};

// False: not while somebody has it mapped writable. Repeats are harmless.
bool seal_memory(const UniqueFd& fd);

// From now on only through mappings that are there already. Repeats are harmless.
void seal_against_others(const UniqueFd& fd);

// Whether it was sealed against every change, by whoever made it.
bool is_sealed_memory(const UniqueFd& fd);

// False if it is sealed already.
bool write_memory(const UniqueFd& fd, std::uint64_t offset, std::span<const std::byte> from);

}  // namespace juxta::data
