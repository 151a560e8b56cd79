// One process's ORB: its endpoint, its servants under fixed keys, references to others, deadlines.
//
//     orb::Node node({.port = 2809});
//     node.activate("Agent", servant);                 // corbaloc:iiop:HOST:PORT/Agent
//     node.serve();
//     auto peer = node.resolve<Wire::Agent>("127.0.0.1:2810", "Agent");
//     orb::ask([&] { orb::Deadline deadline(1000); return peer->collect(...); });
//
// One ORB a process: make one Node. Settings are those that were measured to be right (bounded
// messages, 64 connections a server, a default deadline of 30 s for every call).
//
// Threading: any thread, but construction and destruction, which belong to main. Never destroyed
// inside an upcall.
#pragma once

#include <omniORB4/CORBA.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace juxta::orb {

struct NodeSettings {
    bool serves = true;          // false: a client, which opens connections and accepts none
    std::string address{};       // to publish and listen on; empty: 127.0.0.1
    std::uint16_t port = 0;      // 0: any free one
    std::string name_service{};  // corbaloc of an omniNames, or empty
    unsigned default_deadline_ms = 30000;
};

class Node {
public:
    // Throws Error: invalid_argument if the port is taken or the address is not this machine's.
    explicit Node(const NodeSettings& settings);
    ~Node();  // drains: no upcall runs afterwards

    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // "host:port" of this process's endpoint. Empty for a client.
    std::string address() const;
    std::uint16_t port() const;

    // Makes `servant` answer under `key`. It must outlive the node or deactivate() it.
    void activate(const std::string& key, PortableServer::Servant servant);

    // Lets requests in. Before that they wait.
    void serve();

    // Binds the object of `key` as `juxta.PLATFORM/NAME.KIND` where a name service is configured;
    // does nothing otherwise. A name service that does not answer is a warning, no failure.
    void bind_name(const std::string& platform, const std::string& name, const std::string& kind,
                   const std::string& key);

    // A reference, made without asking anybody. Keep it: making one costs a round trip at first
    // use. An `address` of the form "host:port/KEY" names its object itself, whatever `key` says.
    template <class Interface>
    typename Interface::_var_type resolve(const std::string& address, const std::string& key) {
        CORBA::Object_var object = resolve_object(address, key);
        return Interface::_unchecked_narrow(object);
    }

    CORBA::ORB_ptr corba() const { return orb_; }

private:
    CORBA::Object_ptr resolve_object(const std::string& address, const std::string& key);

    CORBA::ORB_var orb_;
    PortableServer::POA_var poa_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string name_service_;
};

// While it lives, calls of this thread end within `milliseconds` (DEADLINE_EXCEEDED).
class Deadline {
public:
    explicit Deadline(unsigned milliseconds);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

private:
    unsigned long outer_;
};

// Requests that arrived at and were sent by this process, counted by interceptors.
std::uint64_t calls_in();
std::uint64_t calls_out();

enum class Liveness { alive, refused, silent };

// Connects to "host:port" and closes again. `refused` is proof that the process which listened
// there is gone (docs/protocol.md, A5).
Liveness look_at(const std::string& address, unsigned milliseconds);

}  // namespace juxta::orb
