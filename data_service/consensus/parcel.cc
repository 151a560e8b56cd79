#include "data_service/consensus/parcel.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "common/base/error.h"
#include "data_service/consensus/libraft.h"

namespace juxta::data {
namespace {

constexpr std::uint32_t kMark = 0x3152584a;           // "JXR1"
constexpr std::uint64_t kMostOrdered = 128ULL << 20;  // entries in flight are far fewer
constexpr std::size_t kFirstCapacity = 8ULL << 20;

// The fixed part of a piece, as it is in memory of little-endian machines.
struct Fixed {
    std::uint32_t mark;
    std::uint32_t lane;
    std::uint64_t group, from, to;
    std::uint64_t transfer, body_bytes, offset;
    std::uint64_t head_bytes;
};

[[noreturn]] void refuse(const char* why) {
    throw Error(ErrorCode::invalid_argument,
                std::string("a message between managers makes no sense: ") + why);
}

}  // namespace

RawBytes& RawBytes::operator=(RawBytes&& other) noexcept {
    if (this != &other) {
        raft_free(base_);
        base_ = std::exchange(other.base_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
}

RawBytes::~RawBytes() { raft_free(base_); }

void RawBytes::append(std::string_view bytes, std::size_t expected) {
    if (bytes.empty()) return;
    const std::size_t needed = size_ + bytes.size();
    if (needed > capacity_) {
        // Grows with what has arrived, not with what was announced.
        const std::size_t wanted = std::max({needed, 2 * capacity_, kFirstCapacity});
        const std::size_t capacity = std::max(needed, std::min(wanted, expected));
        void* grown = raft_realloc(base_, capacity);
        if (grown == nullptr) throw std::bad_alloc();
        base_ = static_cast<char*>(grown);
        capacity_ = capacity;
    }
    std::memcpy(base_ + size_, bytes.data(), bytes.size());
    size_ = needed;
}

char* RawBytes::release() {
    size_ = 0;
    capacity_ = 0;
    return std::exchange(base_, nullptr);
}

std::string encode(const Piece& piece) {
    const Fixed fixed{kMark,
                      static_cast<std::uint32_t>(piece.lane),
                      piece.envelope.group,
                      piece.envelope.from,
                      piece.envelope.to,
                      piece.transfer,
                      piece.body_bytes,
                      piece.offset,
                      piece.head.size()};
    std::string message;
    message.reserve(sizeof fixed + piece.head.size() + piece.body.size());
    message.append(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    message += piece.head;
    message += piece.body;
    return message;
}

Piece decode_piece(std::string_view message) {
    Fixed fixed;
    if (message.size() < sizeof fixed) refuse("it is too short");
    std::memcpy(&fixed, message.data(), sizeof fixed);
    message.remove_prefix(sizeof fixed);
    if (fixed.mark != kMark) refuse("it is of another format");
    if (fixed.lane > 1) refuse("its lane is unknown");
    if (fixed.head_bytes > message.size() || fixed.head_bytes > kLargestHead) {
        refuse("its head is longer than it is");
    }
    Piece piece;
    piece.envelope = {fixed.group, fixed.from, fixed.to};
    piece.lane = static_cast<Lane>(fixed.lane);
    piece.transfer = fixed.transfer;
    piece.body_bytes = fixed.body_bytes;
    piece.offset = fixed.offset;
    piece.head = message.substr(0, fixed.head_bytes);
    piece.body = message.substr(fixed.head_bytes);
    if (piece.offset > piece.body_bytes || piece.body.size() > piece.body_bytes - piece.offset) {
        refuse("it goes beyond its end");
    }
    if ((piece.offset == 0) != !piece.head.empty()) refuse("its head is not where it begins");
    return piece;
}

std::optional<Parcel> Assembler::add(const Piece& piece) {
    auto& begun = lanes_[static_cast<std::size_t>(piece.lane)];
    if (piece.offset == 0) {
        begun.reset();
        if (piece.body_bytes > (piece.lane == Lane::bulk ? most_bulk_ : kMostOrdered)) {
            refuse("it is larger than any that is sent");
        }
        begun = Begun{piece.transfer, piece.body_bytes, {std::string(piece.head), {}}};
    } else if (!begun || begun->transfer != piece.transfer ||
               begun->body_bytes != piece.body_bytes || begun->parcel.body.size() != piece.offset) {
        throw Error(ErrorCode::stale_version,
                    "what came before this piece of a message between managers is not here");
    }
    begun->parcel.body.append(piece.body, begun->body_bytes);
    if (begun->parcel.body.size() < begun->body_bytes) return std::nullopt;
    std::optional<Parcel> complete = std::move(begun->parcel);
    begun.reset();
    return complete;
}

}  // namespace juxta::data
