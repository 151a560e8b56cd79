#include "data_service/consensus/snapshot_frame.h"

#include <cstdint>
#include <cstring>
#include <span>

#include "common/base/error.h"
#include "data_service/store/checksums.h"

namespace juxta::data {
namespace {

constexpr std::uint32_t kMark = 0x3153584a;  // "JXS1"

struct Frame {
    std::uint32_t mark;
    std::uint32_t checksum;
    std::uint64_t bytes;
};
static_assert(sizeof(Frame) == kSnapshotFrameBytes);

std::uint32_t checksum(std::string_view bytes) {
    return crc32c(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

}  // namespace

std::array<char, kSnapshotFrameBytes> snapshot_frame(std::string_view snapshot) {
    const Frame frame{kMark, checksum(snapshot), snapshot.size()};
    std::array<char, kSnapshotFrameBytes> bytes{};
    std::memcpy(bytes.data(), &frame, sizeof frame);
    return bytes;
}

std::string_view unframed_snapshot(std::string_view framed) {
    Frame frame{};
    if (framed.size() >= sizeof frame) std::memcpy(&frame, framed.data(), sizeof frame);
    if (frame.mark != kMark) {
        throw Error(ErrorCode::internal, "the snapshot is of another format or damaged");
    }
    framed.remove_prefix(sizeof frame);
    if (framed.size() != frame.bytes || checksum(framed) != frame.checksum) {
        throw Error(ErrorCode::internal, "the snapshot is damaged: its checksum does not match");
    }
    return framed;
}

}  // namespace juxta::data
