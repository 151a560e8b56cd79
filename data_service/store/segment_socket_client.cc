#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "data_service/store/segment_socket.h"
#include "data_service/store/socket_frames.h"

namespace juxta::data {
namespace {

constexpr timeval kDeadline{5, 0};

// The descriptor of a segment's memory; tells the provider when it is gone.
struct OpenedMemory {
    OpenedMemory(UniqueFd memory, std::shared_ptr<const UniqueFd> through)
        : fd(std::move(memory)), connection(std::move(through)) {}
    ~OpenedMemory() {
        struct stat about {};
        if (::fstat(fd.get(), &about) != 0) return;
        RequestHead head;
        head.command = SegmentCommand::unmapped;
        head.bytes = about.st_ino;
        // If the provider has gone, or reads nothing for long, the connection ends some day.
        ::send(connection->get(), &head, sizeof head, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    OpenedMemory(const OpenedMemory&) = delete;
    OpenedMemory& operator=(const OpenedMemory&) = delete;

    const UniqueFd fd;
    const std::shared_ptr<const UniqueFd> connection;
};

}  // namespace

struct SegmentSocketClient::Call {
    RequestHead head;
    std::span<const std::byte> rest;

    Call(SegmentCommand command, const SegmentId& segment, std::uint64_t bytes = 0,
         std::span<const std::byte> content = {})
        : rest(content) {
        head.command = command;
        head.name = SegmentName(segment);
        head.bytes = bytes;
    }
};

struct SegmentSocketClient::Reply {
    AnswerHead head;
    std::vector<UniqueFd> fds;
    std::vector<std::byte> rest;
};

SegmentSocketClient::SegmentSocketClient(std::string path) : path_(std::move(path)) {}

SegmentSocketClient::~SegmentSocketClient() = default;

void SegmentSocketClient::connect() {
    const sockaddr_un address = unix_address(path_);
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kDeadline, sizeof kDeadline);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kDeadline, sizeof kDeadline);
    if (!socket ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw Error(ErrorCode::peer_unreachable,
                    "no provider answers on the socket " + path_ + ": " + std::strerror(errno));
    }
    connection_ = std::make_shared<const UniqueFd>(std::move(socket));
}

// Every request may be repeated, so one whose connection broke is sent again on a new one, once:
// the provider may have been restarted since the last request.
SegmentSocketClient::Reply SegmentSocketClient::ask(const Call& call) {
    std::vector<std::byte> frame(kLargestFrame);
    for (bool fresh = false;; fresh = true) {
        if (!connection_) {
            connect();
            fresh = true;
        }
        Reply reply;
        ssize_t got = -1;
        if (send_frame(connection_->get(), std::as_bytes(std::span(&call.head, 1)), call.rest)) {
            got = receive_frame(connection_->get(), frame, &reply.fds);
        }
        if (got >= static_cast<ssize_t>(sizeof reply.head)) {
            std::memcpy(&reply.head, frame.data(), sizeof reply.head);
            reply.rest.assign(frame.begin() + sizeof reply.head, frame.begin() + got);
            if (reply.head.failure == 0) return reply;
            const std::string text(reinterpret_cast<const char*>(reply.rest.data()),
                                   reply.rest.size());
            const std::uint32_t last = 1 + static_cast<std::uint32_t>(ErrorCode::internal);
            throw Error(static_cast<ErrorCode>(std::min(reply.head.failure, last) - 1), text);
        }
        const int error = errno;
        connection_.reset();  // a late answer must not be taken for that of the next request
        if (got < 0 && (error == EAGAIN || error == EWOULDBLOCK)) {
            throw Error(ErrorCode::deadline_exceeded,
                        "the provider at " + path_ + " did not answer within 5 s");
        }
        if (fresh) {
            throw Error(ErrorCode::peer_unreachable, "the provider at " + path_ + " has gone");
        }
    }
}

SegmentContent SegmentSocketClient::open(const SegmentId& segment) {
    Reply reply = ask(Call(SegmentCommand::open, segment));
    SegmentContent content{.bytes = reply.head.bytes, .fd = nullptr, .small = nullptr};
    if (!reply.fds.empty()) {
        auto opened =
            std::make_shared<const OpenedMemory>(std::move(reply.fds.front()), connection_);
        content.fd = {opened, &opened->fd};
    } else {
        content.small = std::make_shared<const std::vector<std::byte>>(std::move(reply.rest));
    }
    return content;
}

std::vector<SegmentContent> SegmentSocketClient::open_large(std::span<const SegmentId> segments) {
    std::vector<SegmentContent> contents(segments.size());
    for (std::size_t done = 0; done < segments.size();) {
        const auto some =
            segments.subspan(done, std::min(segments.size() - done, kMostDescriptors));
        std::vector<SegmentName> names(some.begin(), some.end());
        Reply reply = ask(
            Call(SegmentCommand::open_large, {}, names.size(), std::as_bytes(std::span(names))));
        std::vector<std::uint64_t> lengths(reply.rest.size() / sizeof(std::uint64_t));
        std::memcpy(lengths.data(), reply.rest.data(), lengths.size() * sizeof(std::uint64_t));
        lengths.resize(names.size());
        auto fd = reply.fds.begin();
        for (std::size_t i = 0; i < names.size() && fd != reply.fds.end(); ++i) {
            if (lengths[i] == 0) continue;
            auto opened = std::make_shared<const OpenedMemory>(std::move(*fd++), connection_);
            contents[done + i].bytes = lengths[i];
            contents[done + i].fd = {opened, &opened->fd};
        }
        done += names.size();
    }
    return contents;
}

std::shared_ptr<const UniqueFd> SegmentSocketClient::create(const SegmentId& segment,
                                                            std::uint64_t bytes,
                                                            std::span<const ino_t> reusable) {
    static_assert(sizeof(ino_t) == 8);
    const auto some = reusable.first(std::min(reusable.size(), kMostReusable));
    Reply reply = ask(Call(SegmentCommand::create, segment, bytes, std::as_bytes(some)));
    if (reply.fds.empty()) return nullptr;
    return std::make_shared<const UniqueFd>(std::move(reply.fds.front()));
}

void SegmentSocketClient::write_small(const SegmentId& segment,
                                      std::span<const std::byte> content) {
    if (content.size() > SegmentStore::kSmall) {
        throw Error(ErrorCode::invalid_argument,
                    std::to_string(content.size()) + " bytes are no small segment: create() one");
    }
    ask(Call(SegmentCommand::write_small, segment, content.size(), content));
}

void SegmentSocketClient::seal(const SegmentId& segment, bool kept_by_writer) {
    ask(Call(SegmentCommand::seal, segment, kept_by_writer ? 1 : 0));
}

void SegmentSocketClient::discard(const SegmentId& segment) {
    ask(Call(SegmentCommand::discard, segment));
}

}  // namespace juxta::data
