// Guarded: waiting for a change, and for nothing.
#include "common/base/guarded.h"

#include <gtest/gtest.h>

#include <thread>

namespace juxta {
namespace {

using namespace std::chrono_literals;

TEST(Guarded, wakes_who_waits_for_a_change) {
    Guarded<int> value(0);
    std::thread other([&] { value.change([](int& v) { v = 7; }); });
    const auto seen = value.wait_until(
        std::chrono::steady_clock::now() + 5s, [](int v) { return v == 7; },
        [](int v) { return v; });
    other.join();
    EXPECT_EQ(seen, 7);
}

TEST(Guarded, gives_up_at_the_deadline) {
    Guarded<int> value(0);
    EXPECT_FALSE(
        value.wait_until(std::chrono::steady_clock::now() + 5ms, [](int v) { return v == 7; }));
}

}  // namespace
}  // namespace juxta
