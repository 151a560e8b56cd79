#include "data_service/store/memory_pool.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace juxta::data {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kRounded = 16 << 20;  // from here on to whole huge pages
constexpr std::uint64_t kHugePage = 2 << 20;

std::uint64_t rounded(std::uint64_t bytes) {
    const std::uint64_t unit = bytes < kRounded ? kPage : kHugePage;
    return (bytes + unit - 1) / unit * unit;
}

// Memory that is a quarter too large serves as well.
bool suits(const SegmentMemory& memory, std::uint64_t bytes) {
    const std::uint64_t wanted = rounded(bytes);
    return memory.capacity_bytes() >= wanted && memory.capacity_bytes() <= wanted + wanted / 4;
}

}  // namespace

SegmentMemory::SegmentMemory(std::uint64_t bytes, Writer writer)
    : bytes_(rounded(bytes)), fd_(make_memory(bytes_)) {
    struct stat about {};
    if (::fstat(fd_->get(), &about) == 0) file_ = about.st_ino;
    if (writer == Writer::another) return;
    mapping_ = std::make_unique<MappedSegment>(*fd_, bytes_, MappedSegment::Access::write);
    seal_against_others(*fd_);
}

template <class Fits>
std::unique_ptr<SegmentMemory> MemoryPool::take(const Fits& fits) {
    return state_->with([&](State& state) -> std::unique_ptr<SegmentMemory> {
        // The one used last: its pages are the warmest.
        const auto found = std::find_if(state.idle.rbegin(), state.idle.rend(),
                                        [&](const Idle& idle) { return fits(*idle.memory); });
        if (found == state.idle.rend()) return nullptr;
        auto memory = std::move(found->memory);
        state.idle.erase(std::next(found).base());
        state.bytes -= memory->capacity_bytes();
        return memory;
    });
}

std::shared_ptr<SegmentMemory> MemoryPool::on_loan(std::unique_ptr<SegmentMemory> memory) const {
    return {memory.release(), [shared = state_](SegmentMemory* back) {
                std::unique_ptr<SegmentMemory> returned(back);
                if (!returned->is_reusable()) return;
                shared->with([&](State& state) {
                    state.bytes += returned->capacity_bytes();
                    state.idle.push_back({std::move(returned), Clock::now()});
                });
            }};
}

std::shared_ptr<SegmentMemory> MemoryPool::own(std::uint64_t bytes) {
    auto memory = take(
        [&](const SegmentMemory& idle) { return idle.own() != nullptr && suits(idle, bytes); });
    if (!memory) memory = std::make_unique<SegmentMemory>(bytes, SegmentMemory::Writer::us);
    return on_loan(std::move(memory));
}

std::shared_ptr<SegmentMemory> MemoryPool::lent(std::uint64_t bytes,
                                                std::span<const ino_t> reusable) {
    auto memory = take([&](const SegmentMemory& idle) {
        return idle.own() == nullptr && suits(idle, bytes) &&
               std::ranges::find(reusable, idle.file()) != reusable.end();
    });
    if (!memory) memory = std::make_unique<SegmentMemory>(bytes, SegmentMemory::Writer::another);
    return on_loan(std::move(memory));
}

template <class Surplus>
void MemoryPool::drop_while(const Surplus& surplus) {
    std::vector<Idle> going;  // unmapped outside the lock
    state_->with([&](State& state) {
        auto end = state.idle.begin();
        for (; end != state.idle.end() && surplus(state, *end); ++end)
            state.bytes -= end->memory->capacity_bytes();
        std::move(state.idle.begin(), end, std::back_inserter(going));
        state.idle.erase(state.idle.begin(), end);
    });
}

void MemoryPool::shrink_to(std::uint64_t bytes) {
    drop_while([&](const State& state, const Idle&) { return state.bytes > bytes; });
}

void MemoryPool::drop_idle_since(Clock::time_point before) {
    drop_while([&](const State&, const Idle& idle) { return idle.since < before; });
}

std::uint64_t MemoryPool::idle_bytes() const {
    return state_->with([](const State& state) { return state.bytes; });
}

}  // namespace juxta::data
