#include "bench/transfer.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "bench/bench_platform.h"
#include "bench/processes.h"
#include "bench/tcp_ping_pong.h"
#include "data_service/core/data_access.h"
#include "juxta/client.h"

namespace juxta::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kSegments = 16;  // of the large datum

double seconds_of(const std::function<void()>& work) {
    const auto begun = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

std::uint64_t sum_of(std::span<const std::byte> content) {
    const std::span words{reinterpret_cast<const std::uint64_t*>(content.data()),
                          content.size() / sizeof(std::uint64_t)};
    return std::accumulate(words.begin(), words.end(), std::uint64_t{0});
}

void keep(std::uint64_t value) { asm volatile("" : : "r"(value) : "memory"); }

class TransferBench {
public:
    explicit TransferBench(bool quick)
        : pairs_(quick ? 3 : 7),
          bytes_((quick ? 64 : 512) * kMiB),
          large_((quick ? 512 : 4096) * kMiB),
          platform_(
              {.providers = 3, .managers = 1, .copies = 1, .memory = "9GiB", .with_sed = true}),
          buffer_(bytes_, std::byte{1}) {}

    std::vector<Row> rows() {
        pointer("1 MiB", kMiB, 1);
        pointer(std::to_string(large_ / kMiB) + " MiB of 16 segments", large_, kSegments);
        reading();
        getting();
        memory();
        from_another_host();
        to_another_provider();
        writing();
        updating();
        calling();
        return std::move(rows_);
    }

private:
    Client client(const std::string& host) const {
        return Client::connect(platform_.configuration(host));
    }
    std::string size() const { return std::to_string(bytes_ / kMiB) + " MiB"; }

    // Written from `writer`, whose host has it then, in so many writes.
    static DataHandle make(const Client& writer, std::uint64_t bytes, std::size_t segments = 1) {
        PutOptions options;
        options.copies = 1;
        const DataHandle handle = writer.allocate_untyped({ElementType::char8, {bytes}}, options);
        auto access = handle.write();
        if (segments == 1) {
            std::memset(access.bytes(Start::blank).data(), 1, bytes);
        } else {
            const std::vector<std::byte> part(bytes / segments, std::byte{1});
            for (std::size_t i = 0; i < segments; ++i) access.write_bytes(i * part.size(), part);
        }
        access.commit();
        return handle;
    }

    // Each time from a client that never saw it, but is connected.
    void pointer(const std::string& what, std::uint64_t bytes, std::size_t segments) {
        const Client writer = client("h1");
        const DataHandle datum = make(writer, bytes, segments);
        const DataHandle other = make(writer, kMiB);
        std::vector<double> times;
        for (std::size_t i = 0; i < 3 * pairs_; ++i) {
            const Client reader = client("h1");
            keep(sum_of(reader.open_untyped(other.id()).read().bytes()));
            const DataHandle mine = reader.open_untyped(datum.id());
            std::optional<ReadAccess> access;
            times.push_back(1e6 * seconds_of([&] {
                                access.emplace(mine.read());
                                keep(static_cast<std::uint64_t>(access->bytes()[0]));
                            }));
        }
        rows_.push_back(itself("same host: a readable pointer to " + what + ", never mapped before",
                               median(times), "us", 300));
        datum.free();
        other.free();
    }

    void reading() {
        const Client writer = client("h1");
        const DataHandle datum = make(writer, bytes_);
        std::vector<double> fresh, kept, alone, fresh_ratios, ratios;
        for (std::size_t i = 0; i < pairs_; ++i) {
            const Client reader = client("h1");
            const ReadAccess access = reader.open_untyped(datum.id()).read();
            fresh.push_back(seconds_of([&] { keep(sum_of(access.bytes())); }));
            kept.push_back(seconds_of([&] { keep(sum_of(access.bytes())); }));
            alone.push_back(seconds_of([&] { keep(sum_of(buffer_)); }));
            fresh_ratios.push_back(fresh.back() / kept.back());
            ratios.push_back(alone.back() / kept.back());
        }
        const double mib = static_cast<double>(bytes_) / kMiB;
        Row row;
        row.value = mib / median(kept);
        row.reference = mib / median(alone);
        row.ratio = median(ratios);
        rows_.push_back(described(row, "same host: reading " + size() + " through a kept mapping",
                                  "MiB/s", "reading private memory", 0.95, false));
        row.value = median(fresh);
        row.reference = median(kept);
        row.ratio = median(fresh_ratios);
        rows_.push_back(described(row, "same host: reading " + size() + " newly mapped", "s",
                                  "through a kept mapping", 1.3));
        datum.free();
    }

    void getting() {
        const Client reader = client("h1");
        const DataHandle datum = make(reader, bytes_);
        const std::vector<std::byte> from(bytes_, std::byte{2});
        datum.get_bytes(0, buffer_);
        Row row = measure_pairs(
            pairs_, [&] { return rate([&] { datum.get_bytes(0, buffer_); }); },
            [&] { return rate([&] { std::memcpy(buffer_.data(), from.data(), bytes_); }); });
        rows_.push_back(described(row, "same host: get of " + size() + " into a buffer", "MiB/s",
                                  "memcpy", 0.85, false));
        datum.free();
    }

    void memory() {
        auto everybody = platform_.processes();
        everybody.push_back(::getpid());
        const Client writer = client("h1");
        const Client one = client("h1"), two = client("h1");
        const std::uint64_t before = shared_out_bytes(everybody);
        const DataHandle datum = make(writer, bytes_);
        const ReadAccess first = one.open_untyped(datum.id()).read();
        const ReadAccess second = two.open_untyped(datum.id()).read();
        keep(sum_of(first.bytes()) + sum_of(second.bytes()));
        const std::uint64_t after = shared_out_bytes(everybody);
        Row row;
        row.value = static_cast<double>(after - std::min(before, after)) / kMiB;
        row.reference = static_cast<double>(bytes_) / kMiB;
        row.ratio = row.value / row.reference;
        rows_.push_back(described(row,
                                  "same host: memory of all processes, two readers of " + size(),
                                  "MiB", "the payload", 1.05));
        datum.free();
    }

    // Straight into the client's memory.
    void from_another_host() {
        const Client writer = client("h1");
        const DataHandle datum = make(writer, bytes_);
        const DataHandle mine = client("bench").open_untyped(datum.id());
        mine.get_bytes(0, buffer_);
        beside_tcp("other host: get of " + size() + " into a client's buffer",
                   [&](std::size_t) { mine.get_bytes(0, buffer_); });
        datum.free();
    }

    // From one provider to the other, then mapped: each time a datum that it has not.
    void to_another_provider() {
        const Client writer = client("h1");
        const Client reader = client("h2");
        std::optional<DataHandle> datum;
        std::optional<DataHandle> mine;
        beside_tcp(
            "other host: " + size() + " brought to its provider and mapped",
            [&](std::size_t) { keep(static_cast<std::uint64_t>(mine->read().bytes()[0])); },
            [&] {
                if (datum) datum->free();
                datum = make(writer, bytes_);
                mine = reader.open_untyped(datum->id());
            });
        datum->free();
    }

    void beside_tcp(const std::string& what, const std::function<void(std::size_t)>& transfer,
                    const std::function<void()>& prepare = {}) {
        auto everybody = platform_.processes();
        everybody.push_back(::getpid());
        std::vector<double> seconds, raw, cpu, raw_cpu, ratios, cpu_ratios;
        raw_.stream(buffer_);
        for (std::size_t i = 0; i < pairs_; ++i) {
            if (prepare) prepare();
            const double before = cpu_seconds(everybody);
            seconds.push_back(seconds_of([&] { transfer(i); }));
            cpu.push_back(cpu_seconds(everybody) - before);
            const double raw_before = cpu_seconds({::getpid(), raw_.peer()});
            raw.push_back(seconds_of([&] { raw_.stream(buffer_); }));
            raw_cpu.push_back(cpu_seconds({::getpid(), raw_.peer()}) - raw_before);
            ratios.push_back(raw.back() / seconds.back());
            if (raw_cpu.back() > 0) cpu_ratios.push_back(cpu.back() / raw_cpu.back());
        }
        const double mib = static_cast<double>(bytes_) / kMiB;
        Row row;
        row.value = mib / median(seconds);
        row.reference = mib / median(raw);
        row.ratio = median(ratios);
        rows_.push_back(described(row, what, "MiB/s", "one raw TCP stream", 1.2, false));
        row.value = median(cpu);
        row.reference = median(raw_cpu);
        row.ratio = median(cpu_ratios);
        rows_.push_back(described(row, what + ", processor time", "s", "one raw TCP stream", 1.15));
    }

    // From a host without a provider.
    void writing() {
        const Client writer = client("bench");
        const auto datum_of = [&](std::uint16_t copies) {
            PutOptions options;
            options.copies = copies;
            return writer.allocate_untyped({ElementType::char8, {bytes_}}, options);
        };
        const DataHandle one = datum_of(1), three = datum_of(3);
        one.put_bytes(buffer_);
        three.put_bytes(buffer_);
        Row row = measure_pairs(
            pairs_, [&] { return rate([&] { three.put_bytes(buffer_); }); },
            [&] { return rate([&] { one.put_bytes(buffer_); }); });
        rows_.push_back(described(row, "other host: put of " + size() + ", 3 copies", "MiB/s",
                                  "with 1 copy", 0.25, false));
        Row raw = measure_pairs(
            pairs_, [&] { return rate([&] { one.put_bytes(buffer_); }); },
            [&] { return rate([&] { raw_.stream(buffer_); }); });
        rows_.push_back(described(raw, "other host: put of " + size() + ", 1 copy", "MiB/s",
                                  "one raw TCP stream", 1.0, false));
        one.free();
        three.free();
    }

    // One page of a datum with two copies.
    void updating() {
        const Client writer = client("h1");
        PutOptions options;
        options.copies = 2;
        const DataHandle datum = writer.allocate_untyped({ElementType::char8, {bytes_}}, options);
        datum.put_bytes(buffer_);
        const std::uint64_t before = platform_.data_bytes_in();
        auto access = datum.write();
        access.write_bytes(bytes_ / 2, std::span(buffer_).first(kPage));
        access.commit();
        const std::uint64_t after = platform_.data_bytes_in();
        rows_.push_back(itself("moved for a changed page of " + size() + " with 2 copies",
                               static_cast<double>(after - before) / kMiB, "MiB", 2));
        datum.free();
    }

    // Scalar calls while the same server's operand is on its way.
    void calling() {
        const Client far = client("h2");
        const Client caller = client("bench");
        const std::vector<Arg> arguments{Arg(1.5)};
        const auto call = [&] { caller.call("testing/echo", arguments); };
        for (int i = 0; i < 100; ++i) call();
        PutOptions options;
        options.copies = 1;
        const std::uint64_t columns = large_ / sizeof(double) / 1024;
        const auto datum = far.allocate_untyped({ElementType::float64, {1024, columns}}, options);
        {
            auto access = datum.write();
            std::memset(access.bytes(Start::blank).data(), 0, large_);
            access.commit();
        }
        const double idle = median_seconds(500, call);
        std::atomic<bool> done = false;
        auto transfer = std::async(std::launch::async, [&] {
            caller.call("testing/touch", {Arg(datum)});
            done = true;
        });
        std::vector<double> during;
        while (!done) during.push_back(seconds_of(call));
        transfer.get();
        Row row;
        row.value = 1e6 * median(during);
        row.reference = 1e6 * idle;
        row.ratio = row.value / row.reference;
        rows_.push_back(described(
            row, "a scalar call while " + std::to_string(large_ / kMiB) + " MiB come to its server",
            "us", "when idle", 3));
        datum.free();
    }

    double rate(const std::function<void()>& work) const {
        return static_cast<double>(bytes_) / kMiB / seconds_of(work);
    }

    const std::size_t pairs_;
    const std::uint64_t bytes_;
    const std::uint64_t large_;
    BenchPlatform platform_;
    std::vector<std::byte> buffer_;
    TcpPingPong raw_;
    std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> transfer_rows(bool quick) { return TransferBench(quick).rows(); }

}  // namespace juxta::bench
