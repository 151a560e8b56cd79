#include "data_service/client/patches.h"

#include <gtest/gtest.h>

#include <random>

namespace juxta::data {
namespace {

std::vector<std::byte> bytes(std::size_t count, unsigned char value) {
    return std::vector<std::byte>(count, std::byte{value});
}

TEST(Patches, join_where_they_meet_and_stay_apart_where_they_do_not) {
    Patches patches;
    patches.write(10, bytes(5, 1));
    patches.write(15, bytes(5, 2));
    patches.write(30, bytes(1, 3));
    EXPECT_EQ(patches.pieces().size(), 2u);
    EXPECT_EQ(patches.bytes(), 11u);
    patches.write(18, bytes(12, 4));
    EXPECT_EQ(patches.pieces().size(), 1u);
    EXPECT_EQ(patches.bytes(), 21u);
}

TEST(Patches, show_what_was_written_last_whatever_the_order) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        Patches patches;
        std::vector<std::byte> expected(64);
        std::vector<bool> written(64);
        for (unsigned char step = 1; step <= 20; ++step) {
            const std::size_t offset = random() % 60;
            const std::size_t length = random() % (64 - offset);
            patches.write(offset, bytes(length, step));
            for (std::size_t i = offset; i < offset + length; ++i) {
                expected[i] = std::byte{step};
                written[i] = true;
            }
        }
        std::vector<std::byte> shown(64);
        patches.lay_over(0, shown);
        ASSERT_EQ(shown, expected);
        ASSERT_EQ(patches.bytes(), std::count(written.begin(), written.end(), true));
        std::vector<std::byte> part(20);
        patches.lay_over(30, part);
        ASSERT_TRUE(std::equal(part.begin(), part.end(), expected.begin() + 30));
    }
}

}  // namespace
}  // namespace juxta::data
