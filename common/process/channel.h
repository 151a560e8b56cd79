// Messages between a daemon and one of its workers, over one seqpacket socket: bytes and
// descriptors, whole or not at all. What is larger than a packet travels in a memfd.
//
// Packer and Unpacker turn values into the bytes of a message and back. The other side may be a
// service gone mad: an Unpacker never reads beyond the message and throws Error internal.
//
// Threading: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/model/types.h"

namespace juxta {

class Packer {
public:
    void number(std::uint64_t value);
    void bytes(std::span<const std::byte> content);
    void text(std::string_view content);
    void type(const DataType& type);
    std::span<const std::byte> packed() const { return bytes_; }
    void clear() { bytes_.clear(); }

private:
    std::vector<std::byte> bytes_;
};

class Unpacker {
public:
    // The bytes must outlive what is taken from them.
    explicit Unpacker(std::span<const std::byte> bytes) : rest_(bytes) {}
    std::uint64_t number();
    std::span<const std::byte> bytes();
    std::string text();
    DataType type();
    bool at_end() const { return rest_.empty(); }

private:
    std::span<const std::byte> take(std::size_t size);
    std::span<const std::byte> rest_;
};

// What was received; `bytes` is valid until the next one.
struct Message {
    std::span<const std::byte> bytes;
    std::vector<UniqueFd> descriptors;
};

class Channel {
public:
    explicit Channel(UniqueFd socket);
    ~Channel();
    Channel(Channel&&) = delete;

    int fd() const { return socket_.get(); }

    // False if the other side is gone. Throws Error internal if the kernel refuses.
    bool send(std::span<const std::byte> bytes, std::span<const int> descriptors = {});

    // Blocks. nullopt if the other side is gone. Throws Error internal for what is no message.
    std::optional<Message> receive();

private:
    bool send_packet(std::uint32_t kind, std::span<const std::byte> bytes,
                     std::span<const int> fds);
    std::span<const std::byte> map_large(const UniqueFd& fd, std::uint64_t size);
    void unmap_large();

    UniqueFd socket_;
    std::vector<std::byte> buffer_;
    std::span<std::byte> large_;
};

}  // namespace juxta
