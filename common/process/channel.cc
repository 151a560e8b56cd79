#include "common/process/channel.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta {
namespace {

// A packet: the kind, then its bytes. `more`: only descriptors, the message follows.
constexpr std::uint32_t kWhole = 0, kInMemory = 1, kMore = 2;
constexpr std::size_t kPacketBytes = 32 * 1024;
constexpr std::size_t kPacketDescriptors = 200;  // the kernel takes 253

[[noreturn]] void malformed() {
    throw Error(ErrorCode::internal, "a malformed message between daemon and worker");
}

}  // namespace

void Packer::number(std::uint64_t value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof value);
}
void Packer::bytes(std::span<const std::byte> content) {
    number(content.size());
    bytes_.insert(bytes_.end(), content.begin(), content.end());
}
void Packer::text(std::string_view content) { bytes(std::as_bytes(std::span(content))); }
void Packer::type(const DataType& type) {
    number(static_cast<std::uint64_t>(type.element));
    number(type.shape.size());
    for (std::uint64_t extent : type.shape) number(extent);
}

std::span<const std::byte> Unpacker::take(std::size_t size) {
    if (size > rest_.size()) malformed();
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
}
std::uint64_t Unpacker::number() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
}
std::span<const std::byte> Unpacker::bytes() { return take(number()); }
std::string Unpacker::text() {
    const auto content = bytes();
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}
DataType Unpacker::type() {
    DataType type;
    const std::uint64_t element = number();
    if (element > static_cast<std::uint64_t>(ElementType::file)) malformed();
    type.element = static_cast<ElementType>(element);
    const std::uint64_t rank = number();
    if (rank > 2) malformed();
    for (std::uint64_t i = 0; i < rank; ++i) type.shape.push_back(number());
    return type;
}

Channel::Channel(UniqueFd socket) : socket_(std::move(socket)), buffer_(kPacketBytes + 64) {}

Channel::~Channel() { unmap_large(); }

bool Channel::send(std::span<const std::byte> bytes, std::span<const int> descriptors) {
    while (descriptors.size() > kPacketDescriptors) {
        if (!send_packet(kMore, {}, descriptors.first(kPacketDescriptors))) return false;
        descriptors = descriptors.subspan(kPacketDescriptors);
    }
    if (bytes.size() <= kPacketBytes) return send_packet(kWhole, bytes, descriptors);
    const UniqueFd memory = memory_file("juxta-message", bytes);
    std::vector<int> all{memory.get()};
    all.insert(all.end(), descriptors.begin(), descriptors.end());
    const std::uint64_t size = bytes.size();
    return send_packet(kInMemory, std::as_bytes(std::span(&size, 1)), all);
}

bool Channel::send_packet(std::uint32_t kind, std::span<const std::byte> bytes,
                          std::span<const int> fds) {
    std::array<iovec, 2> parts{
        {{&kind, sizeof kind}, {const_cast<std::byte*>(bytes.data()), bytes.size()}}};
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * (kPacketDescriptors + 1))> control;
    if (!fds.empty()) {
        packet.msg_control = control.data();
        packet.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&packet);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    for (;;) {
        if (::sendmsg(socket_.get(), &packet, MSG_NOSIGNAL) >= 0) return true;
        if (errno == EINTR) continue;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return false;
        throw Error(ErrorCode::internal,
                    std::string("cannot send to the worker process: ") + std::strerror(errno));
    }
}

std::optional<Message> Channel::receive() {
    unmap_large();
    Message message;
    for (;;) {
        iovec part{buffer_.data(), buffer_.size()};
        msghdr packet{};
        packet.msg_iov = &part;
        packet.msg_iovlen = 1;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * (kPacketDescriptors + 1))>
            control;
        packet.msg_control = control.data();
        packet.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(socket_.get(), &packet, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        for (cmsghdr* header = CMSG_FIRSTHDR(&packet); header != nullptr;
             header = CMSG_NXTHDR(&packet, header)) {
            if (header->cmsg_type != SCM_RIGHTS) continue;
            const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
                message.descriptors.emplace_back(fd);
            }
        }
        std::uint32_t kind = 0;
        if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
            got < static_cast<ssize_t>(sizeof kind))
            malformed();
        std::memcpy(&kind, buffer_.data(), sizeof kind);
        const auto body = std::span<const std::byte>(buffer_).subspan(
            sizeof kind, static_cast<std::size_t>(got) - sizeof kind);
        if (kind == kMore) continue;
        message.bytes = body;
        if (kind == kInMemory) {
            std::uint64_t size = 0;
            if (body.size() != sizeof size || message.descriptors.empty()) malformed();
            std::memcpy(&size, body.data(), sizeof size);
            message.bytes = map_large(message.descriptors.front(), size);
            message.descriptors.erase(message.descriptors.begin());
        } else if (kind != kWhole) {
            malformed();
        }
        return message;
    }
}

std::span<const std::byte> Channel::map_large(const UniqueFd& fd, std::uint64_t size) {
    // Sealed, or the sender could shrink it under us.
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    struct stat about {};
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || ::fstat(fd.get(), &about) != 0 || size == 0 ||
        static_cast<std::uint64_t>(about.st_size) < size) {
        malformed();
    }
    large_ = map_file(fd.get(), 0, size, PROT_READ);
    return large_;
}

void Channel::unmap_large() {
    if (!large_.empty()) ::munmap(large_.data(), large_.size());
    large_ = {};
}

}  // namespace juxta
