#include "data_service/consensus/open_segments.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "data_service/consensus/proposals.h"

namespace juxta::data {
namespace {

namespace fs = std::filesystem;

// A batch is: checksums of head and data, u32 each; the head, which is the number of entries, u64,
// and for each its term, u64, type, u8, and size, u32 behind three unused bytes; the data.
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kEntryHeadBytes = 16;
constexpr std::uint64_t kMostEntries = 1 << 20;
constexpr std::uint64_t kFormat = 1;
constexpr unsigned char kCommand = 1;

// Polynomial 04c11db7, the highest bit first, from 0; the library's begins and ends inverted.
std::uint32_t crc32(std::string_view bytes) {
    return ~::crc32_ieee(~0u, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
    Number number{};
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

struct SegmentBatch {
    std::size_t bytes = 0;
    std::uint64_t entries = 0;
    std::uint64_t confirmed = 0;  // the last index that is known to have been, by its entries
};

// The whole batch at the start of `bytes`, if there is one.
std::optional<SegmentBatch> batch_at(std::string_view bytes) {
    if (bytes.size() < kChecksumBytes + 8) return std::nullopt;
    const auto count = number_at<std::uint64_t>(bytes, kChecksumBytes);
    if (count == 0 || count > kMostEntries) return std::nullopt;
    const std::size_t head_bytes = 8 + count * kEntryHeadBytes;
    if (bytes.size() - kChecksumBytes < head_bytes) return std::nullopt;
    const auto head = bytes.substr(kChecksumBytes, head_bytes);
    if (crc32(head) != number_at<std::uint32_t>(bytes, 0)) return std::nullopt;
    auto data = bytes.substr(kChecksumBytes + head_bytes);
    std::uint64_t data_bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        data_bytes += number_at<std::uint32_t>(head, 8 + i * kEntryHeadBytes + 12);
    }
    if (data.size() < data_bytes) return std::nullopt;
    data = data.substr(0, data_bytes);
    if (crc32(data) != number_at<std::uint32_t>(bytes, 4)) return std::nullopt;
    SegmentBatch batch{kChecksumBytes + head_bytes + data_bytes, count, 0};
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::size_t at = 8 + i * kEntryHeadBytes;
        const auto size = number_at<std::uint32_t>(head, at + 12);
        if (number_at<unsigned char>(head, at + 8) == kCommand) {
            batch.confirmed = std::max(batch.confirmed, confirmed_before(data.substr(0, size)));
        }
        data.remove_prefix(size);
    }
    return batch;
}

// The open segments in order, and the index of the last entry before them.
struct Listing {
    std::map<unsigned long long, fs::path> open;
    unsigned long long last_closed = 0;
};

Listing list(const fs::path& folder) {
    Listing listing;
    unsigned long long last_snapshot = 0;
    for (const auto& file : fs::directory_iterator(folder)) {
        const std::string name = file.path().filename();
        unsigned long long first = 0;
        unsigned long long last = 0;
        unsigned long long time = 0;
        if (std::sscanf(name.c_str(), "open-%llu", &first) == 1) {
            listing.open[first] = file.path();
        } else if (std::sscanf(name.c_str(), "snapshot-%llu-%llu-%llu", &first, &last, &time) ==
                   3) {
            last_snapshot = std::max(last_snapshot, last);
        } else if (std::sscanf(name.c_str(), "%llu-%llu", &first, &last) == 2) {
            listing.last_closed = std::max(listing.last_closed, last);
        }
    }
    if (listing.last_closed == 0) listing.last_closed = last_snapshot;
    return listing;
}

std::string content_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

void check_open_segments(const fs::path& folder) {
    const Listing listing = list(folder);
    std::uint64_t index = listing.last_closed;
    std::string broken;  // where the first broken batch is
    for (const auto& [number, file] : listing.open) {
        const std::string content = content_of(file);
        std::string_view rest(content);
        if (rest.size() < 8 || number_at<std::uint64_t>(rest, 0) != kFormat) continue;
        rest.remove_prefix(8);
        while (rest.size() > kChecksumBytes) {
            if (const auto batch = batch_at(rest)) {
                if (broken.empty()) {
                    index += batch->entries;
                } else if (batch->confirmed > index) {
                    throw Error(ErrorCode::internal,
                                "the log in " + folder.string() + " is damaged (" + broken +
                                    ": a checksum does not match, and what follows shows that it "
                                    "was confirmed); it is not used, for what was promised would "
                                    "be forgotten. Restore the folder, or, while all other "
                                    "replicas run, start with an empty one");
                }
                rest.remove_prefix(batch->bytes);
                continue;
            }
            if (broken.empty()) {
                // Zeros to the end are what has not been written yet.
                if (rest.find_first_not_of('\0') == rest.npos) break;
                broken = file.filename().string() + ", byte " +
                         std::to_string(content.size() - rest.size());
            }
            rest.remove_prefix(8);  // batches begin at multiples of 8
        }
    }
}

}  // namespace juxta::data
