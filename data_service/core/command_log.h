// The durable record of what the manager has decided: a file of batches of commands, appended and
// synced before they take effect, begun by a snapshot of the directory.
//
//     manager.log := "JXMLOG1\n" record*
//     record      := length u32, crc32c(payload) u32, crc32c(of these 8 bytes) u32, payload
//     payload     := 'S' directory (first record only)  |  'C' commands (one batch)
//
// A batch is written by one call and was acknowledged only when synced: an incomplete last record
// was acknowledged to nobody and is cut off. A damaged record with whole records after it is
// damage of the disk: the log refuses to open rather than to forget what was promised.
//
// Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/base/unique_fd.h"
#include "data_service/core/directory.h"

namespace juxta::data {

class CommandLog {
public:
    // Opens or begins `folder`/manager.log and replays it into `directory`, which must be fresh.
    // Throws Error internal if the file is damaged or of another format, unavailable if it cannot
    // be opened or another process uses it. The text names the file and what to do.
    CommandLog(const std::filesystem::path& folder, Directory& directory);

    // Returns once the batch is on disk. On Error nothing of it counts: unavailable if it could
    // not be written (the disk is full), and for good if the disk failed to sync.
    void append(const std::vector<Command>& batch);

    // Worth a compact(): the batches since the last snapshot outgrow it.
    bool is_long() const;

    // Replaces all records by a snapshot of `directory`, which must be the state after all of
    // them. Atomic; on failure the old file stays and is used on (a warning is logged).
    void compact(const Directory& directory);

    std::uint64_t commands() const { return commands_; }  // appended since opened
    std::uint64_t size_bytes() const { return size_; }

private:
    void replay(Directory& directory);

    std::filesystem::path file_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;  // up to the end of the last whole record
    std::uint64_t snapshot_bytes_ = 0;
    std::uint64_t commands_ = 0;
    bool broken_ = false;  // a sync failed: what is on disk is not known
};

}  // namespace juxta::data
