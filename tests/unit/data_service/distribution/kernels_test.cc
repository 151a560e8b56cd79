// The innermost loops for one kind of processor beside the portable ones.
#include "data_service/distribution/kernels.h"

#include <gtest/gtest.h>

#include "tests/unit/data_service/distribution/array_world.h"

namespace juxta::distribution {
namespace {

TEST(Kernels, each_agrees_with_the_portable_one_at_every_alignment_and_size) {
    Dice dice(61);
    std::vector<std::byte> source(1 << 16);
    for (std::size_t i = 0; i < source.size(); ++i) {
        source[i] = content(static_cast<Index>(i), 0);
    }
    for (const Kernels* kernels : available_kernels()) {
        SCOPED_TRACE(kernels->name);
        const auto same = [&](const auto& call) {
            std::vector<std::byte> expected(1 << 16, kPoison);
            std::vector<std::byte> target = expected;
            call(portable_kernels(), expected.data());
            call(*kernels, target.data());
            return expected == target;
        };
        for (int i = 0; i < 400; ++i) {
            const Index from = dice.between(0, 70);
            const Index to = dice.between(0, 70);
            const Index rows = dice.between(0, 40);
            const Index columns = dice.between(0, 40);
            const Index bytes = dice.between(0, 1500);
            const Index step = dice.between(1, 6);
            const Index count = dice.between(0, 200);
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.stream_runs(t + to, bytes + 13, source.data() + from, bytes + 7, bytes, 5);
            }));
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.gather_8(t + to, source.data() + from, step, count, i % 2 == 0);
            }));
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.transpose_8(t + to, rows * 8 + 24, source.data() + from, columns * 8 + 8, rows,
                              columns);
            }));
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.transpose_4(t + to, rows * 4 + 20, source.data() + from, columns * 4 + 4, rows,
                              columns);
            }));
        }
        for (Index count = 0; count < 40; ++count) {
            std::vector<float> singles;
            std::vector<double> doubles;
            for (Index i = 0; i < count; ++i) {
                singles.push_back(static_cast<float>(i) * 1.25F - 7);
                doubles.push_back(static_cast<double>(i) / 3 - 7);
            }
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.widen(t, reinterpret_cast<const std::byte*>(singles.data()), count);
            }));
            ASSERT_TRUE(same([&](const Kernels& k, std::byte* t) {
                k.narrow(t, reinterpret_cast<const std::byte*>(doubles.data()), count);
            }));
        }
    }
}

}  // namespace
}  // namespace juxta::distribution
