// What stands before a snapshot's bytes on disk and on the wire, so that damage is noticed: libraft
// checks its entries, but not these.
//
// Threading: none of its own.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace juxta::data {

constexpr std::size_t kSnapshotFrameBytes = 16;

std::array<char, kSnapshotFrameBytes> snapshot_frame(std::string_view snapshot);

// The snapshot in `framed`. Throws Error internal if it is damaged or of another format.
std::string_view unframed_snapshot(std::string_view framed);

}  // namespace juxta::data
