#include "data_service/client/block_map.h"

#include <gtest/gtest.h>

#include <random>

namespace juxta::data {
namespace {

DataSpec blocks_of(std::vector<std::uint64_t> sizes) {
    DataSpec spec;
    spec.block_bytes = std::move(sizes);
    return spec;
}

SegmentId segment(BlockNumber block, std::uint32_t number) { return {{}, block, 1, number}; }

TEST(BlockMap, a_plain_datum_is_one_block) {
    const BlockMap map(DataSpec{}, 100);
    EXPECT_EQ(map.count(), 1u);
    EXPECT_EQ(map.size(0), 100u);
    const auto parts = map.cut(10, 90);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].offset, 10u);
    EXPECT_EQ(parts[0].length, 90u);
}

TEST(BlockMap, cuts_a_range_at_the_borders_of_blocks) {
    const BlockMap map(blocks_of({10, 20, 5}), 35);
    const auto parts = map.cut(5, 27);
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0].block, 0u);
    EXPECT_EQ(parts[0].length, 5u);
    EXPECT_EQ(parts[1].block, 1u);
    EXPECT_EQ(parts[1].offset, 10u);
    EXPECT_EQ(parts[1].length, 20u);
    EXPECT_EQ(parts[2].block, 2u);
    EXPECT_EQ(parts[2].offset, 30u);
    EXPECT_EQ(parts[2].length, 2u);
}

TEST(BlockMap, empty_blocks_have_no_part) {
    const BlockMap map(blocks_of({0, 4, 0, 0, 4, 0}), 8);
    const auto parts = map.cut(0, 8);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].block, 1u);
    EXPECT_EQ(parts[1].block, 4u);
    EXPECT_TRUE(map.cut(8, 0).empty());
    EXPECT_TRUE(BlockMap(DataSpec{}, 0).cut(0, 0).empty());
}

TEST(BlockMap, parts_cover_a_range_once_and_in_order_whatever_the_blocks) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        std::vector<std::uint64_t> sizes(1 + random() % 6);
        std::uint64_t bytes = 0;
        for (auto& size : sizes) bytes += size = random() % 9;
        const BlockMap map(blocks_of(sizes), bytes);
        const std::uint64_t offset = bytes == 0 ? 0 : random() % bytes;
        const std::uint64_t length = bytes == 0 ? 0 : random() % (bytes - offset + 1);
        std::uint64_t at = offset;
        for (const auto& part : map.cut(offset, length)) {
            ASSERT_EQ(part.offset, at);
            ASSERT_GT(part.length, 0u);
            ASSERT_GE(part.offset, map.start(part.block));
            ASSERT_LE(part.offset + part.length, map.start(part.block) + map.size(part.block));
            at += part.length;
        }
        ASSERT_EQ(at, offset + length);
    }
}

TEST(BlockMap, dividing_and_joining_a_versions_extents_gives_them_back) {
    const BlockMap map(blocks_of({10, 20, 5}), 35);
    const Extents extents{{2, 3, segment(0, 1), 0},
                          {10, 4, segment(1, 2), 6},
                          {20, 10, segment(1, 3), 0},
                          {30, 5, segment(2, 4), 1}};
    const auto changes = map.divided(extents);
    ASSERT_EQ(changes.size(), 3u);
    EXPECT_EQ(changes[1].block, 1u);
    EXPECT_EQ(changes[1].extents[0].offset, 0u);
    std::vector<Extents> blocks(3);
    for (const BlockChange& change : changes) blocks[change.block] = change.extents;
    EXPECT_EQ(map.joined(blocks), extents);
}

TEST(BlockMap, extents_that_reach_out_of_their_block_do_not_reach_into_the_next) {
    const BlockMap map(blocks_of({4, 4}), 8);
    const std::vector<Extents> blocks{{{2, 100, segment(0, 1), 0}, {50, 1, segment(0, 2), 0}}, {}};
    const Extents joined = map.joined(blocks);
    ASSERT_EQ(joined.size(), 1u);
    EXPECT_EQ(joined[0].length, 2u);
}

}  // namespace
}  // namespace juxta::data
