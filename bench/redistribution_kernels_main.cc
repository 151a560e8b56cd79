// Redistribution in the memory of one process, beside memcpy of the same bytes: what the pure part
// of it costs. The cases a to f of the redistribution benchmark, without processes or a network.
//
// Each row: milliseconds; ratios to memcpy are medians of interleaved rounds.
//   copied    every place pulls (or pushes, where that is better) with the best kernels
//   portable  the same with the portable kernels
//   chunked   packed and unpacked in chunks of 1 MiB, as between hosts
#include <fmt/format.h>
#include <sys/mman.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "bench/measure.h"
#include "common/base/error.h"
#include "data_service/distribution/exchange.h"
#include "data_service/distribution/layout_text.h"

namespace {

using namespace juxta;
using namespace juxta::distribution;

constexpr std::size_t kChunk = 1 << 20;

struct Case {
    const char* name;
    LayoutText source, target;
    bool from_rows = false;  // the source is row-major, as a file is: a transposition
};

// Memory in huge pages where there are some, touched, and recycled over all rounds.
class Memory {
public:
    explicit Memory(Index bytes)
        : bytes_(std::max<std::size_t>(static_cast<std::size_t>(bytes), 1)) {
        data_ = static_cast<std::byte*>(
            ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ensure(data_ != MAP_FAILED, "there is memory for the benchmark");
        ::madvise(data_, bytes_, MADV_HUGEPAGE);
        std::memset(data_, 1, bytes_);
    }
    Memory(Memory&& other) noexcept
        : bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
    ~Memory() {
        if (data_ != nullptr) ::munmap(data_, bytes_);
    }
    std::byte* data() const { return data_; }

private:
    std::size_t bytes_;
    std::byte* data_;
};

std::vector<Memory> pieces_of(const Layout& layout) {
    std::vector<Memory> pieces;
    for (Index place = 0; place < layout.place_count(); ++place) {
        pieces.emplace_back(layout.local_bytes(place));
    }
    return pieces;
}

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Redistribution {
public:
    Redistribution(const Case& which, Index n)
        : plan_(layout(which.source, n, which.from_rows), layout(which.target, n, false)),
          driver_(better_driver(plan_)),
          sources_(pieces_of(plan_.source())),
          targets_(pieces_of(plan_.target())) {
        const bool push = driver_ == Driver::source;
        const Index places = push ? plan_.source().place_count() : plan_.target().place_count();
        for (Index place = 0; place < places; ++place) {
            exchanges_.push_back(push ? Exchange::push(plan_, place)
                                      : Exchange::pull(plan_, place));
        }
    }

    const char* driver() const { return driver_ == Driver::source ? "push" : "pull"; }

    // Places are dealt out to the threads.
    void copy(const Kernels& kernels, std::size_t threads) const {
        const auto work = [&](std::size_t first) {
            for (std::size_t i = first; i < exchanges_.size(); i += threads) {
                exchanges_[i].run([&](Index place) { return source(place); },
                                  [&](Index place) { return target(place); }, kernels);
            }
        };
        std::vector<std::jthread> crew;
        for (std::size_t i = 1; i < threads; ++i) crew.emplace_back(work, i);
        work(0);
    }

    // Chunk by chunk, the links of a target in turn.
    void send() const {
        std::vector<std::byte> chunk(kChunk);
        for (Index t = 0; t < plan_.target().place_count(); ++t) {
            std::vector<std::unique_ptr<Link>> links;
            std::vector<std::pair<LinkStream, LinkStream>> streams;
            for (const LinkSize& size : plan_.incoming(t)) {
                links.push_back(std::make_unique<Link>(plan_.link(size.source, t)));
                streams.emplace_back(
                    LinkStream(*links.back(), plan_.source().strides(size.source), {}),
                    LinkStream(*links.back(), {}, plan_.target().strides(t)));
                streams.back().second.stream_past_caches(true);
            }
            for (bool more = true; more;) {
                more = false;
                for (std::size_t i = 0; i < streams.size(); ++i) {
                    auto& [packing, unpacking] = streams[i];
                    const std::size_t bytes = packing.pack(source(links[i]->source).memory, chunk);
                    unpacking.unpack(std::span(chunk).first(bytes), target(t).memory);
                    more = more || packing.left() > 0;
                }
            }
        }
    }

private:
    static Layout layout(const LayoutText& text, Index n, bool rows) {
        const auto extent = static_cast<std::uint64_t>(n);
        // Case d is a vector of as many elements.
        const bool vector = text.dist.find(',') == std::string::npos;
        Layout made = parse_layout(
            text, {ElementType::float64, vector ? Shape{extent * extent} : Shape{extent, extent}});
        if (rows) made.local_order = Order::row_major;
        return made;
    }
    SourcePiece source(Index place) const {
        return {sources_[static_cast<std::size_t>(place)].data(), plan_.source().strides(place)};
    }
    TargetPiece target(Index place) const {
        return {targets_[static_cast<std::size_t>(place)].data(), plan_.target().strides(place)};
    }

    Plan plan_;
    Driver driver_;
    std::vector<Memory> sources_, targets_;
    std::vector<Exchange> exchanges_;
};

constexpr const char* kColumns = "{:<4} {:<52} {:<5} {:>8} {:>8} {:>8} {:>9} {:>9}\n";

void run(const Case& which, Index n, std::size_t rounds, std::size_t threads) {
    const Redistribution work(which, n);
    const Index bytes = n * n * 8;
    const Memory from(bytes);
    const Memory to(bytes);
    std::vector<double> reference, copied, portable, chunked;
    for (std::size_t round = 0; round <= rounds; ++round) {
        const double memcpy_s = seconds_of(
            [&] { std::memcpy(to.data(), from.data(), static_cast<std::size_t>(bytes)); });
        const double best_s = seconds_of([&] { work.copy(best_kernels(), threads); });
        const double portable_s = seconds_of([&] { work.copy(portable_kernels(), threads); });
        const double chunked_s = seconds_of([&] { work.send(); });
        if (round == 0) continue;
        reference.push_back(memcpy_s * 1e3);
        copied.push_back(best_s / memcpy_s);
        portable.push_back(portable_s / memcpy_s);
        chunked.push_back(chunked_s / memcpy_s);
    }
    const double memcpy_ms = bench::median(reference);
    fmt::print(kColumns, which.name,
               fmt::format("{} {} -> {} {}", which.source.dist, which.source.grid,
                           which.target.dist, which.target.grid),
               work.driver(), fmt::format("{:.1f}", memcpy_ms),
               fmt::format("{:.1f}", memcpy_ms * bench::median(copied)),
               fmt::format("{:.2f}", bench::median(copied)),
               fmt::format("{:.2f}", bench::median(portable)),
               fmt::format("{:.2f}", bench::median(chunked)));
}

// What a place's own part of a plan costs: its links, and their runs.
void plan_times() {
    const auto n = std::uint64_t{1} << 40;
    const std::pair<LayoutText, LayoutText> pairs[] = {
        {{"cyclic:64", "16", ""}, {"cyclic:32", "24", ""}},
        {{"block", "64", ""}, {"cyclic", "63", ""}},
        {{"cyclic:100", "12", ""}, {"cyclic:128", "35", ""}},
        {{"cyclic:997", "31", ""}, {"cyclic:1009", "29", ""}},
        {{"cyclic:999983", "64", ""}, {"cyclic:1000003", "61", ""}},
    };
    fmt::print("\nplanning {} elements, microseconds a place\n", n);
    for (const auto& [from, to] : pairs) {
        const DataType type{ElementType::float64, {n}};
        const Plan plan(parse_layout(from, type), parse_layout(to, type));
        std::size_t links = 0;
        const double seconds = seconds_of([&] {
            for (Index place = 0; place < plan.target().place_count(); ++place) {
                for (const LinkSize& link : plan.incoming(place)) {
                    links += plan.link(link.source, place).elements > 0 ? 1 : 0;
                }
            }
        });
        fmt::print("  {} {} -> {} {}: {:.1f} ({} links)\n", from.dist, from.grid, to.dist, to.grid,
                   seconds * 1e6 / static_cast<double>(plan.target().place_count()), links);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Redistribution in one process, beside memcpy");
    Index n = 4096;
    std::size_t rounds = 5;
    std::size_t threads = 1;
    std::string only;
    app.add_option("--size", n, "rows and columns of doubles")->check(CLI::Range(64, 16384));
    app.add_option("--rounds", rounds, "interleaved rounds")->check(CLI::Range(1, 99));
    app.add_option("--threads", threads, "that share the places")->check(CLI::Range(1, 64));
    app.add_option("--case", only, "one of them");
    CLI11_PARSE(app, argc, argv);
    const Case cases[] = {
        {"a", {"block,*", "2x1", ""}, {"*,block", "1x2", ""}},
        {"b1", {"block,*", "4x1", ""}, {"cyclic,*", "4x1", ""}},
        {"b2", {"block,block", "2x2", ""}, {"cyclic,cyclic", "2x2", ""}},
        {"b3", {"*,block", "1x4", ""}, {"*,cyclic", "1x4", ""}},
        {"c", {"cyclic:64,cyclic:64", "2x2", ""}, {"cyclic:32,cyclic:128", "1x4", ""}},
        {"d1", {"cyclic", "4", ""}, {"block", "4", ""}},
        {"e1", {"cyclic:64,cyclic:64", "2x1", ""}, {"cyclic:64,cyclic:64", "2x2", ""}},
        {"f", {"block,block", "2x2", ""}, {"block,block", "2x2", ""}},
        {"g", {"cyclic:3,cyclic:5", "2x2", ""}, {"cyclic:7,cyclic:2", "2x2", ""}},
        {"put", {"*,*", "1x1", ""}, {"cyclic:64,cyclic:64", "2x2", ""}, true},
    };
    fmt::print("{} kernels, {} MiB, {} threads\n", best_kernels().name, n * n * 8 >> 20, threads);
    fmt::print(kColumns, "case", "", "", "memcpy", "copied", "ratio", "portable", "chunked");
    for (const Case& each : cases) {
        if (only.empty() || only == each.name) run(each, n, rounds, threads);
    }
    if (only.empty()) plan_times();
}
