// Files that live in memory and vanish with their last descriptor, and mappings of them.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/unique_fd.h"

namespace juxta {

// `size` zero bytes, sealed against shrinking and growing. Throws Error out_of_space.
UniqueFd memory_file(const char* name, std::uint64_t size);

// The same with contents. Throws Error out_of_space.
UniqueFd memory_file(const char* name, std::span<const std::byte> content);

// An empty file that may grow. Throws Error out_of_space.
UniqueFd growing_memory_file(const char* name);

// Maps [offset, offset + size), which need not be aligned; unmap with unmap_file. Throws Error
// out_of_space. `size` is not 0. `protection`: PROT_READ, or PROT_READ | PROT_WRITE.
std::span<std::byte> map_file(int fd, std::uint64_t offset, std::uint64_t size, int protection);
void unmap_file(std::span<std::byte> mapped);

constexpr std::uint64_t kPage = 4096;

}  // namespace juxta
