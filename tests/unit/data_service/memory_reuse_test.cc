// The memory of large segments: used again, never under somebody's eyes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "data_service/store/memory_pool.h"
#include "data_service/store/memory_segment.h"
#include "data_service/store/segment_socket.h"
#include "data_service/store/segment_store.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr auto kNoTime = std::chrono::seconds(0);

SegmentId segment(std::uint32_t number) { return {DataId{{7, 1}}, 0, first_token_of(1), number}; }

std::vector<std::byte> filled(std::uint64_t bytes, int value) {
    return std::vector<std::byte>(bytes, static_cast<std::byte>(value));
}

ino_t file_of(const std::shared_ptr<const UniqueFd>& fd) {
    struct stat about {};
    EXPECT_EQ(::fstat(fd->get(), &about), 0);
    return about.st_ino;
}

bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 500 && !holds(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
}

class ReusedMemory : public testing::Test {
protected:
    void store_filled(std::uint32_t number, int value, std::uint64_t bytes = kMiB) {
        store.write(segment(number), bytes, 0, filled(bytes, value));
        store.seal(segment(number));
    }
    ino_t file(std::uint32_t number) { return file_of(store.open(segment(number))->fd); }

    SegmentStore store{64 * kMiB};
};

TEST_F(ReusedMemory, of_a_dropped_segment_serves_the_next_of_its_size) {
    store_filled(1, 1);
    const ino_t first = file(1);
    store.drop(segment(1));
    store_filled(2, 2);
    EXPECT_EQ(file(2), first);
    std::vector<std::byte> back(kMiB);
    store.read(segment(2), 0, back);
    EXPECT_EQ(back, filled(kMiB, 2));
    store.drop(segment(2));
    store_filled(3, 3, kMiB - 4096 * 20);
    EXPECT_EQ(file(3), first) << "a little less fits as well";
    store.drop(segment(3));
    store_filled(4, 4, kMiB / 2);
    EXPECT_NE(file(4), first) << "much less would waste it";
    store_filled(5, 5, 2 * kMiB);
    EXPECT_NE(file(5), first);
}

TEST_F(ReusedMemory, stays_as_it_is_for_who_still_reads_it) {
    store_filled(1, 1);
    auto content = store.open(segment(1));
    const MappedSegment mapping(*content->fd, kMiB, MappedSegment::Access::read);
    store.drop(segment(1));
    for (std::uint32_t i = 2; i < 6; ++i) {
        store_filled(i, static_cast<int>(i));
        store.drop(segment(i));
    }
    EXPECT_EQ(std::memcmp(mapping.bytes().data(), filled(kMiB, 1).data(), kMiB), 0);
}

TEST_F(ReusedMemory, of_ours_is_written_by_nobody_else) {
    store_filled(1, 1);
    const auto content = store.open(segment(1));
    const int fd = content->fd->get();
    EXPECT_EQ(::mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
    EXPECT_NE(::ftruncate(fd, 0), 0);
    EXPECT_NE(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
    void* read_only = ::mmap(nullptr, kMiB, PROT_READ, MAP_SHARED, fd, 0);
    ASSERT_NE(read_only, MAP_FAILED);
    EXPECT_NE(::mprotect(read_only, kMiB, PROT_READ | PROT_WRITE), 0);
    ::munmap(read_only, kMiB);
}

TEST_F(ReusedMemory, is_lent_again_to_the_writer_that_kept_it_and_to_no_other) {
    auto fd = store.create(segment(1), kMiB);
    const ino_t lent = file_of(fd);
    MappedSegment writer(*fd, kMiB, MappedSegment::Access::write);
    std::memset(writer.bytes().data(), 1, kMiB);
    store.seal_kept_by_writer(segment(1));
    EXPECT_EQ(::mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
    fd.reset();
    const std::vector<ino_t> mapped{lent};
    EXPECT_NE(file_of(store.create(segment(2), kMiB, mapped)), lent) << "it is in use";
    store.drop(segment(1));
    EXPECT_NE(file_of(store.create(segment(3), kMiB)), lent) << "this one has it not mapped";
    EXPECT_EQ(file_of(store.create(segment(4), kMiB, mapped)), lent);
    std::memset(writer.bytes().data(), 4, kMiB);
    store.seal_kept_by_writer(segment(4));
    std::vector<std::byte> back(kMiB);
    store.read(segment(4), 0, back);
    EXPECT_EQ(back, filled(kMiB, 4));
}

TEST_F(ReusedMemory, that_another_process_wrote_without_keeping_it_is_never_used_again) {
    const auto fd = store.create(segment(1), kMiB);
    const std::vector<ino_t> mapped{file_of(fd)};
    store.seal(segment(1));
    store.drop(segment(1));
    EXPECT_NE(file_of(store.create(segment(2), kMiB, mapped)), mapped.front());
    store_filled(3, 3);
    EXPECT_NE(file(3), mapped.front());
}

TEST_F(ReusedMemory, is_not_lent_where_an_upload_began_in_memory_of_ours) {
    store.write(segment(1), kMiB, 0, filled(kMiB / 2, 1));
    const auto fd = store.create(segment(1), kMiB);
    {
        MappedSegment writer(*fd, kMiB, MappedSegment::Access::write);
        std::memset(writer.bytes().data(), 2, kMiB);
    }
    store.seal(segment(1));
    std::vector<std::byte> back(kMiB);
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, filled(kMiB, 2));
}

TEST_F(ReusedMemory, that_lies_idle_gives_way_to_what_was_promised) {
    SegmentStore small(4 * kMiB);
    for (std::uint32_t round = 0; round < 20; ++round) {
        const std::uint64_t bytes = (1 + round % 3) * kMiB;
        small.write(segment(round), bytes, 0, filled(bytes, 1));
        small.seal(segment(round));
        EXPECT_LE(small.used_bytes() + small.idle_bytes(), 4 * kMiB);
        small.drop(segment(round));
    }
    EXPECT_GT(small.idle_bytes(), 0u);
    small.tidy(kNoTime);
    EXPECT_EQ(small.idle_bytes(), 0u);
}

TEST_F(ReusedMemory, outlives_its_store_with_who_holds_it) {
    auto other = std::make_unique<SegmentStore>(8 * kMiB);
    other->write(segment(1), kMiB, 0, filled(kMiB, 9));
    other->seal(segment(1));
    const auto content = *other->open(segment(1));
    other.reset();
    const MappedSegment mapping(*content.fd, kMiB, MappedSegment::Access::read);
    EXPECT_EQ(mapping.bytes()[5], std::byte{9});
}

class ReusedMemoryOverSocket : public ReusedMemory {
protected:
    ReusedMemoryOverSocket() : server(path, store, {}) {}

    bool is_idle() const { return store.idle_bytes() > 0; }

    const std::string path =
        (std::filesystem::temp_directory_path() / ("juxta-reuse-" + std::to_string(::getpid())))
            .string();
    SegmentSocketServer server;
};

TEST_F(ReusedMemoryOverSocket, is_kept_until_its_reader_has_let_go) {
    store_filled(1, 1);
    SegmentSocketClient client(path);
    SegmentContent once = client.open(segment(1));
    SegmentContent twice = client.open(segment(1));
    store.drop(segment(1));
    EXPECT_FALSE(is_idle());
    once = {};
    EXPECT_FALSE(is_idle());
    twice = {};
    EXPECT_TRUE(eventually([&] { return is_idle(); }));
}

TEST_F(ReusedMemoryOverSocket, is_kept_though_the_client_that_opened_it_is_gone) {
    store_filled(1, 1);
    SegmentContent content;
    {
        SegmentSocketClient client(path);
        content = client.open(segment(1));
    }
    store.drop(segment(1));
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(is_idle());
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    content = {};
    EXPECT_TRUE(eventually([&] { return is_idle(); }));
}

TEST_F(ReusedMemoryOverSocket, of_a_writer_that_keeps_it_is_lent_again) {
    SegmentSocketClient client(path);
    const auto fd = client.create(segment(1), kMiB);
    const std::vector<ino_t> mapped{file_of(fd)};
    MappedSegment writer(*fd, kMiB, MappedSegment::Access::write);
    client.seal(segment(1), true);
    store.drop(segment(1));
    const auto again = client.create(segment(2), kMiB, mapped);
    EXPECT_EQ(file_of(again), mapped.front());
}

}  // namespace
}  // namespace juxta::data
