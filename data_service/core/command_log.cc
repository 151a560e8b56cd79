#include "data_service/core/command_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/log/log.h"
#include "data_service/core/command_log_codec.h"

namespace juxta::data {
namespace {

constexpr std::string_view magic = "JXMLOG1\n";
constexpr std::size_t header_bytes = 12;
constexpr std::uint64_t least_long = 4 << 20;

void put(std::string& out, std::uint32_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

std::string framed(const std::string& payload) {
    std::string record;
    put(record, static_cast<std::uint32_t>(payload.size()));
    put(record, crc32c(payload));
    put(record, crc32c(record));
    return record + payload;
}

// The payload of the record at `offset`, if a whole and undamaged one starts there.
std::optional<std::string_view> record_at(std::string_view bytes, std::size_t offset) {
    if (bytes.size() - offset < header_bytes) return std::nullopt;
    if (crc32c(bytes.substr(offset, 8)) != number_at(bytes, offset + 8)) return std::nullopt;
    const std::uint32_t length = number_at(bytes, offset);
    if (bytes.size() - offset - header_bytes < length) return std::nullopt;
    const std::string_view payload = bytes.substr(offset + header_bytes, length);
    if (crc32c(payload) != number_at(bytes, offset + 4)) return std::nullopt;
    return payload;
}

bool has_record_after(std::string_view bytes, std::size_t offset) {
    for (++offset; offset + header_bytes <= bytes.size(); ++offset) {
        if (record_at(bytes, offset)) return true;
    }
    return false;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

std::string read_all(int fd, const std::filesystem::path& file) {
    struct stat status {};
    std::string bytes;
    if (::fstat(fd, &status) == 0) bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got =
            ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            throw Error(ErrorCode::unavailable, "cannot read the manager's log " + file.string() +
                                                    ": " + std::strerror(errno));
        }
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

void sync_folder(const std::filesystem::path& folder) {
    UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) ::fsync(fd.get());
}

[[noreturn]] void damaged(const std::filesystem::path& file, std::size_t offset) {
    throw Error(ErrorCode::internal,
                "the manager's log " + file.string() + " is damaged at byte " +
                    std::to_string(offset) +
                    " with whole records after it; nothing was changed. Restore the file, or move "
                    "it away to start with an empty directory (the cluster's data are then lost)");
}

}  // namespace

CommandLog::CommandLog(const std::filesystem::path& folder, Directory& directory)
    : file_(folder / "manager.log") {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    fd_.reset(::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd_) {
        throw Error(ErrorCode::unavailable, "cannot open the manager's log " + file_.string() +
                                                ": " + std::strerror(errno));
    }
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(ErrorCode::unavailable,
                    "the manager's log " + file_.string() + " is in use by another juxta-manager");
    }
    replay(directory);
}

void CommandLog::replay(Directory& directory) {
    const std::string bytes = read_all(fd_.get(), file_);
    if (bytes.size() < magic.size() && magic.starts_with(bytes)) {  // new, or died while begun
        if (::ftruncate(fd_.get(), 0) != 0 || !write_all(fd_.get(), magic) ||
            ::fsync(fd_.get()) != 0) {
            throw Error(ErrorCode::unavailable, "cannot write the manager's log " + file_.string() +
                                                    ": " + std::strerror(errno));
        }
        sync_folder(file_.parent_path());
        size_ = magic.size();
        return;
    }
    if (!std::string_view(bytes).starts_with(magic)) {
        throw Error(ErrorCode::internal, file_.string() +
                                             " is no log that this juxta-manager can read; nothing "
                                             "was changed");
    }
    size_ = magic.size();
    while (size_ < bytes.size()) {
        const auto payload = record_at(bytes, size_);
        if (!payload) {
            if (has_record_after(bytes, size_)) damaged(file_, size_);
            log::warning("{}: dropped {} bytes of an unfinished last record", file_.string(),
                         bytes.size() - size_);
            break;
        }
        const bool first = size_ == magic.size();
        if (payload->starts_with('S') && first) {
            directory = decode_directory(payload->substr(1));
            snapshot_bytes_ = payload->size();
        } else if (payload->starts_with('C')) {
            for (const Command& command : decode_commands(payload->substr(1))) {
                directory.apply(command);
            }
        } else {
            damaged(file_, size_);
        }
        size_ += header_bytes + payload->size();
    }
    if (size_ < bytes.size() && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
        throw Error(ErrorCode::unavailable, "cannot repair the manager's log " + file_.string() +
                                                ": " + std::strerror(errno));
    }
}

void CommandLog::append(const std::vector<Command>& batch) {
    if (broken_) {
        throw Error(ErrorCode::unavailable, "the disk failed to keep the manager's log " +
                                                file_.string() + "; restart the manager");
    }
    std::string payload = "C";
    encode(payload, batch);
    const std::string record = framed(payload);
    if (!write_all(fd_.get(), record)) {
        const int why = errno;
        broken_ = ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0;
        throw Error(ErrorCode::unavailable, "cannot write the manager's log " + file_.string() +
                                                ": " + std::strerror(why) +
                                                "; nothing was decided");
    }
    if (::fdatasync(fd_.get()) != 0) {
        broken_ = true;
        throw Error(ErrorCode::unavailable, "cannot sync the manager's log " + file_.string() +
                                                ": " + std::strerror(errno));
    }
    size_ += record.size();
    commands_ += batch.size();
}

bool CommandLog::is_long() const { return size_ > least_long + 4 * snapshot_bytes_; }

void CommandLog::compact(const Directory& directory) {
    std::string payload = "S";
    encode(payload, directory);
    const std::string content = std::string(magic) + framed(payload);
    const std::filesystem::path fresh = file_.string() + ".new";
    UniqueFd out(::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    // Locked before it gets the name, so that the log is never without its lock.
    const bool written = out && ::flock(out.get(), LOCK_EX | LOCK_NB) == 0 &&
                         write_all(out.get(), content) && ::fsync(out.get()) == 0 &&
                         ::rename(fresh.c_str(), file_.c_str()) == 0;
    if (!written) {
        log::warning("cannot shorten the manager's log {}: {}; it goes on growing", file_.string(),
                     std::strerror(errno));
        ::unlink(fresh.c_str());
        snapshot_bytes_ = size_;  // not again at once
        return;
    }
    sync_folder(file_.parent_path());
    fd_ = std::move(out);
    size_ = content.size();
    snapshot_bytes_ = payload.size();
}

}  // namespace juxta::data
