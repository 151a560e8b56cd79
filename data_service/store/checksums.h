// CRC32C of bytes, and of each 1 MiB chunk of a segment as it was when the segment was made: what
// tells damage in memory, on disk and on the way from what was written.
//
// Threading: functions of their arguments; a ChunkSums may be read and filled in by many threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace juxta::data {

constexpr std::uint64_t kChunk = 1024 * 1024;

constexpr std::size_t chunks_in(std::uint64_t bytes) {
    return static_cast<std::size_t>((bytes + kChunk - 1) / kChunk);
}

// Castagnoli, as in iSCSI and ext4.
std::uint32_t crc32c(std::span<const std::byte> bytes);

// A sum is set once, by whoever first has reason to compute it.
class ChunkSums {
public:
    explicit ChunkSums(std::uint64_t bytes) : sums_(chunks_in(bytes)) {}

    std::optional<std::uint32_t> of(std::size_t chunk) const {
        const std::uint64_t sum = sums_[chunk];
        if (sum == 0) return std::nullopt;
        return static_cast<std::uint32_t>(sum);
    }
    void set(std::size_t chunk, std::uint32_t crc) { sums_[chunk] = kSet | crc; }
    std::size_t size() const { return sums_.size(); }

    // All that `other`, of the same segment, has.
    void take(const ChunkSums& other);
    // Those of chunks that have none yet are taken from `content`, which is the whole segment.
    void complete(std::span<const std::byte> content);
    // Whether `content`, the whole segment, has the sums that are set.
    bool agree(std::span<const std::byte> content) const;

private:
    static constexpr std::uint64_t kSet = std::uint64_t{1} << 32;
    std::vector<std::atomic<std::uint64_t>> sums_;
};

}  // namespace juxta::data
