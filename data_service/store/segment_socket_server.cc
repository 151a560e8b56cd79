#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <map>
#include <thread>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "data_service/store/segment_socket.h"
#include "data_service/store/socket_frames.h"

namespace juxta::data {
namespace {

constexpr std::size_t kConnections = 1000;
constexpr timeval kSendTime{5, 0};  // a peer that does not take its answers is cut off

bool is_same_user(int socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.uid == ::geteuid();
}

UniqueFd listen_on(const std::string& path) {
    const sockaddr_un address = unix_address(path);
    struct stat old {};
    if (::lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) ::unlink(path.c_str());
    UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Nobody can connect before listen(), so the mode is in force in time.
    if (!listener ||
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), 128) != 0) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot listen on the socket " + path + ": " + std::strerror(errno));
    }
    return listener;
}

// What one peer may have mapped, by the number of the file; as often as it was handed out.
class HandedOut {
public:
    void add(const std::shared_ptr<const UniqueFd>& memory) {
        struct stat about {};
        if (::fstat(memory->get(), &about) != 0) return;
        Times& times = files_[about.st_ino];
        times.memory = memory;
        ++times.count;
    }
    void give_back(ino_t file) {
        const auto found = files_.find(file);
        if (found != files_.end() && --found->second.count == 0) files_.erase(found);
    }

private:
    struct Times {
        std::shared_ptr<const UniqueFd> memory;
        std::size_t count = 0;
    };
    std::map<ino_t, Times> files_;
};

ino_t inode_of(const std::string& path) {
    struct stat now {};
    return ::lstat(path.c_str(), &now) == 0 ? now.st_ino : 0;
}

}  // namespace

// Accepts, and serves each connection in a thread of its own: making a segment of gigabytes takes
// a while, and delays nobody else.
class SegmentSocketServer::Connections {
public:
    Connections(const std::string& path, SegmentStore& store,
                std::function<void(std::uint64_t)> mapped,
                std::function<void(const SegmentId&)> admit)
        : path_(path),
          store_(store),
          mapped_(std::move(mapped)),
          admit_(std::move(admit)),
          listener_(listen_on(path)),
          inode_(inode_of(path)),
          wake_(::eventfd(0, EFD_CLOEXEC)) {
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~Connections() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
        acceptor_.join();
        std::list<Connection> ending = open_.with([](std::list<Connection>& open) {
            for (const Connection& connection : open)
                ::shutdown(connection.socket->get(), SHUT_RDWR);
            return std::move(open);
        });
        for (Connection& connection : ending) connection.thread.join();
        // Unless another server has taken the path over.
        if (inode_of(path_) == inode_) ::unlink(path_.c_str());
    }

private:
    struct Connection {
        std::shared_ptr<UniqueFd> socket;
        std::shared_ptr<std::atomic<bool>> ended;
        std::thread thread;
    };

    void accept_all() {
        pollfd waiting[2] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
        for (;;) {
            if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return;
            if (waiting[1].revents != 0) return;
            auto socket = std::make_shared<UniqueFd>(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            join_ended();
            if (!*socket) {  // out of descriptors, perhaps: it passes
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            } else if (is_same_user(socket->get()) &&
                       open_.with([](auto& open) { return open.size() < kConnections; })) {
                start(std::move(socket));
            }
        }
    }

    void start(std::shared_ptr<UniqueFd> socket) {
        ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTime, sizeof kSendTime);
        auto ended = std::make_shared<std::atomic<bool>>(false);
        std::thread thread([this, socket, ended] {
            serve(socket->get());
            ::shutdown(socket->get(), SHUT_RDWR);
            *ended = true;
        });
        open_.with([&](auto& open) {
            open.push_back({std::move(socket), std::move(ended), std::move(thread)});
        });
    }

    void join_ended() {
        std::list<Connection> over;
        open_.with([&](std::list<Connection>& open) {
            for (auto at = open.begin(); at != open.end();) {
                const auto next = std::next(at);
                if (*at->ended) over.splice(over.end(), open, at);
                at = next;
            }
        });
        for (Connection& connection : over) connection.thread.join();
    }

    // Until the peer goes or sends what is no request. Then it has nothing mapped any more.
    void serve(int socket) {
        HandedOut handed_out;
        std::vector<std::byte> frame(kLargestFrame);
        for (;;) {
            const ssize_t got = receive_frame(socket, frame, nullptr);
            RequestHead head;
            if (got < static_cast<ssize_t>(sizeof head)) return;
            std::memcpy(&head, frame.data(), sizeof head);
            if (head.magic != RequestHead::kMagic) return;
            const std::span rest(frame.data() + sizeof head,
                                 static_cast<std::size_t>(got) - sizeof head);
            if (head.command == SegmentCommand::unmapped) {
                handed_out.give_back(head.bytes);
            } else if (head.command == SegmentCommand::open_large) {
                if (!open_large(socket, rest, handed_out)) return;
            } else if (!answer(socket, head, rest, handed_out)) {
                return;
            }
        }
    }

    bool open_large(int socket, std::span<const std::byte> rest, HandedOut& handed_out) {
        std::vector<SegmentName> names(
            std::min(rest.size() / sizeof(SegmentName), kMostDescriptors));
        if (names.empty()) return false;
        std::memcpy(names.data(), rest.data(), names.size() * sizeof(SegmentName));
        std::vector<std::uint64_t> lengths;
        std::vector<SegmentContent> contents;  // as long as the descriptors are on their way
        std::vector<int> fds;
        for (const SegmentName& name : names) {
            auto content = store_.open(name.segment());
            const bool is_large = content && content->fd;
            lengths.push_back(is_large ? content->bytes : 0);
            if (!is_large) continue;
            handed_out.add(content->fd);
            if (mapped_) mapped_(content->bytes);
            fds.push_back(content->fd->get());
            contents.push_back(std::move(*content));
        }
        const AnswerHead head{.bytes = names.size()};
        return send_frame(socket, std::as_bytes(std::span(&head, 1)),
                          std::as_bytes(std::span(lengths)), fds);
    }

    bool answer(int socket, const RequestHead& request, std::span<const std::byte> rest,
                HandedOut& handed_out) {
        try {
            const SegmentContent content = execute(request, rest);
            if (request.command == SegmentCommand::open && content.fd) handed_out.add(content.fd);
            const AnswerHead head{.bytes = content.bytes};
            const std::span small = content.small ? std::span<const std::byte>(*content.small)
                                                  : std::span<const std::byte>();
            if (content.fd && mapped_) mapped_(content.bytes);
            const int fd = content.fd ? content.fd->get() : -1;
            return send_frame(socket, std::as_bytes(std::span(&head, 1)), small,
                              std::span(&fd, content.fd ? 1 : 0));
        } catch (const std::exception& failure) {
            const auto* error = dynamic_cast<const Error*>(&failure);
            const ErrorCode code = error != nullptr ? error->code() : ErrorCode::internal;
            const AnswerHead head{.failure = 1 + static_cast<std::uint32_t>(code)};
            const std::string text = std::string(failure.what()).substr(0, 4096);
            return send_frame(socket, std::as_bytes(std::span(&head, 1)),
                              std::as_bytes(std::span(text)));
        }
    }

    SegmentContent execute(const RequestHead& request, std::span<const std::byte> rest) {
        const SegmentId segment = request.name.segment();
        switch (request.command) {
            case SegmentCommand::open: {
                auto content = store_.open(segment);
                if (!content) {
                    throw Error(ErrorCode::not_found, "a segment of " + to_string(segment.datum) +
                                                          " is not at this provider");
                }
                return std::move(*content);
            }
            case SegmentCommand::create: {
                if (admit_) admit_(segment);
                std::vector<ino_t> reusable(rest.size() / sizeof(ino_t));
                if (!reusable.empty())
                    std::memcpy(reusable.data(), rest.data(), reusable.size() * sizeof(ino_t));
                return {request.bytes, store_.create(segment, request.bytes, reusable), nullptr};
            }
            case SegmentCommand::write_small:
                if (admit_) admit_(segment);
                store_.write(segment, rest.size(), 0, rest);
                return {};
            case SegmentCommand::seal:
                if (request.bytes == 1) {
                    store_.seal_kept_by_writer(segment);
                } else {
                    store_.seal(segment);
                }
                return {};
            case SegmentCommand::discard: store_.discard_unsealed(segment); return {};
            case SegmentCommand::unmapped:
            case SegmentCommand::open_large: break;  // answered elsewhere
        }
        throw Error(ErrorCode::invalid_argument, "no such request to a segment socket");
    }

    const std::string path_;
    SegmentStore& store_;
    const std::function<void(std::uint64_t)> mapped_;
    const std::function<void(const SegmentId&)> admit_;
    const UniqueFd listener_;
    const ino_t inode_;
    const UniqueFd wake_;
    Guarded<std::list<Connection>> open_;
    std::thread acceptor_;
};

SegmentSocketServer::SegmentSocketServer(const std::string& path, SegmentStore& store,
                                         std::function<void(std::uint64_t)> mapped,
                                         std::function<void(const SegmentId&)> admit)
    : connections_(
          std::make_unique<Connections>(path, store, std::move(mapped), std::move(admit))) {}

SegmentSocketServer::~SegmentSocketServer() = default;

}  // namespace juxta::data
