// The reference of every call: 64 bytes to another process and back over loopback TCP, nothing
// else.
#pragma once

#include <sys/types.h>

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
