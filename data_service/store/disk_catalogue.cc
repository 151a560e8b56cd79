#include "data_service/store/disk_catalogue.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "common/base/error.h"
#include "data_service/protocol/archive.h"
#include "data_service/store/checksums.h"

namespace juxta::data {

namespace {

// What a copy was made with.
struct Made {
    GroupSettings settings;
    std::uint64_t bytes = 0;
};

}  // namespace

namespace archive {

void fields(auto& a, Like<GroupSettings> auto& v) {
    all(a, v.block_count, v.durable, v.write_once);
}
void fields(auto& a, Like<Made> auto& v) { all(a, v.settings, v.bytes); }

}  // namespace archive

namespace {

constexpr std::int64_t kFormat = 1;

template <class Value>
std::string packed(const Value& value) {
    std::string bytes;
    archive::Writer writer(bytes);
    writer(value);
    return bytes;
}

template <class Value>
Value unpacked(std::string_view bytes) {
    Value value{};
    archive::Reader reader(bytes);
    reader(value);
    reader.finish();
    return value;
}

std::int64_t sum_of(std::string_view first, std::string_view second = {}) {
    std::string both(first);
    both += second;
    return crc32c(std::as_bytes(std::span(both)));
}

std::string_view text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

DiskCatalogue::DiskCatalogue(const std::filesystem::path& folder)
    : database_(folder / "catalogue.sqlite") {
    database_.execute(
        "CREATE TABLE IF NOT EXISTS state(format INTEGER, commits INTEGER);"
        "CREATE TABLE IF NOT EXISTS copies(id BLOB PRIMARY KEY, made BLOB, made_sum INTEGER,"
        " saved BLOB, saved_sum INTEGER) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS segments(id BLOB PRIMARY KEY, content BLOB, sum INTEGER)"
        " WITHOUT ROWID;");
    check_commits(folder);
    put_copy_.emplace(database_, "INSERT OR REPLACE INTO copies VALUES(?1, ?2, ?3, ?4, ?5)");
    erase_copy_.emplace(database_, "DELETE FROM copies WHERE id = ?1");
    put_segment_.emplace(database_, "INSERT OR REPLACE INTO segments VALUES(?1, ?2, ?3)");
    erase_segment_.emplace(database_, "DELETE FROM segments WHERE id = ?1");
    find_segment_.emplace(database_, "SELECT content, sum FROM segments WHERE id = ?1");
    count_.emplace(database_, "UPDATE state SET commits = ?1");
}

// The number beside the database is written after each commit and never synced: it may be behind
// after a power cut, never ahead of what was acknowledged.
void DiskCatalogue::check_commits(const std::filesystem::path& folder) {
    Database::Statement look(database_, "SELECT format, commits FROM state");
    if (!look.step()) {
        database_.execute("INSERT INTO state VALUES(1, 0)");
    } else {
        if (look.number(0) != kFormat)
            database_.fail("it has a format that this build does not know");
        commits_ = static_cast<std::uint64_t>(look.number(1));
    }
    look.reset();
    commits_file_.reset(::open((folder / "commits").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    std::uint64_t told = 0;
    if (!commits_file_ || ::pread(commits_file_.get(), &told, sizeof told, 0) < 0) {
        database_.fail("the file \"commits\" beside it cannot be read");
    }
    if (told > commits_) {
        throw Error(ErrorCode::data_lost,
                    database_.file().string() + ": commits that were acknowledged are missing");
    }
}

void DiskCatalogue::count_commit() {
    const auto written = ::pwrite(commits_file_.get(), &commits_, sizeof commits_, 0);
    if (written != sizeof commits_) database_.fail("the file \"commits\" cannot be written");
}

DiskCatalogue::Content DiskCatalogue::content() {
    Content found;
    Database::Statement copies(database_,
                               "SELECT id, made, made_sum, saved, saved_sum FROM copies");
    while (copies.step()) {
        const std::string id(copies.bytes(0));
        if (sum_of(id, copies.bytes(1)) != copies.number(2) ||
            sum_of(id, copies.bytes(3)) != copies.number(4)) {
            found.damaged += 1;
            continue;
        }
        const auto made = unpacked<Made>(copies.bytes(1));
        found.copies.push_back({unpacked<GroupId>(id), made.settings, made.bytes,
                                unpacked<SavedCopy>(copies.bytes(3))});
    }
    Database::Statement segments(database_, "SELECT id, content, sum FROM segments");
    while (segments.step()) {
        if (sum_of(segments.bytes(0), segments.bytes(1)) != segments.number(2)) {
            found.damaged += 1;
            continue;
        }
        found.segments.emplace_back(unpacked<SegmentId>(segments.bytes(0)),
                                    segments.bytes(1).size());
    }
    return found;
}

void DiskCatalogue::commit(const DiskBatch& batch) {
    database_.execute("BEGIN IMMEDIATE");
    try {
        for (const SmallContent& one : batch.segments) {
            const std::string id = packed(one.segment);
            const std::string_view content = text_of(*one.content);
            put_segment_->bind(1, id).bind(2, content).bind(3, sum_of(id, content)).run();
        }
        for (const DiskCopy& copy : batch.copies) {
            const std::string id = packed(copy.group);
            const std::string made = packed(Made{copy.settings, copy.bytes});
            const std::string saved = packed(copy.saved);
            put_copy_->bind(1, id).bind(2, made).bind(3, sum_of(id, made));
            put_copy_->bind(4, saved).bind(5, sum_of(id, saved)).run();
        }
        for (const GroupId& group : batch.gone) {
            const std::string id = packed(group);
            erase_copy_->bind(1, id).run();
        }
        for (const SegmentId& segment : batch.dropped) {
            const std::string id = packed(segment);
            erase_segment_->bind(1, id).run();
        }
        commits_ += 1;
        count_->bind(1, static_cast<std::int64_t>(commits_)).run();
        database_.execute("COMMIT");
    } catch (const Error&) {
        try {
            database_.execute("ROLLBACK");
        } catch (const Error&) {  // SQLite has rolled back by itself
        }
        throw;
    }
    count_commit();
}

std::optional<std::string> DiskCatalogue::small_segment(const SegmentId& segment) {
    const std::string id = packed(segment);
    find_segment_->bind(1, id);
    std::optional<std::string> content;
    if (find_segment_->step() && sum_of(id, find_segment_->bytes(0)) == find_segment_->number(1)) {
        content = std::string(find_segment_->bytes(0));
    }
    find_segment_->reset();
    return content;
}

}  // namespace juxta::data
