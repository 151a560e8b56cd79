#include "data_service/client/mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/error.h"

namespace juxta::data {
namespace {

std::span<std::byte> map(void* where, std::uint64_t bytes, int protection, int flags, int fd,
                         std::uint64_t offset) {
    if (bytes == 0) return {};
    void* mapped = ::mmap(where, bytes, protection, flags, fd, static_cast<off_t>(offset));
    if (mapped == MAP_FAILED) {
        throw Error(ErrorCode::internal, "cannot map " + std::to_string(bytes) +
                                             " bytes into this process: " + std::strerror(errno));
    }
    return {static_cast<std::byte*>(mapped), bytes};
}

}  // namespace

Mapping Mapping::readable(int fd, std::uint64_t bytes) {
    return Mapping(map(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0));
}

Mapping Mapping::writable(int fd, std::uint64_t bytes) {
    return Mapping(map(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
}

Mapping Mapping::anonymous(std::uint64_t bytes) {
    return Mapping(map(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

void Mapping::lay_over(std::uint64_t offset, int fd, std::uint64_t fd_offset, std::uint64_t bytes) {
    ensure(offset <= bytes_.size() && bytes <= bytes_.size() - offset, "a piece lies in its range");
    map(bytes_.data() + offset, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, fd_offset);
}

void Mapping::reset() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
    bytes_ = {};
}

bool is_page_aligned(std::uint64_t number) {
    static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return number % page == 0;
}

int make_memory_file(std::uint64_t bytes) {
    const int fd = ::memfd_create("juxta", MFD_CLOEXEC);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
        const int why = errno;
        if (fd >= 0) ::close(fd);
        throw Error(ErrorCode::out_of_space, "cannot make a memory file of " +
                                                 std::to_string(bytes) +
                                                 " bytes: " + std::strerror(why));
    }
    return fd;
}

}  // namespace juxta::data
