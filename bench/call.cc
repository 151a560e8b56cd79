#include "bench/call.h"

#include "bench/corba/null_call.h"
#include "bench/tcp_ping_pong.h"

namespace juxta::bench {
namespace {

constexpr std::size_t kThreads = 8;
constexpr const char* kCase = "scalar in, scalar out, scheduled";
constexpr const char* kNullCall = "raw omniORB two-way call without arguments";

double median_us(std::size_t times, const std::function<void()>& operation) {
    return median_seconds(times, operation) * 1e6;
}

}  // namespace

std::vector<Row> call_rows(const Client& client, bool quick) {
    TcpPingPong raw;
    const NullCall null(raw.corba_port());
    const std::vector<Arg> arguments{Arg(1.5)};
    const auto call = [&] { client.call("testing/echo", arguments); };
    const auto null_call = [&] { null.call(); };
    const auto round_trip = [&] { raw.round_trip(); };
    const std::size_t pairs = quick ? 7 : 21;
    const std::size_t calls = quick ? 200 : 1000;
    // Connections, workers, caches.
    per_second(kThreads, calls / 4, call);
    per_second(kThreads, calls / 4, null_call);

    std::vector<Row> rows;
    rows.push_back(described(measure_pairs(
                                 pairs, [&] { return median_us(calls, call); },
                                 [&] { return median_us(calls, round_trip); }),
                             kCase, "us", "raw TCP round trip of 64 bytes", 64));  // DIET 2.8
    rows.push_back(described(measure_pairs(
                                 pairs, [&] { return median_us(calls, call); },
                                 [&] { return median_us(calls, null_call); }),
                             kCase, "us", kNullCall, 10));
    Row throughput = described(measure_pairs(
                                   pairs, [&] { return per_second(kThreads, calls, call); },
                                   [&] { return per_second(kThreads, calls, null_call); }),
                               std::string(kCase) + ", 8 threads", "calls/s", kNullCall, 0.1);
    throughput.at_most = false;
    rows.push_back(throughput);
    return rows;
}

}  // namespace juxta::bench
