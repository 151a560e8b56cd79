// What test clients write: contents that tell who wrote them, so that a torn or mixed one is seen.
//
//     magic, writer, seq, token, length (u64 each), CRC-32C of all else (u64), pattern(seed)
//
// The pattern fills the rest from a generator seeded by writer, seq and token: no part of one
// content is found at the same place of another.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tests/history/operation.h"

namespace juxta::history {

constexpr std::size_t kSmallestPayload = 6 * sizeof(std::uint64_t);

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

// `into` has at least kSmallestPayload bytes.
void fill_payload(const Stamp& stamp, std::span<std::byte> into);

// Sets `stamp`; or returns why the content is none that was written as a whole.
std::string read_payload(std::span<const std::byte> content, Stamp& stamp);

}  // namespace juxta::history
