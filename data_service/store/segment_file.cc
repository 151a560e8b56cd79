#include "data_service/store/segment_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kPage = 4096;

// Little-endian machines only, as everything that shares memory here.
struct Head {
    std::uint64_t magic = kMagic;
    std::uint32_t format = 1;
    std::uint32_t sums = 0;
    std::uint64_t datum_high = 0;
    std::uint64_t datum_low = 0;
    std::uint64_t token = 0;
    std::uint32_t block = 0;
    std::uint32_t number = 0;
    std::uint64_t bytes = 0;

    static constexpr std::uint64_t kMagic = 0x31746e656d676553;  // "Segment1"
};

std::uint64_t header_bytes(std::uint64_t bytes) {
    const std::uint64_t used =
        sizeof(Head) + (chunks_in(bytes) + 1) * sizeof(std::uint32_t);  // and the header's own sum
    return (used + kPage - 1) / kPage * kPage;
}

std::span<const std::byte> first_bytes(const std::vector<std::byte>& header, std::size_t sums) {
    return std::span(header).first(sizeof(Head) + sums * sizeof(std::uint32_t));
}

[[noreturn]] void fail(const std::filesystem::path& file, const char* doing) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    throw Error(
        full ? ErrorCode::out_of_space : ErrorCode::internal,
        file.string() + ": " + doing + ": " + std::strerror(error) +
            (full ? "; nothing was stored: free data, or give the provider more room" : ""));
}

void write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& file) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail(file, "write");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

bool read_all(int fd, std::span<std::byte> into, std::uint64_t offset) {
    while (!into.empty()) {
        const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        offset += static_cast<std::uint64_t>(got);
        into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

struct OpenedFile {
    UniqueFd fd;
    std::uint64_t bytes = 0;
    std::vector<std::uint32_t> sums;
};

// nullopt: its header is not that of this segment, or the file is too short or too long for it.
std::optional<OpenedFile> open_file(const std::filesystem::path& file, const SegmentId& segment) {
    OpenedFile opened;
    opened.fd.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat state {};
    Head head;
    if (!opened.fd || ::fstat(opened.fd.get(), &state) != 0) return std::nullopt;
    if (!read_all(opened.fd.get(), std::as_writable_bytes(std::span(&head, 1)), 0))
        return std::nullopt;
    const SegmentId told{DataId{{head.datum_high, head.datum_low}}, head.block, head.token,
                         head.number};
    const auto length = static_cast<std::uint64_t>(state.st_size);
    if (head.magic != Head::kMagic || head.format != 1 || told != segment || head.bytes > length ||
        head.sums != chunks_in(head.bytes) || length != segment_file_bytes(head.bytes)) {
        return std::nullopt;
    }
    std::vector<std::byte> header(header_bytes(head.bytes));
    if (!read_all(opened.fd.get(), header, 0)) return std::nullopt;
    const auto summed = first_bytes(header, head.sums);
    std::uint32_t sum = 0;
    std::memcpy(&sum, header.data() + summed.size(), sizeof sum);
    if (sum != crc32c(summed)) return std::nullopt;
    opened.bytes = head.bytes;
    opened.sums.resize(head.sums);
    std::memcpy(opened.sums.data(), header.data() + sizeof head, head.sums * sizeof sum);
    return opened;
}

std::filesystem::path path_of(const std::filesystem::path& folder, const SegmentId& segment) {
    return folder / segment_file_name(segment);
}

}  // namespace

std::string segment_file_name(const SegmentId& segment) {
    return fmt::format("{:016x}{:016x}-{}-{}-{}.segment", segment.datum.high, segment.datum.low,
                       segment.block, segment.token, segment.number);
}

std::optional<SegmentId> segment_of_file(const std::filesystem::path& file) {
    SegmentId segment;
    const std::string name = file.filename().string();
    if (std::sscanf(name.c_str(), "%16" SCNx64 "%16" SCNx64 "-%" SCNu32 "-%" SCNu64 "-%" SCNu32,
                    &segment.datum.high, &segment.datum.low, &segment.block, &segment.token,
                    &segment.number) != 5) {
        return std::nullopt;
    }
    if (segment_file_name(segment) != name) return std::nullopt;
    return segment;
}

std::uint64_t segment_file_bytes(std::uint64_t bytes) { return header_bytes(bytes) + bytes; }

void write_segment_file(const std::filesystem::path& folder, const SegmentId& segment,
                        std::span<const std::byte> content, const ChunkSums& sums) {
    const std::filesystem::path file = path_of(folder, segment);
    const std::filesystem::path made = file.string() + ".tmp";
    Head head;
    head.sums = static_cast<std::uint32_t>(sums.size());
    head.datum_high = segment.datum.high;
    head.datum_low = segment.datum.low;
    head.token = segment.token;
    head.block = segment.block;
    head.number = segment.number;
    head.bytes = content.size();
    std::vector<std::byte> header(header_bytes(content.size()));
    std::memcpy(header.data(), &head, sizeof head);
    for (std::size_t chunk = 0; chunk < sums.size(); ++chunk) {
        const auto sum = sums.of(chunk);
        ensure(sum.has_value(), "a segment goes to disk with all its sums");
        std::memcpy(header.data() + sizeof head + chunk * sizeof *sum, &*sum, sizeof *sum);
    }
    const auto summed = first_bytes(header, sums.size());
    const std::uint32_t sum = crc32c(summed);
    std::memcpy(header.data() + summed.size(), &sum, sizeof sum);
    try {
        const UniqueFd fd(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!fd) fail(made, "open");
        // Room first: a disk that is full is told by this, not by a sync.
        const int no_room =
            ::posix_fallocate(fd.get(), 0, static_cast<off_t>(segment_file_bytes(content.size())));
        if (no_room != 0) {
            errno = no_room;
            fail(made, "allocate");
        }
        write_all(fd.get(), header, made);
        write_all(fd.get(), content, made);
        if (::fdatasync(fd.get()) != 0) fail(made, "sync");
        if (::rename(made.c_str(), file.c_str()) != 0) fail(file, "rename");
        sync_folder(folder);
    } catch (...) {
        ::unlink(made.c_str());
        throw;
    }
}

std::optional<std::uint64_t> segment_file_length(const std::filesystem::path& folder,
                                                 const SegmentId& segment) {
    const auto opened = open_file(path_of(folder, segment), segment);
    if (!opened) return std::nullopt;
    return opened->bytes;
}

bool read_segment_file(const std::filesystem::path& folder, const SegmentId& segment,
                       std::span<std::byte> into, ChunkSums& sums) {
    const auto opened = open_file(path_of(folder, segment), segment);
    if (!opened || opened->bytes != into.size()) return false;
    if (!read_all(opened->fd.get(), into, header_bytes(opened->bytes))) return false;
    for (std::size_t chunk = 0; chunk < opened->sums.size(); ++chunk) {
        sums.set(chunk, opened->sums[chunk]);
    }
    return sums.agree(into);
}

bool is_segment_file_intact(const std::filesystem::path& folder, const SegmentId& segment) {
    const auto opened = open_file(path_of(folder, segment), segment);
    if (!opened) return false;
    std::vector<std::byte> chunk(static_cast<std::size_t>(std::min(opened->bytes, kChunk)));
    for (std::size_t i = 0; i < opened->sums.size(); ++i) {
        const std::uint64_t offset = i * kChunk;
        const auto part = std::span(chunk).first(
            static_cast<std::size_t>(std::min(kChunk, opened->bytes - offset)));
        if (!read_all(opened->fd.get(), part, header_bytes(opened->bytes) + offset)) return false;
        if (crc32c(part) != opened->sums[i]) return false;
    }
    return true;
}

void sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) fail(folder, "sync");
}

}  // namespace juxta::data
