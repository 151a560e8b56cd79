#include "deploy/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/unique_fd.h"

namespace juxta::deploy {
namespace {

constexpr std::uint16_t kLowest = 12000;
constexpr std::uint16_t kUsualEnd = 32768;
constexpr int kTries = 2000;

// The end of the range to choose from.
std::uint16_t highest() {
    unsigned outgoing = kUsualEnd;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> outgoing;
    return static_cast<std::uint16_t>(outgoing > kLowest + 1000U ? std::min(outgoing, 65535U)
                                                                 : 65535U);
}

}  // namespace

std::optional<std::string> why_not_free(const std::string& address, std::uint16_t port) {
    const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in wanted{};
    wanted.sin_family = AF_INET;
    wanted.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &wanted.sin_addr);
    if (::bind(probe.get(), reinterpret_cast<sockaddr*>(&wanted), sizeof wanted) == 0 &&
        ::listen(probe.get(), 1) == 0) {
        return std::nullopt;
    }
    return std::strerror(errno);
}

std::uint16_t choose_port(const std::string& address, const std::set<std::uint16_t>& taken) {
    const std::uint16_t end = highest();
    for (int i = 0; i < kTries; ++i) {
        const auto port = static_cast<std::uint16_t>(kLowest + secure_random() % (end - kLowest));
        if (!taken.contains(port) && !why_not_free(address, port)) return port;
    }
    const auto why = why_not_free(address, 0);
    throw Error(why ? ErrorCode::invalid_argument : ErrorCode::unavailable,
                "no port of " + address + " can be listened on" + (why ? ": " + *why : ""));
}

}  // namespace juxta::deploy
