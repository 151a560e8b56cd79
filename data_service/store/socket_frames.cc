#include "data_service/store/socket_frames.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "common/base/error.h"

namespace juxta::data {

SegmentName::SegmentName(const SegmentId& segment)
    : datum_high(segment.datum.high),
      datum_low(segment.datum.low),
      token(segment.token),
      block(segment.block),
      number(segment.number) {}

SegmentId SegmentName::segment() const {
    return {DataId{{datum_high, datum_low}}, block, token, number};
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        throw Error(ErrorCode::invalid_argument, "the socket path '" + path + "' must have 1 to " +
                                                     std::to_string(sizeof address.sun_path - 1) +
                                                     " characters");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

bool send_frame(int socket, std::span<const std::byte> head, std::span<const std::byte> rest,
                std::span<const int> fds) {
    iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                      {const_cast<std::byte*>(rest.data()), rest.size()}};
    ensure(fds.size() <= kMostDescriptors, "few enough descriptors for one message");
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = rest.empty() ? 1 : 2;
    if (!fds.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
    }
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(head.size() + rest.size());
}

ssize_t receive_frame(int socket, std::span<std::byte> frame, std::vector<UniqueFd>* fds) {
    iovec part{frame.data(), frame.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fds != nullptr) {  // without room for them the kernel closes descriptors itself
        message.msg_control = control;
        message.msg_controllen = sizeof control;
    }
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return got;
    for (cmsghdr* rights = CMSG_FIRSTHDR(&message); fds != nullptr && rights != nullptr;
         rights = CMSG_NXTHDR(&message, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int received = -1;
            std::memcpy(&received, CMSG_DATA(rights) + i * sizeof received, sizeof received);
            fds->emplace_back(received);
        }
    }
    return (message.msg_flags & MSG_TRUNC) != 0 ? 0 : got;
}

}  // namespace juxta::data
