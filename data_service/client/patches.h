// Small writes kept in memory until they are worth a segment. Later writes lie over earlier ones;
// pieces that meet become one.
//
// Threading: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace juxta::data {

class Patches {
public:
    void write(std::uint64_t offset, std::span<const std::byte> from);

    // Lays what is kept over `into`, which shows [offset, offset + into.size()).
    void lay_over(std::uint64_t offset, std::span<std::byte> into) const;

    std::uint64_t bytes() const { return bytes_; }
    bool empty() const { return pieces_.empty(); }
    const std::map<std::uint64_t, std::vector<std::byte>>& pieces() const { return pieces_; }
    void clear();

private:
    std::map<std::uint64_t, std::vector<std::byte>> pieces_;  // by offset, apart from each other
    std::uint64_t bytes_ = 0;
};

}  // namespace juxta::data
