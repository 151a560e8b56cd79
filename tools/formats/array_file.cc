#include "tools/formats/array_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace juxta::formats {
namespace {

constexpr std::size_t kPiece = 4 << 20;

[[noreturn]] void fail_to_write(const std::filesystem::path& file) {
    throw Error(ErrorCode::invalid_argument, "cannot write " + file.string() + ": " +
                                                 std::strerror(errno) + "; nothing was kept of it");
}

void write_all(int fd, std::span<const std::byte> content, const std::filesystem::path& file) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_to_write(file);
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace

Format format_of(const std::filesystem::path& file) {
    if (file.extension() == ".npy") return Format::npy;
    if (file.extension() == ".mtx") return Format::matrix_market;
    return Format::raw;
}

ArraySource ArraySource::open(const std::filesystem::path& file) {
    switch (format_of(file)) {
        case Format::npy: return read_npy(file);
        case Format::matrix_market: return read_matrix_market(file);
        case Format::raw: break;
    }
    return read_raw(file);
}

ArraySource ArraySource::converted(DataType type, std::vector<std::byte> bytes) {
    ArraySource source;
    source.type_ = std::move(type);
    source.bytes_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    source.content_ = *source.bytes_;
    return source;
}

ArraySource ArraySource::mapped(DataType type, std::shared_ptr<const void> mapping,
                                std::span<const std::byte> content) {
    ArraySource source;
    source.type_ = std::move(type);
    source.mapping_ = std::move(mapping);
    source.content_ = content;
    return source;
}

MappedFile map_file(const std::filesystem::path& file) {
    if (file.empty()) {
        throw Error(ErrorCode::invalid_argument, "an empty text names no file");
    }
    // Nobody may write at the other end of a pipe: no waiting for that.
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) {
        throw Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument,
                    "cannot read " + file.string() + ": " + std::strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot read " + file.string() + ": not a regular file");
    }
    const auto size = static_cast<std::size_t>(about.st_size);
    if (size == 0) return {};
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (start == MAP_FAILED) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot map " + file.string() + ": " + std::strerror(errno));
    }
    std::shared_ptr<const void> mapping(start, [size](void* p) { ::munmap(p, size); });
    return {mapping, {static_cast<const std::byte*>(start), size}};
}

void expect_room(const std::filesystem::path& file, std::uint64_t bytes) {
    const auto free_bytes = static_cast<std::uint64_t>(::sysconf(_SC_AVPHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (bytes > free_bytes) {
        throw Error(ErrorCode::out_of_space,
                    file.string() + ": as a dense array it takes " + std::to_string(bytes) +
                        " bytes; this machine has " + std::to_string(free_bytes) + " free");
    }
}

ArraySource read_raw(const std::filesystem::path& file) {
    MappedFile mapped = map_file(file);
    DataType type{ElementType::char8, {mapped.content.size()}};
    return ArraySource::mapped(std::move(type), mapped.mapping, mapped.content);
}

void copy_content(const DataType& type, const Reader& read, const Sink& put) {
    const std::uint64_t total = bytes_of(type).value_or(0);
    std::vector<std::byte> piece(std::min<std::uint64_t>(total, kPiece));
    for (std::uint64_t done = 0; done < total;) {
        const auto part =
            std::span(piece).first(std::min<std::uint64_t>(piece.size(), total - done));
        read(done, part);
        put(part);
        done += part.size();
    }
}

void write_array(const std::filesystem::path& file, const DataType& type, const Reader& read,
                 ElementOrder order) {
    std::error_code unknown;
    const auto there = std::filesystem::status(file, unknown);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot write " + file.string() +
                        ": there is something else than a file; nothing was changed");
    }
    const std::filesystem::path fresh = file.string() + ".part" + std::to_string(::getpid());
    UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd) fail_to_write(file);
    const Sink put = [&](std::span<const std::byte> content) {
        write_all(fd.get(), content, file);
    };
    try {
        switch (format_of(file)) {
            case Format::npy: write_npy(type, read, put, order); break;
            case Format::matrix_market: write_matrix_market(type, read, put); break;
            case Format::raw: copy_content(type, read, put); break;
        }
        if (::close(fd.release()) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)
            fail_to_write(file);
    } catch (...) {
        ::unlink(fresh.c_str());
        throw;
    }
}

}  // namespace juxta::formats
