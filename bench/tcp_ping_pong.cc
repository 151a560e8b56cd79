#include "bench/tcp_ping_pong.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace juxta::bench {
namespace {

// Its first eight bytes: how much is wanted back beyond it.
using Ball = std::array<char, 64>;

sockaddr_in loopback(unsigned short port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void without_delay(int socket) {
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

bool receive(int socket, Ball& ball) {
    return ::recv(socket, ball.data(), ball.size(), MSG_WAITALL) ==
           static_cast<ssize_t>(ball.size());
}

bool send(int socket, const Ball& ball) {
    return ::send(socket, ball.data(), ball.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(ball.size());
}

bool send_all(int socket, std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t sent = ::send(socket, content.data(), content.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        content = content.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

bool receive_all(int socket, std::span<std::byte> content) {
    while (!content.empty()) {
        const ssize_t got = ::recv(socket, content.data(), content.size(), 0);
        if (got <= 0) return false;
        content = content.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

}  // namespace

TcpPingPong::TcpPingPong() {
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    const bool listening =
        ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) == 0 &&
        ::listen(listener.get(), 1) == 0 &&
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0;
    if (!listening)
        throw Error(ErrorCode::internal, "no loopback socket for the reference measurement");

    const std::string peer =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "juxta-bench-peer";
    std::string port = std::to_string(ntohs(address.sin_port));
    std::string name = "juxta-bench-peer";
    char* argv[] = {name.data(), port.data(), nullptr};
    if (::posix_spawn(&peer_, peer.c_str(), nullptr, nullptr, argv, environ) != 0) {
        peer_ = 0;
        throw Error(ErrorCode::not_found,
                    "cannot start " + peer + ", the peer of the reference measurement");
    }
    connection_.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    without_delay(connection_.get());
    Ball first{};
    if (!receive(connection_.get(), first))
        throw Error(ErrorCode::peer_unreachable, "the peer of the reference measurement has gone");
    std::memcpy(&corba_port_, first.data(), sizeof corba_port_);
}

TcpPingPong::~TcpPingPong() {
    connection_.reset();
    if (peer_ == 0) return;
    ::kill(peer_, SIGTERM);
    ::waitpid(peer_, nullptr, 0);
}

void TcpPingPong::round_trip() {
    Ball ball{};
    if (!send(connection_.get(), ball) || !receive(connection_.get(), ball)) {
        throw Error(ErrorCode::peer_unreachable, "the peer of the reference measurement has gone");
    }
}

void TcpPingPong::stream(std::span<std::byte> into) {
    Ball ball{};
    const std::uint64_t wanted = into.size();
    std::memcpy(ball.data(), &wanted, sizeof wanted);
    if (!send(connection_.get(), ball) || !receive(connection_.get(), ball) ||
        !receive_all(connection_.get(), into)) {
        throw Error(ErrorCode::peer_unreachable, "the peer of the reference measurement has gone");
    }
}

TcpPingPong::Apart::Apart(const TcpPingPong& pair) : peer_(pair.peer_) {
    ::sched_getaffinity(0, sizeof mine_, &mine_);
    ::sched_getaffinity(peer_, sizeof theirs_, &theirs_);
    int first = -1, second = -1;
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
        if (!CPU_ISSET(processor, &mine_)) continue;
        (first < 0 ? first : second) = processor;
        if (second >= 0) break;
    }
    if (second < 0) return;
    cpu_set_t one{}, other{};
    CPU_SET(first, &one);
    CPU_SET(second, &other);
    ::sched_setaffinity(0, sizeof one, &one);
    ::sched_setaffinity(peer_, sizeof other, &other);
}

TcpPingPong::Apart::~Apart() {
    ::sched_setaffinity(0, sizeof mine_, &mine_);
    ::sched_setaffinity(peer_, sizeof theirs_, &theirs_);
}

int answer_pings(unsigned short port, unsigned short corba_port) {
    UniqueFd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0)
        return 1;
    without_delay(connection.get());
    Ball ball{};
    std::memcpy(ball.data(), &corba_port, sizeof corba_port);
    if (!send(connection.get(), ball)) return 1;
    std::vector<std::byte> content;
    while (receive(connection.get(), ball) && send(connection.get(), ball)) {
        std::uint64_t wanted = 0;
        std::memcpy(&wanted, ball.data(), sizeof wanted);
        if (content.size() < wanted) content.assign(wanted, std::byte{1});
        if (!send_all(connection.get(), std::span(content).first(wanted))) return 1;
    }
    return 0;
}

}  // namespace juxta::bench
