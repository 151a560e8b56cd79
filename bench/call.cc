#include "bench/call.h"

#include "bench/tcp_ping_pong.h"

namespace juxta::bench {

std::vector<Row> call_rows(const Client& client, bool quick) {
    TcpPingPong raw;
    const std::vector<Arg> arguments{Arg(1.5)};
    const auto call = [&] { client.call("testing/echo", arguments); };
    const std::size_t pairs = quick ? 7 : 21;
    const std::size_t calls = quick ? 200 : 1000;
    for (std::size_t i = 0; i < calls; ++i) call();  // connections, workers, caches

    Row row = measure_pairs(
        pairs, [&] { return median_seconds(calls, call) * 1e6; },
        [&] { return median_seconds(calls, [&] { raw.round_trip(); }) * 1e6; });
    row.what = "scalar in, scalar out, scheduled";
    row.unit = "us";
    row.reference_is = "raw TCP round trip of 64 bytes";
    row.bar = 30;  // DIET 2.8: 42 to 64
    return {row};
}

}  // namespace juxta::bench
