// juxta-bench-peer PORT: the other process of the reference measurements.
#include <cstdlib>

#include "bench/tcp_ping_pong.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    return juxta::bench::answer_pings(static_cast<unsigned short>(std::atoi(argv[1])));
}
