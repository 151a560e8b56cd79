// What a provider's disk knows of its copies: of each group its settings and what its machine
// saved, and small segments as they are. A SQLite database; every commit is on disk when it
// returns.
//
// Damage is found, never served: each row has a CRC32C, and the number of the last commit is kept
// beside the database as well, so that a log that lost its end does not pass for an older state.
//
// Threading: one thread at a time; DiskStore guards it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "data_service/protocol/messages.h"
#include "data_service/store/database.h"

namespace juxta::data {

struct DiskCopy {
    GroupId group;
    GroupSettings settings;
    std::uint64_t bytes = 0;  // reserved for it
    SavedCopy saved;
};

struct SmallContent {
    SegmentId segment;
    std::shared_ptr<const std::vector<std::byte>> content;
};

// Kept all or not at all. No segment is both brought and dropped.
struct DiskBatch {
    std::vector<SmallContent> segments{};
    std::vector<DiskCopy> copies{};  // new, or in place of what was saved before
    std::vector<GroupId> gone{};
    std::vector<SegmentId> dropped{};

    bool empty() const {
        return segments.empty() && copies.empty() && gone.empty() && dropped.empty();
    }
};

class DiskCatalogue {
public:
    // Throws Error: data_lost if it is damaged as a whole; unavailable if another process has it;
    // internal.
    explicit DiskCatalogue(const std::filesystem::path& folder);

    struct Content {
        std::vector<DiskCopy> copies;
        std::vector<std::pair<SegmentId, std::uint64_t>> segments;  // small ones, with their sizes
        std::size_t damaged = 0;                                    // rows that were left out
    };
    // Throws Error data_lost if it is damaged as a whole.
    Content content();

    // Throws Error out_of_space or internal: what is on disk then is not known.
    void commit(const DiskBatch& batch);

    // nullopt: not there, or damaged.
    std::optional<std::string> small_segment(const SegmentId& segment);

private:
    void check_commits(const std::filesystem::path& folder);
    void count_commit();

    Database database_;
    std::optional<Database::Statement> put_copy_, erase_copy_, put_segment_, erase_segment_,
        find_segment_, count_;
    UniqueFd commits_file_;
    std::uint64_t commits_ = 0;
};

}  // namespace juxta::data
