#include "bench/looping_client.h"

#include <cstring>

#include "data_service/core/data_access.h"

namespace juxta::bench {
namespace {

constexpr std::size_t kMostErrors = 5;
constexpr auto kLockPatience = std::chrono::seconds(30);
constexpr auto kPause = std::chrono::milliseconds(1);

}  // namespace

LoopingClient::LoopingClient(const std::string& configuration, std::uint64_t bytes, unsigned copies,
                             Clock::time_point origin)
    : client_(Client::connect(configuration)), origin_(origin), content_(bytes) {
    DataSpec spec;
    spec.type = {ElementType::char8, {bytes}};
    spec.copies = static_cast<std::uint16_t>(copies);
    datum_ = client_.data_access().allocate(spec, RequestId::make()).id;
    once();
}

LoopingClient::~LoopingClient() {
    stop();
    try {
        client_.data_access().free(datum_);
    } catch (const Error&) {
        // The platform ends with the benchmark.
    }
}

void LoopingClient::start() {
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void LoopingClient::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

// Its number all over, so that a mixed content is seen.
void LoopingClient::fill() {
    ++number_;
    for (std::size_t at = 0; at + sizeof number_ <= content_.size(); at += sizeof number_)
        std::memcpy(content_.data() + at, &number_, sizeof number_);
}

void LoopingClient::once() {
    fill();
    const auto hold = client_.data_access().acquire(datum_, Clock::now() + kLockPatience);
    if (hold->base() < last_version_) ++lost;
    hold->write(0, content_);
    try {
        last_version_ = hold->release();
    } catch (const Error&) {
        ++unknown;
        throw;
    }
    last_number_ = number_;
    ++acknowledged;
}

void LoopingClient::run() {
    auto begun = Clock::now();
    while (!stopping_) {
        try {
            once();
            const auto now = Clock::now();
            loops.push_back({std::chrono::duration<double>(begun - origin_).count(),
                             std::chrono::duration<double>(now - begun).count()});
            begun = now;
        } catch (const Error& e) {
            if (errors.size() < kMostErrors)
                errors.push_back(std::string(name_of(e.code())) + ": " + e.what());
            std::this_thread::sleep_for(kPause);
        }
    }
}

void LoopingClient::check_last() {
    const auto hold = client_.data_access().acquire_read(datum_);
    std::vector<std::byte> found(content_.size());
    hold->read(0, found);
    std::uint64_t first = 0;
    std::memcpy(&first, found.data(), sizeof first);
    bool whole = true;
    for (std::size_t at = 0; at + sizeof first <= found.size(); at += sizeof first)
        whole = whole && std::memcmp(found.data() + at, &first, sizeof first) == 0;
    const bool newer = hold->version() > last_version_ && first > last_number_;
    const bool same = hold->version() == last_version_ && first == last_number_;
    if (!whole || (!newer && !same)) ++lost;
}

}  // namespace juxta::bench
