#include "data_service/store/memory_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/error.h"

namespace juxta::data {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

[[noreturn]] void refuse(std::uint64_t bytes, const char* step, int error) {
    throw Error(ErrorCode::out_of_space, "no memory for a segment of " + std::to_string(bytes) +
                                             " bytes (" + step + ": " + std::strerror(error) +
                                             "); nothing was stored");
}

}  // namespace

MappedSegment::MappedSegment(const UniqueFd& fd, std::uint64_t bytes, Access access)
    : size_(static_cast<std::size_t>(bytes)) {
    // Writers touch every page: mapping them all at once costs half of 4 KiB faults.
    const bool writes = access == Access::write;
    void* first = ::mmap(nullptr, size_, writes ? PROT_READ | PROT_WRITE : PROT_READ,
                         MAP_SHARED | (writes ? MAP_POPULATE : 0), fd.get(), 0);
    if (first == MAP_FAILED) refuse(bytes, "mmap", errno);
    first_ = static_cast<std::byte*>(first);
}

MappedSegment::~MappedSegment() { ::munmap(first_, size_); }

std::shared_ptr<const UniqueFd> make_memory(std::uint64_t bytes) {
    UniqueFd fd(::memfd_create("juxta-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) refuse(bytes, "memfd_create", errno);
    ::fchmod(fd.get(), 0600);
    if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) refuse(bytes, "ftruncate", errno);
    int error = 0;
    do {
        error = ::fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
    } while (error == EINTR);
    if (error != 0) refuse(bytes, "fallocate", error);
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        refuse(bytes, "F_ADD_SEALS", errno);
    }
    return std::make_shared<const UniqueFd>(std::move(fd));
}

WipedMemory::WipedMemory(const UniqueFd& from, std::uint64_t bytes)
    : fd_(make_memory(bytes)),
      memory_(std::make_unique<MappedSegment>(*fd_, bytes, MappedSegment::Access::write)) {
    MappedSegment old(from, bytes, MappedSegment::Access::write);
    std::memcpy(memory_->bytes().data(), old.bytes().data(), old.bytes().size());
    ::explicit_bzero(old.bytes().data(), old.bytes().size());
    seal_against_others(*fd_);
}

WipedMemory::~WipedMemory() { ::explicit_bzero(memory_->bytes().data(), memory_->bytes().size()); }

bool seal_memory(const UniqueFd& fd) {
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0 && !is_sealed_memory(fd)) {
        ensure(errno == EBUSY || errno == EPERM, "a memfd of ours can be sealed");
        return false;
    }
    ::fchmod(fd.get(), 0400);
    return true;
}

void seal_against_others(const UniqueFd& fd) {
    const bool done = ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0 ||
                      is_sealed_memory(fd);
    ensure(done, "a memfd of ours can be sealed");
    ::fchmod(fd.get(), 0400);
}

bool is_sealed_memory(const UniqueFd& fd) {
    const int error = errno;
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    errno = error;
    return seals >= 0 && (seals & kSizeSeals) == kSizeSeals &&
           (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
}

bool write_memory(const UniqueFd& fd, std::uint64_t offset, std::span<const std::byte> from) {
    while (!from.empty()) {
        const ssize_t written =
            ::pwrite(fd.get(), from.data(), from.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPERM) return false;
        if (written <= 0) refuse(from.size(), "pwrite", errno);
        offset += static_cast<std::uint64_t>(written);
        from = from.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace juxta::data
