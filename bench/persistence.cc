#include "bench/persistence.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "bench/bench_platform.h"
#include "juxta/client.h"

namespace juxta::bench {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRows = 1024;

// Through all TCP connections that this process has open, both ways.
std::uint64_t own_tcp_bytes() {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        tcp_info info{};
        socklen_t length = sizeof info;
        const int fd = std::stoi(entry.path().filename());
        if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) continue;
        sum += info.tcpi_bytes_acked + info.tcpi_bytes_received;
    }
    return sum;
}

DataHandle make(const Client& writer, std::uint64_t bytes) {
    PutOptions options;
    options.copies = 1;
    const DataHandle datum = writer.allocate_untyped(
        {ElementType::float64, {kRows, bytes / sizeof(double) / kRows}}, options);
    auto access = datum.write();
    std::memset(access.bytes(Start::blank).data(), 0, bytes);
    access.commit();
    return datum;
}

}  // namespace

std::vector<Row> persistence_rows(bool quick) {
    const std::uint64_t bytes = (quick ? 64 : 1024) * kMiB;
    const std::uint64_t sent = bytes / 16;
    const std::size_t pairs = quick ? 7 : 21;
    const BenchPlatform platform(
        {.providers = 1, .managers = 1, .copies = 1, .memory = "9GiB", .with_sed = true});
    const Client beside = Client::connect(platform.configuration("h1"));
    const Client client = Client::connect(platform.configuration());
    const auto null_call = [&] { client.call("testing/echo", {Arg(1.5)}); };
    const auto call = [&](const Arg& a, const Arg& b) {
        const CallResult result = client.call("testing/corner", {a, b});
        client.output_untyped(result, "C").free();
    };
    // The result is freed outside of what is measured.
    const auto timed = [&](const Arg& a, const Arg& b) {
        CallResult result;
        const double seconds = median_seconds(1, [&] {
            result = client.call("testing/corner", {a, b});
        });
        client.output_untyped(result, "C").free();
        return 1e6 * seconds;
    };
    const std::string size = std::to_string(bytes / kMiB) + " MiB";
    std::vector<Row> rows;
    {
        const DataHandle a = make(beside, bytes), b = make(beside, bytes);
        for (int i = 0; i < 5; ++i) call(a, b);
        for (int i = 0; i < 100; ++i) null_call();
        Row row = measure_pairs(
            pairs, [&] { return timed(a, b); },
            [&] { return 1e6 * median_seconds(20, null_call); });
        rows.push_back(itself("a call with two operands and a result of " + size +
                                  " each that stay in the platform, above a call without data",
                              row.value - row.reference, "us", 1000));
        std::vector<double> passed;
        for (std::size_t i = 0; i < pairs; ++i) {
            const std::uint64_t before = own_tcp_bytes();
            const CallResult result = client.call("testing/corner", {Arg(a), Arg(b)});
            passed.push_back(static_cast<double>(own_tcp_bytes() - before) / 1024);
            client.output_untyped(result, "C").free();
        }
        rows.push_back(itself("bytes through the client for it", median(passed), "KiB", 4));
        a.free();
        b.free();
    }
    const DataHandle a = make(beside, sent), b = make(beside, sent);
    const std::vector<double> values(sent / sizeof(double));
    const Shape shape{kRows, values.size() / kRows};
    const Arg given(std::span<const double>(values), shape);
    for (int i = 0; i < 3; ++i) call(given, given);
    rows.push_back(described(
        measure_pairs(
            quick ? 3 : 7, [&] { return timed(a, b); }, [&] { return timed(given, given); }),
        "operands of " + std::to_string(sent / kMiB) + " MiB in the platform", "us",
        "the same call whose client sends them along", 1));
    return rows;
}

}  // namespace juxta::bench
