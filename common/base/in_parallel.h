// Runs `body(0) ... body(count - 1)` beside each other, on this thread too; returns when all have
// ended. For bodies that wait for others: up to 64 of them at once. `body` must not throw.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace juxta {

template <class Body>
void in_parallel(std::size_t count, const Body& body) {
    constexpr std::size_t kMostAtOnce = 64;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t mine = next++; mine < count; mine = next++) body(mine);
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min(count, kMostAtOnce); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
}

}  // namespace juxta
