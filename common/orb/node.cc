#include "common/orb/node.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <omniORB4/omniInterceptors.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/log/log.h"
#include "common/orb/error_bridge.h"

namespace juxta::orb {
namespace {

// The ORB is one a process, and its interceptors are plain functions: so are these counters.
std::atomic<std::uint64_t> arrived{0};
std::atomic<std::uint64_t> sent{0};

// What this thread last gave to omniORB, which cannot be asked. 0: none.
thread_local unsigned long thread_deadline = 0;

CORBA::Boolean count_arrived(omni::omniInterceptors::serverReceiveRequest_T::info_T&) {
    arrived.fetch_add(1, std::memory_order_relaxed);
    return true;
}

CORBA::Boolean count_sent(omni::omniInterceptors::clientSendRequest_T::info_T&) {
    sent.fetch_add(1, std::memory_order_relaxed);
    return true;
}

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

HostPort split(const std::string& address) {
    const auto colon = address.rfind(':');
    HostPort parts{address.substr(0, colon), 0};
    if (colon != std::string::npos) {
        const char* first = address.data() + colon + 1;
        std::from_chars(first, address.data() + address.size(), parts.port);
    }
    if (parts.host.empty() || parts.port == 0) {
        throw Error(ErrorCode::invalid_argument,
                    "'" + address + "' is no address: write HOST:PORT");
    }
    return parts;
}

sockaddr_in socket_address(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) return address;
    addrinfo hints{};
    hints.ai_family = AF_INET;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0 || found == nullptr) {
        throw Error(ErrorCode::invalid_argument, "host '" + host + "' has no known address");
    }
    address.sin_addr = reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr;
    ::freeaddrinfo(found);
    return address;
}

// A free port of `host`; or throws if `port` is wanted and taken. omniORB reports a taken port only
// as INITIALIZE, without a reason.
std::uint16_t claim_port(const std::string& host, std::uint16_t port) {
    UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = socket_address(host, port);
    if (::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(probe.get(), 1) != 0) {
        throw Error(
            ErrorCode::invalid_argument,
            "cannot listen on " + host + ":" + std::to_string(port) + ": " + std::strerror(errno));
    }
    socklen_t length = sizeof address;
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

}  // namespace

Node::Node(const NodeSettings& settings) : name_service_(settings.name_service) {
    const std::string deadline = std::to_string(settings.default_deadline_ms);
    std::string endpoint;
    if (settings.serves) {
        host_ = settings.address.empty() ? "127.0.0.1" : settings.address;
        port_ = claim_port(host_, settings.port);
        endpoint = "giop:tcp:" + host_ + ":" + std::to_string(port_);
    }
    const char* options[][2] = {
        {"giopMaxMsgSize", "2097152"},
        {"maxGIOPConnectionPerServer", "64"},
        {"clientCallTimeOutPeriod", deadline.c_str()},
        {"clientConnectTimeOutPeriod", "0"},  // else it replaces the deadline of a first call
        {"supportPerThreadTimeOut", "1"},     // or Deadline has no effect
        {"serverCallTimeOutPeriod", "30000"},
        {"inConScanPeriod", "180"},
        {"outConScanPeriod", "120"},
        {"unixTransportPermission", "0600"},
        {"threadPerConnectionPolicy", "1"},
        {"maxServerThreadPoolSize", "200"},
        {"verifyObjectExistsAndType", "0"},
        {"resetTimeOutOnRetries", "0"},
        {settings.serves ? "endPoint" : nullptr, endpoint.c_str()},
        {nullptr, nullptr},
    };
    try {
        int argc = 0;
        orb_ = CORBA::ORB_init(argc, nullptr, "omniORB4", options);
        omni::omniInterceptors* interceptors = omniORB::getInterceptors();
        interceptors->serverReceiveRequest.add(count_arrived);
        interceptors->clientSendRequest.add(count_sent);
        if (settings.serves) {
            CORBA::Object_var object = orb_->resolve_initial_references("omniINSPOA");
            poa_ = PortableServer::POA::_narrow(object);
        }
    } catch (const CORBA::INITIALIZE&) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot listen on " + host_ + ":" + std::to_string(port_) +
                        ": the address is not of this machine, or the port was taken just now");
    }
}

Node::~Node() {
    try {
        orb_->shutdown(true);
        orb_->destroy();
    } catch (const CORBA::Exception& e) {
        log::warning("the ORB did not shut down cleanly: {}", e._name());
    }
}

std::string Node::address() const {
    return port_ == 0 ? std::string{} : host_ + ":" + std::to_string(port_);
}

std::uint16_t Node::port() const { return port_; }

void Node::activate(const std::string& key, PortableServer::Servant servant) {
    PortableServer::ObjectId_var id = PortableServer::string_to_ObjectId(key.c_str());
    poa_->activate_object_with_id(id, servant);
}

void Node::serve() {
    PortableServer::POAManager_var manager = poa_->the_POAManager();
    manager->activate();
}

void Node::bind_name(const std::string& platform, const std::string& name, const std::string& kind,
                     const std::string& key) {
    if (name_service_.empty()) return;
    try {
        Deadline deadline(3000);
        CORBA::Object_var found = orb_->string_to_object(name_service_.c_str());
        CosNaming::NamingContext_var root = CosNaming::NamingContext::_unchecked_narrow(found);
        CosNaming::Name path;
        path.length(1);
        path[0].id = CORBA::string_dup(platform.c_str());
        path[0].kind = CORBA::string_dup("juxta");
        try {
            CosNaming::NamingContext_var made = root->bind_new_context(path);
        } catch (const CosNaming::NamingContext::AlreadyBound&) {
        }
        path.length(2);
        path[1].id = CORBA::string_dup(name.c_str());
        path[1].kind = CORBA::string_dup(kind.c_str());
        CORBA::Object_var self = resolve_object(address(), key);
        root->rebind(path, self);
    } catch (const CORBA::Exception& e) {
        log::warning("could not bind {} at the name service {}: {}; everything else goes on", name,
                     name_service_, e._name());
    }
}

CORBA::Object_ptr Node::resolve_object(const std::string& address, const std::string& key) {
    split(address);  // a clear error instead of BAD_PARAM
    const bool has_key = address.find('/') != std::string::npos;
    const std::string location = "corbaloc:iiop:" + (has_key ? address : address + "/" + key);
    try {
        return orb_->string_to_object(location.c_str());
    } catch (const CORBA::Exception&) {
        throw Error(ErrorCode::invalid_argument, "'" + location + "' is no address of an object");
    }
}

Deadline::Deadline(unsigned milliseconds) : outer_(thread_deadline) {
    // omniORB keeps a thread's deadline only for threads that it knows: it learns of this one.
    thread_local omni_thread::ensure_self known_to_omniorb;
    // An inner deadline never prolongs an outer one.
    thread_deadline = outer_ == 0 ? milliseconds : std::min<unsigned long>(outer_, milliseconds);
    omniORB::setClientThreadCallTimeout(static_cast<CORBA::ULong>(thread_deadline));
}

Deadline::~Deadline() {
    thread_deadline = outer_;
    omniORB::setClientThreadCallTimeout(static_cast<CORBA::ULong>(outer_));
}

std::uint64_t calls_in() { return arrived.load(std::memory_order_relaxed); }
std::uint64_t calls_out() { return sent.load(std::memory_order_relaxed); }

Liveness look_at(const std::string& address, unsigned milliseconds) {
    const HostPort parts = split(address);
    const sockaddr_in target = socket_address(parts.host, parts.port);
    UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0) {
        return Liveness::alive;
    }
    const auto verdict = [](int error) {
        if (error == ECONNREFUSED) return Liveness::refused;
        // Broken off by somebody: a process that is ending does so before its port is closed.
        const bool answered = error == 0 || error == ECONNRESET || error == ECONNABORTED;
        return answered ? Liveness::alive : Liveness::silent;
    };
    if (errno != EINPROGRESS) return verdict(errno);
    pollfd waiting{probe.get(), POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(milliseconds)) != 1) return Liveness::silent;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(probe.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    return verdict(error);
}

}  // namespace juxta::orb
