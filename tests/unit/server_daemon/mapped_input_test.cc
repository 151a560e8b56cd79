#include "server_daemon/core/mapped_input.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta::sed {
namespace {

std::vector<std::byte> bytes(std::size_t count, int seed) {
    std::vector<std::byte> content(count);
    for (std::size_t i = 0; i < count; ++i)
        content[i] = static_cast<std::byte>(seed + static_cast<int>(i % 200));
    return content;
}

data::LocalPiece piece(const std::string& segment, const std::vector<std::byte>& content,
                       std::uint64_t from, std::uint64_t length, std::uint64_t to) {
    data::LocalPiece piece;
    piece.segment = segment;
    piece.offset = to;
    piece.length = length;
    piece.fd_offset = from;
    piece.fd = std::make_shared<const UniqueFd>(memory_file("test", content));
    return piece;
}

TEST(MappedInputs, keeps_what_is_one_piece_of_one_segment) {
    MappedInputs inputs;
    const auto content = bytes(10'000, 1);
    const auto version = piece("s", content, 0, 10'000, 0);
    const auto first = inputs.map({version}, 10'000);
    EXPECT_TRUE(std::equal(first.begin(), first.end(), content.begin()));
    inputs.end_call();
    EXPECT_EQ(inputs.map({version}, 10'000).data(), first.data());
    EXPECT_EQ(inputs.kept(), 1u);
}

TEST(MappedInputs, maps_again_what_has_the_name_but_is_another_file) {
    MappedInputs inputs;
    inputs.map({piece("s", bytes(5000, 1), 0, 5000, 0)}, 5000);
    inputs.end_call();
    const auto again = inputs.map({piece("s", bytes(5000, 9), 0, 5000, 0)}, 5000);
    EXPECT_EQ(again[0], std::byte{9});
}

TEST(MappedInputs, maps_an_extent_that_is_not_aligned) {
    MappedInputs inputs;
    const auto content = bytes(9000, 3);
    const auto mapped = inputs.map({piece("s", content, 100, 8000, 0)}, 8000);
    EXPECT_TRUE(std::equal(mapped.begin(), mapped.end(), content.begin() + 100));
}

TEST(MappedInputs, joins_pieces_and_fills_gaps_with_zeros) {
    MappedInputs inputs;
    const auto content = bytes(20'000, 5);
    data::LocalPiece inlined;
    inlined.offset = 12'300;
    inlined.length = 3;
    inlined.bytes = bytes(3, 77);
    const auto mapped = inputs.map(
        {piece("s", content, 4096, 8192, 0), inlined, piece("t", content, 1, 10, 13'000)}, 14'000);
    ASSERT_EQ(mapped.size(), 14'000u);
    EXPECT_TRUE(std::equal(mapped.begin(), mapped.begin() + 8192, content.begin() + 4096));
    EXPECT_EQ(mapped[9000], std::byte{0});
    EXPECT_EQ(mapped[12'301], std::byte{78});
    EXPECT_TRUE(std::equal(mapped.begin() + 13'000, mapped.begin() + 13'010, content.begin() + 1));
    inputs.end_call();
    EXPECT_EQ(inputs.kept(), 0u);
}

TEST(MappedInputs, refuses_pieces_outside_of_the_range_or_their_file) {
    MappedInputs inputs;
    const auto content = bytes(5000, 1);
    EXPECT_THROW(inputs.map({piece("s", content, 0, 5000, 0)}, 4000), Error);
    EXPECT_THROW(inputs.map({piece("s", content, 4000, 5000, 0)}, 5000), Error);
    EXPECT_THROW(inputs.map({piece("s", content, 0, 10, ~std::uint64_t{0} - 3)}, 5000), Error);
    data::LocalPiece beyond = piece("s", content, 0, 5000, 0);
    beyond.fd_offset = ~std::uint64_t{0} - 4095;
    EXPECT_THROW(inputs.map({beyond}, 5000), Error);
}

TEST(MappedInputs, gives_up_the_oldest_above_its_limits) {
    MappedInputs inputs({.mappings = 2, .bytes = 1 << 20});
    for (const char* name : {"a", "b", "c"}) {
        inputs.map({piece(name, bytes(5000, 1), 0, 5000, 0)}, 5000);
        inputs.end_call();
    }
    EXPECT_EQ(inputs.kept(), 2u);
    inputs.map({piece("d", bytes(2 << 20, 1), 0, 2 << 20, 0)}, 2 << 20);
    inputs.end_call();
    EXPECT_EQ(inputs.kept(), 0u);
}

}  // namespace
}  // namespace juxta::sed
