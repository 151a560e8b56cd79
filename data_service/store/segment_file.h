// One large segment as a file: a header with its id, length and a CRC32C of each 1 MiB chunk, then
// the bytes. Written under another name, synced, then renamed: a file that has the right name is
// whole.
//
// Header: 4 KiB, more where the sums need it: magic, format, id, length, number of sums, sums, and
// behind the last sum the CRC32C of all of this.
//
// Threading: functions of their arguments only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>

#include "data_service/protocol/types.h"
#include "data_service/store/checksums.h"

namespace juxta::data {

// "<datum>-<block>-<token>-<number>.segment", and back.
std::string segment_file_name(const SegmentId& segment);
std::optional<SegmentId> segment_of_file(const std::filesystem::path& file);

// What the file of a segment of so many bytes takes.
std::uint64_t segment_file_bytes(std::uint64_t bytes);

// On disk when it returns, under its name in `folder`. All sums must be known. Throws Error
// out_of_space (nothing was kept), internal (the disk failed; what it keeps is not known).
void write_segment_file(const std::filesystem::path& folder, const SegmentId& segment,
                        std::span<const std::byte> content, const ChunkSums& sums);

// The length that the header tells. nullopt: not whole, not of this segment, not to be read.
std::optional<std::uint64_t> segment_file_length(const std::filesystem::path& folder,
                                                 const SegmentId& segment);

// The whole content, into a range of that length; sets `sums`. False: damaged, or not there.
bool read_segment_file(const std::filesystem::path& folder, const SegmentId& segment,
                       std::span<std::byte> into, ChunkSums& sums);

// Reads all of it, chunk by chunk, and keeps nothing. False: damaged, or not there.
bool is_segment_file_intact(const std::filesystem::path& folder, const SegmentId& segment);

// Makes the names in `folder` survive a power cut. Throws Error internal.
void sync_folder(const std::filesystem::path& folder);

}  // namespace juxta::data
