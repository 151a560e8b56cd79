#include "tests/history/payload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace juxta::history {
namespace {

std::vector<std::byte> payload(const Stamp& stamp, std::size_t bytes) {
    std::vector<std::byte> content(bytes);
    fill_payload(stamp, content);
    return content;
}

TEST(Payload, tells_its_writer_at_any_size) {
    for (const std::size_t bytes : {kSmallestPayload, kSmallestPayload + 1, std::size_t{65536}}) {
        Stamp stamp;
        EXPECT_EQ(read_payload(payload({7, 8, 9}, bytes), stamp), "");
        EXPECT_EQ(stamp, (Stamp{7, 8, 9}));
    }
}

TEST(Payload, is_torn_by_any_changed_byte) {
    const auto whole = payload({7, 8, 9}, 200);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] ^= std::byte{1};
        Stamp stamp;
        EXPECT_NE(read_payload(changed, stamp), "") << i;
    }
}

TEST(Payload, is_torn_when_two_contents_are_mixed_or_one_is_cut) {
    const auto one = payload({7, 8, 9}, 65536);
    auto mixed = payload({7, 9, 10}, 65536);
    std::copy(one.begin() + 4096, one.begin() + 8192, mixed.begin() + 4096);
    Stamp stamp;
    EXPECT_NE(read_payload(mixed, stamp), "");
    EXPECT_NE(read_payload(std::span(one).first(4096), stamp), "");
    EXPECT_NE(read_payload(std::span(one).first(8), stamp), "");
    EXPECT_NE(read_payload(std::vector<std::byte>(65536), stamp), "");
}

TEST(Payload, has_the_published_check_value_of_crc32c) {
    EXPECT_EQ(crc32c(std::as_bytes(std::span("123456789", 9))), 0xe3069283u);
}

}  // namespace
}  // namespace juxta::history
