#include "common/process/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/error.h"

namespace juxta {
namespace {

[[noreturn]] void no_memory(std::uint64_t size) {
    throw Error(ErrorCode::out_of_space, "no memory for " + std::to_string(size) +
                                             " bytes on this host: " + std::strerror(errno));
}

}  // namespace

UniqueFd growing_memory_file(const char* name) {
    UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) no_memory(0);
    return file;
}

UniqueFd memory_file(const char* name, std::uint64_t size) {
    UniqueFd file = growing_memory_file(name);
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) no_memory(size);
    ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    return file;
}

UniqueFd memory_file(const char* name, std::span<const std::byte> content) {
    UniqueFd file = growing_memory_file(name);
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t wrote = ::write(file.get(), content.data() + done, content.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) no_memory(content.size());
        done += static_cast<std::size_t>(wrote);
    }
    ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    return file;
}

std::span<std::byte> map_file(int fd, std::uint64_t offset, std::uint64_t size, int protection) {
    const std::uint64_t lead = offset % kPage;
    void* start =
        ::mmap(nullptr, size + lead, protection, MAP_SHARED, fd, static_cast<off_t>(offset - lead));
    if (start == MAP_FAILED) no_memory(size);
    return {static_cast<std::byte*>(start) + lead, size};
}

void unmap_file(std::span<std::byte> mapped) {
    if (mapped.empty()) return;
    const auto lead = reinterpret_cast<std::uintptr_t>(mapped.data()) % kPage;
    ::munmap(mapped.data() - lead, mapped.size() + lead);
}

}  // namespace juxta
