#include "data_service/store/segment_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "common/base/error.h"
#include "data_service/store/memory_segment.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

SegmentId segment(std::uint32_t number, std::uint64_t datum = 1) {
    return {DataId{{7, datum}}, 0, first_token_of(1), number};
}
GroupId group(std::uint64_t datum = 1) { return {DataId{{7, datum}}, 0}; }

std::vector<std::byte> pattern(std::size_t bytes, int seed = 1) {
    std::vector<std::byte> content(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        content[i] = static_cast<std::byte>((i * 31 + seed) >> 3);
    return content;
}

void store_whole(SegmentStore& store, const SegmentId& id, std::uint64_t bytes,
                 bool cached = false) {
    store.write(id, bytes, 0, pattern(bytes));
    store.seal(id, cached);
}

class SegmentStoreOf : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(SmallAndLarge, SegmentStoreOf,
                         testing::Values(1, 1000, 64 * 1024, 64 * 1024 + 1, 3 * kMiB + 17));

TEST_P(SegmentStoreOf, gives_back_what_was_written_in_any_order) {
    SegmentStore store(16 * kMiB);
    const auto content = pattern(GetParam());
    const std::span all(content);
    const std::size_t half = content.size() / 2;
    store.write(segment(1), content.size(), half, all.subspan(half));
    store.write(segment(1), content.size(), 0, all.first(half));
    store.write(segment(1), content.size(), 0, all.first(half));
    EXPECT_FALSE(store.has(segment(1)));
    store.seal(segment(1));
    std::vector<std::byte> back(content.size());
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, content);
    store.read(segment(1), half, std::span(back).first(content.size() - half));
    EXPECT_TRUE(std::equal(content.begin() + half, content.end(), back.begin()));
}

TEST_P(SegmentStoreOf, is_filled_in_place_by_a_receiver) {
    SegmentStore store(16 * kMiB);
    const auto content = pattern(GetParam(), 5);
    store.fill(segment(1), content.size(), [&](std::span<std::byte> into) {
        ASSERT_EQ(into.size(), content.size());
        std::memcpy(into.data(), content.data(), into.size());
    });
    store.seal(segment(1), true);
    std::vector<std::byte> back(content.size());
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, content);
    EXPECT_EQ(store.cached_bytes(), content.size());
}

TEST_P(SegmentStoreOf, ignores_writes_to_a_sealed_segment) {
    SegmentStore store(16 * kMiB);
    store_whole(store, segment(1), GetParam());
    store.write(segment(1), GetParam(), 0, pattern(GetParam(), 99));
    std::vector<std::byte> back(GetParam());
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, pattern(GetParam()));
    EXPECT_EQ(failure_of([&] { store.create(segment(1), GetParam()); }),
              ErrorCode::invalid_argument);
}

TEST(SegmentStore, seals_what_nobody_can_change_any_more) {
    SegmentStore store(16 * kMiB);
    const auto fd = store.create(segment(1), kMiB);
    store.seal(segment(1));
    store.seal(segment(1));
    EXPECT_EQ(::mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
    EXPECT_NE(::ftruncate(fd->get(), 0), 0);
    EXPECT_NE(::pwrite(fd->get(), "x", 1, 0), 1);
    EXPECT_TRUE(is_sealed_memory(*store.open(segment(1))->fd));
}

TEST(SegmentStore, refuses_to_seal_while_somebody_has_it_mapped_writable) {
    SegmentStore store(16 * kMiB);
    const auto fd = store.create(segment(1), kMiB);
    void* mapped = ::mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    EXPECT_EQ(failure_of([&] { store.seal(segment(1)); }), ErrorCode::unavailable);
    EXPECT_FALSE(store.has(segment(1)));
    std::thread late([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ::munmap(mapped, kMiB);
    });
    store.seal(segment(1));
    late.join();
    EXPECT_TRUE(store.has(segment(1)));
}

TEST(SegmentStore, keeps_the_memory_of_a_dropped_segment_for_who_holds_it) {
    SegmentStore store(16 * kMiB);
    store_whole(store, segment(1), 2 * kMiB);
    const SegmentContent content = *store.open(segment(1));
    store.drop(segment(1));
    EXPECT_FALSE(store.has(segment(1)));
    EXPECT_EQ(store.used_bytes(), 0u);
    MappedSegment mapping(*content.fd, content.bytes, MappedSegment::Access::read);
    EXPECT_TRUE(std::ranges::equal(mapping.bytes(), pattern(2 * kMiB)));
}

TEST(SegmentStore, counts_segments_against_their_reservation_first) {
    SegmentStore store(10 * kMiB);
    store.reserve(group(), 4 * kMiB);
    store.reserve(group(), 4 * kMiB);
    EXPECT_EQ(store.used_bytes(), 4 * kMiB);
    store_whole(store, segment(1), 3 * kMiB);
    EXPECT_EQ(store.used_bytes(), 4 * kMiB);
    store_whole(store, segment(2), 3 * kMiB);
    EXPECT_EQ(store.used_bytes(), 6 * kMiB);
    store.drop(segment(1));
    EXPECT_EQ(store.used_bytes(), 4 * kMiB);
    store.cancel_reservation(group());
    EXPECT_EQ(store.used_bytes(), 3 * kMiB);
    store.drop(segment(2));
    EXPECT_EQ(store.used_bytes(), 0u);
}

TEST(SegmentStore, refuses_what_does_not_fit_and_names_the_sizes) {
    SegmentStore store(10 * kMiB);
    store.reserve(group(1), 6 * kMiB);
    EXPECT_EQ(failure_of([&] { store.reserve(group(2), 5 * kMiB); }), ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.create(segment(1, 3), 5ull << 30); }),
              ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.create(segment(1, 3), ~0ull); }), ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.create(segment(1, 1), ~0ull); }), ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.create(segment(1, 3), 0); }), ErrorCode::invalid_argument);
    try {
        store.create(segment(1, 3), 5 * kMiB);
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("d:"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find(std::to_string(10 * kMiB)), std::string::npos);
    }
    EXPECT_EQ(store.used_bytes(), 6 * kMiB);
}

TEST(SegmentStore, drops_cached_segments_least_recently_used_first) {
    SegmentStore store(10 * kMiB);
    std::vector<SegmentId> evicted;
    store.on_eviction([&](const std::vector<SegmentId>& gone) {
        evicted.insert(evicted.end(), gone.begin(), gone.end());
    });
    for (std::uint32_t i = 1; i <= 3; ++i) store_whole(store, segment(i, i), 3 * kMiB, true);
    store.open(segment(1, 1));
    store_whole(store, segment(9, 9), 2 * kMiB);
    EXPECT_EQ(evicted, std::vector{segment(2, 2)});
    store.reserve(group(5), 8 * kMiB);
    EXPECT_EQ(evicted, (std::vector{segment(2, 2), segment(3, 3), segment(1, 1)}));
    EXPECT_EQ(store.used_bytes(), 10 * kMiB);
    EXPECT_EQ(store.cached_bytes(), 0u);
}

TEST(SegmentStore, evicts_nothing_for_what_does_not_fit_anyway) {
    SegmentStore store(10 * kMiB);
    store_whole(store, segment(1), 3 * kMiB, true);
    EXPECT_EQ(failure_of([&] { store.reserve(group(2), 11 * kMiB); }), ErrorCode::out_of_space);
    EXPECT_TRUE(store.has(segment(1)));
}

TEST(SegmentStore, keeps_a_cached_segment_that_a_group_answers_for) {
    SegmentStore store(4 * kMiB);
    store_whole(store, segment(1), 3 * kMiB, true);
    store.set_cached(segment(1), false);
    EXPECT_EQ(failure_of([&] { store.reserve(group(2), 2 * kMiB); }), ErrorCode::out_of_space);
    store.set_cached(segment(1), true);
    store.reserve(group(2), 2 * kMiB);
    EXPECT_FALSE(store.has(segment(1)));
}

TEST(SegmentStore, never_exceeds_its_capacity_when_a_reserved_groups_segment_becomes_cached) {
    SegmentStore store(4 * kMiB);
    store.reserve(group(), 3 * kMiB);
    store_whole(store, segment(1), 3 * kMiB);
    store.set_cached(segment(1), true);
    EXPECT_LE(store.used_bytes(), store.capacity_bytes());
    store_whole(store, segment(2), kMiB);
    EXPECT_LE(store.used_bytes(), store.capacity_bytes());
}

TEST(SegmentStore, refuses_ranges_outside_a_segment) {
    SegmentStore store(kMiB);
    store_whole(store, segment(1), 1000);
    std::vector<std::byte> into(10);
    EXPECT_EQ(failure_of([&] { store.read(segment(1), 991, into); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { store.read(segment(1), ~0ull, into); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { store.read(segment(2), 0, into); }), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { store.write(segment(2), 1000, 995, into); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { store.write(segment(2), 1000, ~0ull - 3, into); }),
              ErrorCode::invalid_argument);
}

TEST(SegmentStore, refuses_a_second_size_for_one_segment) {
    SegmentStore store(kMiB);
    store.write(segment(1), 1000, 0, pattern(10));
    EXPECT_EQ(failure_of([&] { store.write(segment(1), 2000, 0, pattern(10)); }),
              ErrorCode::invalid_argument);
}

TEST(SegmentStore, discards_only_what_is_not_sealed) {
    SegmentStore store(kMiB);
    store.write(segment(1), 1000, 0, pattern(10));
    store_whole(store, segment(2), 1000);
    store.discard_unsealed(segment(1));
    store.discard_unsealed(segment(2));
    EXPECT_EQ(store.segments_of(group()), std::vector{segment(2)});
    EXPECT_EQ(store.used_bytes(), 1000u);
}

TEST(SegmentStore, makes_a_segment_once_for_writers_that_start_together) {
    SegmentStore store(5 * kMiB);  // room for one, not for two
    const auto content = pattern(4 * kMiB);
    std::vector<std::thread> writers;
    for (std::size_t part = 0; part < 4; ++part) {
        writers.emplace_back([&, part] {
            store.write(segment(1), content.size(), part * kMiB,
                        std::span(content).subspan(part * kMiB, kMiB));
        });
    }
    for (std::thread& writer : writers) writer.join();
    store.seal(segment(1));
    std::vector<std::byte> back(content.size());
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, content);
}

TEST(SegmentStore, serves_more_large_segments_than_it_keeps_mapped) {
    SegmentStore store(64 * kMiB);
    std::vector<std::byte> back(10);
    for (std::uint32_t i = 0; i < 200; ++i) store_whole(store, segment(i), 100000);
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t i = 0; i < 200; ++i) store.read(segment(i), 99990, back);
    }
    for (std::uint32_t i = 0; i < 200; ++i) store.drop(segment(i));
    EXPECT_EQ(store.used_bytes(), 0u);
}

// Whoever still has it mapped sees that nothing is left.
TEST(SegmentStore, overwrites_the_memory_of_a_group_that_leaves_no_trace) {
    SegmentStore store(16 * kMiB);
    store.reserve(group(), 2 * kMiB);
    store.leave_no_trace(group());
    store_whole(store, segment(1), 2 * kMiB);
    store_whole(store, segment(2), 1000);
    const auto large = store.open(segment(1))->fd;
    EXPECT_TRUE(is_sealed_memory(*large));
    EXPECT_FALSE(write_memory(*large, 0, pattern(10)));
    const MappedSegment reader(*large, 2 * kMiB, MappedSegment::Access::read);
    const auto content = pattern(2 * kMiB);
    EXPECT_TRUE(std::ranges::equal(reader.bytes(), content));
    std::vector<std::byte> back(1000);
    store.read(segment(2), 0, back);
    EXPECT_EQ(back, pattern(1000));
    store.drop(segment(1));
    store.drop(segment(2));
    store.cancel_reservation(group());
    EXPECT_TRUE(std::ranges::all_of(reader.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(store.used_bytes(), 0u);
    store_whole(store, segment(3), 2 * kMiB);  // of another datum, with this id: it may stay
    const auto kept = store.open(segment(3))->fd;
    store.drop(segment(3));
    const MappedSegment after(*kept, 2 * kMiB, MappedSegment::Access::read);
    EXPECT_TRUE(std::ranges::equal(after.bytes(), content));
}

TEST(SegmentStore, tells_the_sum_of_what_it_gives_and_notices_when_that_changes) {
    SegmentStore store(16 * kMiB);
    const auto content = pattern(2 * kMiB + 100);
    store_whole(store, segment(1), content.size());
    std::vector<std::byte> chunk(kMiB);
    const std::uint32_t sum = store.read(segment(1), kMiB, chunk);
    EXPECT_EQ(sum, crc32c(std::span(content).subspan(kMiB, kMiB)));
    EXPECT_EQ(store.read(segment(1), kMiB, chunk), sum);
    std::vector<std::byte> some(77);
    const std::uint32_t of_some = store.read(segment(1), 5, some);
    EXPECT_EQ(of_some, crc32c(some));
    store_whole(store, segment(2), 1000);
    std::vector<std::byte> small(1000);
    const std::uint32_t before = store.read(segment(2), 0, small);
    const_cast<std::byte&>((*store.open(segment(2))->small)[3]) ^= std::byte{1};
    EXPECT_EQ(store.read(segment(2), 0, small), before) << "what it was when it was made";
    EXPECT_NE(crc32c(small), before);
    EXPECT_FALSE(store.is_intact(segment(2)));
    EXPECT_TRUE(store.is_intact(segment(1)));
}

TEST(SegmentStore, takes_what_is_owed_however_full_it_is) {
    SegmentStore store(kMiB);
    store.reserve(group(1), kMiB);
    store.put_small(segment(1, 2), pattern(60000), true);
    EXPECT_TRUE(store.has(segment(1, 2)));
    EXPECT_EQ(store.free_bytes(), 0u);
    EXPECT_EQ(failure_of([&] { store.reserve(group(3), 1); }), ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.write(segment(2, 2), 100, 0, pattern(100)); }),
              ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { store.put_small(segment(2, 2), pattern(100)); }),
              ErrorCode::out_of_space);
    store.drop(segment(1, 2));
    store.cancel_reservation(group(1));
    EXPECT_EQ(store.used_bytes(), 0u);
}

}  // namespace
}  // namespace juxta::data
