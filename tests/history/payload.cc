#include "tests/history/payload.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace juxta::history {
namespace {

constexpr std::uint64_t kMagic = 0x6a75787461626c6b;
constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected

// Eight bytes a step: one table for each distance from the end.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value & 1) != 0 ? (value >> 1) ^ kPolynomial : value >> 1;
        tables[0][i] = value;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t t = 1; t < 8; ++t)
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
    }
    return tables;
}

constexpr Tables kTables = make_tables();

struct Header {
    std::uint64_t magic = kMagic;
    Stamp stamp;
    std::uint64_t length = 0;
    std::uint64_t crc = 0;
};
static_assert(sizeof(Header) == kSmallestPayload);

std::uint32_t crc_of(Header header, std::span<const std::byte> content) {
    header.crc = 0;
    return crc32c(content.subspan(sizeof header), crc32c(std::as_bytes(std::span(&header, 1))));
}

// splitmix64.
class Pattern {
public:
    explicit Pattern(const Stamp& stamp)
        : state_(stamp.writer * 0x9e3779b97f4a7c15u ^ stamp.seq * 0xc2b2ae3d27d4eb4fu ^
                 stamp.token) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

template <class Step>
void along(const Stamp& stamp, std::size_t bytes, Step&& step) {
    Pattern pattern(stamp);
    for (std::size_t at = sizeof(Header); at < bytes; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = pattern.next();
        if (!step(at, word, std::min(sizeof word, bytes - at))) return;
    }
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        word ^= crc;
        crc = 0;
        for (std::size_t t = 0; t < 8; ++t) crc ^= kTables[7 - t][(word >> (8 * t)) & 255];
    }
    for (const std::byte byte : bytes)
        crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(byte)) & 255];
    return ~crc;
}

void fill_payload(const Stamp& stamp, std::span<std::byte> into) {
    Header header{.stamp = stamp, .length = into.size()};
    along(stamp, into.size(), [&](std::size_t at, std::uint64_t word, std::size_t length) {
        std::memcpy(into.data() + at, &word, length);
        return true;
    });
    header.crc = crc_of(header, into);
    std::memcpy(into.data(), &header, sizeof header);
}

std::string read_payload(std::span<const std::byte> content, Stamp& stamp) {
    if (content.size() < sizeof(Header)) return fmt::format("only {} bytes", content.size());
    Header header;
    std::memcpy(&header, content.data(), sizeof header);
    if (header.magic != kMagic) return "its beginning is none of a content";
    if (header.length != content.size())
        return fmt::format("{} bytes of one that has {}", content.size(), header.length);
    std::size_t differs = content.size();
    along(header.stamp, content.size(),
          [&](std::size_t at, std::uint64_t word, std::size_t length) {
              if (std::memcmp(content.data() + at, &word, length) == 0) return true;
              differs = at;
              return false;
          });
    if (differs < content.size()) {
        return fmt::format("begins as {}.{} and is something else from byte {} on",
                           header.stamp.writer, header.stamp.seq, differs);
    }
    if (header.crc != crc_of(header, content)) return "its checksum is not that of its bytes";
    stamp = header.stamp;
    return {};
}

}  // namespace juxta::history
