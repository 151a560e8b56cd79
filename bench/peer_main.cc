// juxta-bench-peer PORT: the other process of the reference measurements.
#include <cstdlib>

#include "bench/corba/null_call.h"
#include "bench/tcp_ping_pong.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
    return juxta::bench::answer_null_calls(
        [&](unsigned short corba_port) { return juxta::bench::answer_pings(port, corba_port); });
}
