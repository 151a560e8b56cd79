#include "data_service/store/checksums.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace juxta::data {
namespace {

std::span<const std::byte> chunk_of(std::span<const std::byte> content, std::size_t chunk) {
    const std::size_t offset = chunk * kChunk;
    return content.subspan(offset, std::min<std::size_t>(kChunk, content.size() - offset));
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
    constexpr std::size_t most = std::size_t{1} << 30;  // the library counts in int
    std::uint32_t crc = 0xffffffff;
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(bytes.size(), most));
        // The library reads only, whatever its signature says.
        auto* first = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
        crc = ::crc32_iscsi(first, static_cast<int>(part.size()), crc);
        bytes = bytes.subspan(part.size());
    }
    return ~crc;
}

void ChunkSums::take(const ChunkSums& other) {
    for (std::size_t chunk = 0; chunk < std::min(size(), other.size()); ++chunk) {
        if (const auto sum = other.of(chunk)) set(chunk, *sum);
    }
}

void ChunkSums::complete(std::span<const std::byte> content) {
    for (std::size_t chunk = 0; chunk < size(); ++chunk) {
        if (!of(chunk)) set(chunk, crc32c(chunk_of(content, chunk)));
    }
}

bool ChunkSums::agree(std::span<const std::byte> content) const {
    for (std::size_t chunk = 0; chunk < size(); ++chunk) {
        const auto expected = of(chunk);
        if (expected && *expected != crc32c(chunk_of(content, chunk))) return false;
    }
    return true;
}

}  // namespace juxta::data
