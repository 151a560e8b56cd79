// Runs `body(0) ... body(count - 1)` at once, one of them on this thread; returns when all have
// ended. For a handful of bodies that wait for others. `body` must not throw.
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

namespace juxta {

template <class Body>
void in_parallel(std::size_t count, const Body& body) {
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < count; ++i) others.emplace_back([&body, i] { body(i); });
    if (count > 0) body(std::size_t{0});
    for (std::thread& other : others) other.join();
}

}  // namespace juxta
