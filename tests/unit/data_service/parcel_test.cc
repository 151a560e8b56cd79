// Messages between replicas, cut into pieces and put together again.
#include "data_service/consensus/parcel.h"

#include "tests/mutation.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

Piece piece_of(Lane lane, std::uint64_t transfer, std::string_view body, std::size_t offset,
               std::size_t bytes) {
    Piece piece;
    piece.envelope = {1, 2, 3};
    piece.lane = lane;
    piece.transfer = transfer;
    piece.body_bytes = body.size();
    piece.offset = offset;
    if (offset == 0) piece.head = "head";
    piece.body = body.substr(offset, bytes);
    return piece;
}

TEST(Parcel, comes_back_as_it_was_sent) {
    const std::string body(1000, 'b');
    const std::string message = encode(piece_of(Lane::bulk, 7, body, 0, 400));
    const Piece piece = decode_piece(message);
    EXPECT_EQ(piece.envelope.from, 2U);
    EXPECT_EQ(piece.lane, Lane::bulk);
    EXPECT_EQ(piece.transfer, 7U);
    EXPECT_EQ(piece.body_bytes, 1000U);
    EXPECT_EQ(piece.head, "head");
    EXPECT_EQ(piece.body.size(), 400U);
}

TEST(Parcel, is_put_together_while_the_other_lane_goes_on) {
    std::string body;
    for (int i = 0; i < 1000; ++i) body += static_cast<char>(i);
    Assembler assembler(10'000);
    EXPECT_FALSE(assembler.add(piece_of(Lane::bulk, 1, body, 0, 400)));
    const auto small = assembler.add(piece_of(Lane::ordered, 2, "", 0, 0));
    ASSERT_TRUE(small);
    EXPECT_EQ(small->head, "head");
    EXPECT_FALSE(assembler.add(piece_of(Lane::bulk, 1, body, 400, 400)));
    const auto large = assembler.add(piece_of(Lane::bulk, 1, body, 800, 400));
    ASSERT_TRUE(large);
    EXPECT_EQ(large->body.view(), body);
}

TEST(Parcel, is_not_put_together_of_two) {
    const std::string body(1000, 'b');
    Assembler assembler(10'000);
    EXPECT_FALSE(assembler.add(piece_of(Lane::bulk, 1, body, 0, 400)));
    EXPECT_EQ(failure_of([&] { assembler.add(piece_of(Lane::bulk, 2, body, 400, 400)); }),
              ErrorCode::stale_version);
    EXPECT_EQ(failure_of([&] { assembler.add(piece_of(Lane::bulk, 1, body, 500, 400)); }),
              ErrorCode::stale_version);
    EXPECT_EQ(failure_of([&] { assembler.add(piece_of(Lane::ordered, 1, body, 400, 400)); }),
              ErrorCode::stale_version);
}

TEST(Parcel, is_refused_when_it_announces_too_much) {
    const std::string body(10'001, 'b');
    Assembler assembler(10'000);
    EXPECT_EQ(failure_of([&] { assembler.add(piece_of(Lane::bulk, 1, body, 0, 400)); }),
              ErrorCode::invalid_argument);
}

TEST(Parcel, survives_any_damage_to_its_bytes) {
    const std::string body(300, 'b');
    Assembler assembler(10'000);
    survives_mutations(encode(piece_of(Lane::bulk, 1, body, 0, 200)), 3000,
                       [&](const std::string& bytes) { assembler.add(decode_piece(bytes)); });
}

}  // namespace
}  // namespace juxta::data
