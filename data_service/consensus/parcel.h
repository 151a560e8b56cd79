// What replicas send each other, cut into pieces that a message can carry, and put together again.
//
// A parcel is a short head and a body of any size (the bytes of entries, or a snapshot). Parcels
// of one lane arrive in order or not at all; a bulky one of the other lane holds nobody up.
//
// Threading: an Assembler is used by one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace juxta::data {

enum class Lane : std::uint8_t { ordered, bulk };

// Who sends to whom; numbers that stand for names.
struct Envelope {
    std::uint64_t group = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

// Bytes in memory that libraft can take over and release.
class RawBytes {
public:
    RawBytes() = default;
    RawBytes(RawBytes&& other) noexcept
        : base_(std::exchange(other.base_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    RawBytes& operator=(RawBytes&& other) noexcept;
    ~RawBytes();

    void append(std::string_view bytes, std::size_t expected);  // expected: the size in the end
    char* data() const { return base_; }
    std::size_t size() const { return size_; }
    std::string_view view() const { return {base_, size_}; }
    char* release();  // to be given to raft_free(); nullptr if empty

private:
    char* base_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

struct Parcel {
    std::string head;
    RawBytes body;
};

struct Piece {
    Envelope envelope;
    Lane lane = Lane::ordered;
    std::uint64_t transfer = 0;    // counts the parcels of a sender
    std::uint64_t body_bytes = 0;  // of the whole parcel
    std::uint64_t offset = 0;      // in the body, of `body`
    std::string_view head;         // in the first piece only
    std::string_view body;
};

constexpr std::size_t kPieceBytes = 256 << 10;  // of a body, in one piece
constexpr std::size_t kLargestHead = 32 << 10;

std::string encode(const Piece& piece);
// Views into `message`. Throws Error invalid_argument.
Piece decode_piece(std::string_view message);

// Puts together what one peer sends.
class Assembler {
public:
    // `most_bulk`: the largest body taken on the bulk lane.
    explicit Assembler(std::uint64_t most_bulk) : most_bulk_(most_bulk) {}

    // The parcel that this piece completes. Throws Error stale_version for the continuation of
    // something else than what was begun last on its lane, invalid_argument for one that is too
    // large or makes no sense.
    std::optional<Parcel> add(const Piece& piece);

private:
    struct Begun {
        std::uint64_t transfer = 0;
        std::uint64_t body_bytes = 0;
        Parcel parcel;
    };

    const std::uint64_t most_bulk_;
    std::array<std::optional<Begun>, 2> lanes_;
};

}  // namespace juxta::data
