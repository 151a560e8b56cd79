// A range of this process's addresses: mapped files or anonymous memory. Unmapped with its owner.
//
// Threading: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace juxta::data {

class Mapping {
public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Mapping& operator=(Mapping&& other) noexcept {
        if (this != &other) {
            reset();
            bytes_ = std::exchange(other.bytes_, {});
        }
        return *this;
    }
    ~Mapping() { reset(); }

    // All throw Error internal with the system's reason. Zero bytes: an empty mapping.
    static Mapping readable(int fd, std::uint64_t bytes);  // from the file's start
    static Mapping writable(int fd, std::uint64_t bytes);
    static Mapping anonymous(std::uint64_t bytes);  // zeroes, readable and writable

    // Lays a readable piece of `fd` over [offset, offset + bytes). All multiples of the page size,
    // but `bytes` of a piece that ends the range.
    void lay_over(std::uint64_t offset, int fd, std::uint64_t fd_offset, std::uint64_t bytes);

    std::span<std::byte> bytes() const { return bytes_; }
    void reset();

private:
    explicit Mapping(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;
};

bool is_page_aligned(std::uint64_t number);

// A memory file of `bytes` zeroes, on no provider. Throws Error out_of_space.
int make_memory_file(std::uint64_t bytes);

}  // namespace juxta::data
