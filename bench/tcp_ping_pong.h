// The references of calls and transfers: another process at the end of one loopback TCP
// connection, that sends 64 bytes back, or as many as it is asked for, and does nothing else.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstddef>
#include <span>

#include "common/base/unique_fd.h"

namespace juxta::bench {

class TcpPingPong {
public:
    // Starts the peer, `juxta-bench-peer`, which stands beside the running program. Error
    // not_found if it does not.
    TcpPingPong();
    ~TcpPingPong();

    // One round trip.
    void round_trip();

    // Fills `into` from memory of the peer as long as that, which it has written to before.
    void stream(std::span<std::byte> into);

    pid_t peer() const { return peer_; }

    // Puts the peer on another processor than this thread, where there are two, until its end: an
    // idle machine keeps a ping-pong on one, and parts more processes than two. This thread is as
    // free as before after.
    class Apart {
    public:
        explicit Apart(const TcpPingPong& pair);
        ~Apart();

    private:
        pid_t peer_;
        cpu_set_t mine_{};
        cpu_set_t theirs_{};
    };

    // Where the same peer answers CORBA calls: bench/corba/null_call.h.
    unsigned short corba_port() const { return corba_port_; }

private:
    UniqueFd connection_;
    unsigned short corba_port_ = 0;
    pid_t peer_ = 0;
};

// The peer's main: connects to `port` of 127.0.0.1, tells its `corba_port` and answers until the
// end.
int answer_pings(unsigned short port, unsigned short corba_port);

}  // namespace juxta::bench
