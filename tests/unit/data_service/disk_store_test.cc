#include "data_service/store/disk_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "common/base/error.h"
#include "data_service/store/segment_file.h"
#include "data_service/store/segment_store.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kLots = 64 * kMiB;

std::vector<std::byte> pattern(std::size_t bytes, int seed = 1) {
    std::vector<std::byte> content(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        content[i] = static_cast<std::byte>((i * 31 + seed) >> 3);
    return content;
}

GroupId group(std::uint64_t datum = 1) { return {DataId{{7, datum}}, 0}; }
SegmentId segment(std::uint32_t number, std::uint64_t datum = 1) {
    return {DataId{{7, datum}}, 0, first_token_of(1), number};
}

DiskCopy copy_of(const GroupId& group, Version newest = 0, std::uint64_t bytes = kMiB) {
    DiskCopy copy{group, {.block_count = 1, .durable = true, .write_once = false}, bytes, {}};
    copy.saved.whole = true;
    copy.saved.epoch = 3;
    copy.saved.written_by = 5;
    copy.saved.ledger = Ledger::fresh(1);
    copy.saved.ledger.newest = newest;
    copy.saved.ledger.versions[newest].blocks.resize(1);
    return copy;
}

SmallContent small(const SegmentId& id, std::size_t bytes, int seed = 1) {
    return {id, std::make_shared<const std::vector<std::byte>>(pattern(bytes, seed))};
}

class DiskStoreTest : public testing::Test {
protected:
    DiskStoreTest()
        : folder_(fs::temp_directory_path() / ("juxta-disk-" + std::to_string(::getpid()))) {
        fs::remove_all(folder_);
    }
    ~DiskStoreTest() override {
        fs::remove_all(folder_);
        fs::remove_all(folder_.string() + ".damaged");
        fs::remove_all(after_the_kill());
    }

    // What a kill now would leave.
    fs::path after_the_kill() const { return folder_.string() + ".killed"; }
    void kill_now() const {
        fs::remove_all(after_the_kill());
        fs::copy(folder_, after_the_kill(), fs::copy_options::recursive);
    }

    static void put(DiskStore& disk, const SegmentId& id, std::size_t bytes, int seed = 1) {
        const auto content = pattern(bytes, seed);
        ChunkSums sums(bytes);
        sums.complete(content);
        disk.put(id, content, sums);
    }
    static std::optional<std::vector<std::byte>> get(DiskStore& disk, const SegmentId& id,
                                                     std::size_t bytes) {
        std::vector<std::byte> content(bytes);
        ChunkSums sums(bytes);
        if (!disk.read(id, content, sums)) return std::nullopt;
        return content;
    }
    static void flip(const fs::path& file, std::uint64_t at) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const char old = static_cast<char>(stream.get());
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(static_cast<char>(old ^ 16));
    }
    fs::path file_of(const SegmentId& id, const fs::path& folder) const {
        return folder / "segments" / segment_file_name(id);
    }

    const fs::path folder_;
};

TEST_F(DiskStoreTest, gives_back_after_a_kill_what_was_committed) {
    DiskStore disk(folder_, kLots);
    disk.reserve(group(), 3 * kMiB);
    put(disk, segment(1), 3 * kMiB + 17);
    disk.commit({.segments = {small(segment(2), 1000)}, .copies = {copy_of(group(), 4)}});
    kill_now();
    DiskStore back(after_the_kill(), kLots);
    const auto copies = back.take_copies();
    ASSERT_EQ(copies.size(), 1u);
    EXPECT_EQ(copies[0].group, group());
    EXPECT_EQ(copies[0].saved, copy_of(group(), 4).saved);
    EXPECT_TRUE(copies[0].settings.durable);
    EXPECT_EQ(back.segments_of(group()), (std::map<SegmentId, std::uint64_t>{
                                             {segment(1), 3 * kMiB + 17}, {segment(2), 1000}}));
    EXPECT_EQ(get(back, segment(1), 3 * kMiB + 17), pattern(3 * kMiB + 17));
    EXPECT_EQ(get(back, segment(2), 1000), pattern(1000));
    EXPECT_TRUE(back.take_copies().empty());
}

TEST_F(DiskStoreTest, keeps_the_last_word_of_each_copy) {
    {
        DiskStore disk(folder_, kLots);
        for (Version v = 1; v <= 50; ++v) disk.commit({.copies = {copy_of(group(), v)}});
        disk.commit({.copies = {copy_of(group(2), 9)}});
        disk.commit({.gone = {group(2)}});
    }
    DiskStore back(folder_, kLots);
    const auto copies = back.take_copies();
    ASSERT_EQ(copies.size(), 1u);
    EXPECT_EQ(copies[0].saved.ledger.newest, 50u);
}

TEST_F(DiskStoreTest, leaves_no_file_of_what_was_dropped) {
    DiskStore disk(folder_, kLots);
    disk.reserve(group(), kMiB);
    put(disk, segment(1), kMiB);
    disk.commit({.segments = {small(segment(2), 1000)}, .copies = {copy_of(group())}});
    EXPECT_TRUE(fs::exists(file_of(segment(1), folder_)));
    disk.forget(group());
    EXPECT_TRUE(fs::is_empty(folder_ / "segments"));
    EXPECT_EQ(disk.used_bytes(), 0u);
    kill_now();
    DiskStore back(after_the_kill(), kLots);
    EXPECT_TRUE(back.take_copies().empty());
    EXPECT_TRUE(back.segments_of(group()).empty());
}

TEST_F(DiskStoreTest, removes_what_a_killed_write_left) {
    DiskStore disk(folder_, kLots);
    put(disk, segment(1), kMiB);
    disk.commit({.copies = {copy_of(group())}});
    std::ofstream(folder_ / "segments" / (segment_file_name(segment(3)) + ".tmp")) << "half";
    std::ofstream(folder_ / "segments" / "nobody knows") << "what";
    put(disk, segment(1, 99), kMiB);  // of a copy whose end came first
    kill_now();
    DiskStore back(after_the_kill(), kLots);
    EXPECT_EQ(back.segments_of(group()).size(), 1u);
    EXPECT_EQ(std::distance(fs::directory_iterator(after_the_kill() / "segments"), {}), 1);
}

TEST_F(DiskStoreTest, never_gives_out_a_file_with_a_flipped_byte) {
    DiskStore disk(folder_, kLots);
    put(disk, segment(1), 2 * kMiB + 5);
    disk.commit({.copies = {copy_of(group())}});
    const std::uint64_t length = fs::file_size(file_of(segment(1), folder_));
    EXPECT_EQ(length, segment_file_bytes(2 * kMiB + 5));
    for (const std::uint64_t at :
         {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{40}, std::uint64_t{66},
          std::uint64_t{4096}, 4096 + kMiB, length - 1}) {
        flip(file_of(segment(1), folder_), at);
        EXPECT_EQ(get(disk, segment(1), 2 * kMiB + 5), std::nullopt) << at;
        EXPECT_FALSE(disk.is_intact(segment(1))) << at;
        flip(file_of(segment(1), folder_), at);
        EXPECT_EQ(get(disk, segment(1), 2 * kMiB + 5), pattern(2 * kMiB + 5)) << at;
        EXPECT_TRUE(disk.is_intact(segment(1))) << at;
    }
}

TEST_F(DiskStoreTest, never_gives_out_a_file_that_is_cut_or_of_another_segment) {
    DiskStore disk(folder_, kLots);
    put(disk, segment(1), kMiB);
    put(disk, segment(2), kMiB, 2);
    disk.commit({.copies = {copy_of(group())}});
    fs::copy_file(file_of(segment(2), folder_), file_of(segment(1), folder_),
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(get(disk, segment(1), kMiB), std::nullopt);
    for (const std::uint64_t length :
         {kMiB + 4095, kMiB, std::uint64_t{4096}, std::uint64_t{10}, std::uint64_t{0}}) {
        fs::resize_file(file_of(segment(2), folder_), length);
        EXPECT_EQ(get(disk, segment(2), kMiB), std::nullopt) << length;
    }
    DiskStore back((kill_now(), after_the_kill()), kLots);
    EXPECT_TRUE(back.segments_of(group()).empty());
}

TEST_F(DiskStoreTest, writes_a_damaged_file_again) {
    DiskStore disk(folder_, kLots);
    put(disk, segment(1), kMiB);
    flip(file_of(segment(1), folder_), 5000);
    const auto content = pattern(kMiB);
    ChunkSums sums(kMiB);
    sums.complete(content);
    disk.rewrite(segment(1), content, sums);
    EXPECT_TRUE(disk.is_intact(segment(1)));
}

// Wherever a byte of the catalogue flips: what comes back was committed, or does not come back.
TEST_F(DiskStoreTest, never_believes_a_catalogue_with_a_flipped_byte) {
    {
        DiskStore disk(folder_, kLots);
        for (Version v = 1; v <= 5; ++v) {
            disk.commit({.segments = {small(segment(static_cast<std::uint32_t>(v)), 1000)},
                         .copies = {copy_of(group(), v)}});
        }
        kill_now();  // with its log not yet in the database
    }
    const fs::path killed = folder_.string() + ".one";
    std::size_t stale = 0;
    std::size_t whole = 0;
    std::size_t tried = 0;
    for (const char* name : {"catalogue.sqlite", "catalogue.sqlite-wal", "commits"}) {
        const std::uint64_t length = fs::file_size(after_the_kill() / name);
        for (std::uint64_t at = 0; at < length; at += std::max<std::uint64_t>(1, length / 40)) {
            fs::remove_all(killed);
            fs::remove_all(killed.string() + ".damaged");
            fs::copy(after_the_kill(), killed, fs::copy_options::recursive);
            flip(killed / name, at);
            DiskStore back(killed, kLots);
            tried += 1;
            for (const DiskCopy& copy : back.take_copies()) {
                whole += copy.saved == copy_of(group(), 5).saved;
                stale += copy.saved != copy_of(group(), 5).saved;
            }
            for (const auto& [id, bytes] : back.segments_of(group())) {
                const auto content = get(back, id, bytes);
                if (content) {
                    EXPECT_EQ(*content, pattern(1000));
                }
            }
        }
    }
    fs::remove_all(killed);
    fs::remove_all(killed.string() + ".damaged");
    EXPECT_GT(tried, 80u);
    EXPECT_GT(whole, 0u);
    EXPECT_EQ(stale, 0u);
}

TEST_F(DiskStoreTest, does_not_take_an_older_state_for_the_newest) {
    fs::path old = folder_.string() + ".old";
    {
        DiskStore disk(folder_, kLots);
        disk.commit({.copies = {copy_of(group(), 1)}});
        fs::copy(folder_, old, fs::copy_options::recursive);
        disk.commit({.copies = {copy_of(group(), 2)}});
        fs::copy_file(folder_ / "commits", old / "commits", fs::copy_options::overwrite_existing);
    }
    DiskStore back(old, kLots);
    EXPECT_TRUE(back.take_copies().empty());
    EXPECT_TRUE(fs::exists(old.string() + ".damaged"));
    back.commit({.copies = {copy_of(group(), 3)}});  // it goes on, empty
    fs::remove_all(old.string() + ".damaged");
    fs::remove_all(old);
}

TEST_F(DiskStoreTest, promises_no_more_than_it_has) {
    DiskStore disk(folder_, 4 * kMiB);
    disk.reserve(group(1), 2 * kMiB);
    disk.reserve(group(1), 2 * kMiB);
    EXPECT_EQ(failure_of([&] { disk.reserve(group(2), 2 * kMiB); }), ErrorCode::out_of_space);
    put(disk, segment(1, 1), 2 * kMiB);
    put(disk, segment(2, 1), kMiB);  // a second version, while the first is read
    EXPECT_EQ(failure_of([&] { put(disk, segment(3, 1), 2 * kMiB); }), ErrorCode::out_of_space);
    EXPECT_FALSE(fs::exists(file_of(segment(3, 1), folder_)));
    disk.drop(segment(2, 1));
    put(disk, segment(4, 1), kMiB);
    // What was promised is taken, however full it is.
    disk.expect(segment(5, 1), 60000);
    disk.commit({.segments = {small(segment(6, 1), 60000)}, .copies = {copy_of(group(1))}});
    EXPECT_EQ(get(disk, segment(6, 1), 60000), pattern(60000));
}

TEST_F(DiskStoreTest, refuses_more_than_the_disk_itself_has) {
    DiskStore disk(folder_, std::uint64_t{1} << 60);
    EXPECT_EQ(failure_of([&] { disk.reserve(group(), std::uint64_t{1} << 55); }),
              ErrorCode::out_of_space);
    EXPECT_EQ(disk.used_bytes(), 0u);
}

TEST_F(DiskStoreTest, belongs_to_one_process) {
    DiskStore disk(folder_, kLots);
    disk.commit({.copies = {copy_of(group())}});
    EXPECT_EQ(failure_of([&] { DiskStore other(folder_, kLots); }), ErrorCode::unavailable);
}

TEST_F(DiskStoreTest, goes_round_all_segments_for_those_who_check_them) {
    DiskStore disk(folder_, kLots);
    EXPECT_EQ(disk.after({}), std::nullopt);
    disk.commit({.segments = {small(segment(1), 10), small(segment(2), 10)}});
    EXPECT_EQ(disk.after({}), segment(1));
    EXPECT_EQ(disk.after(segment(1)), segment(2));
    EXPECT_EQ(disk.after(segment(2)), segment(1));
    EXPECT_TRUE(disk.is_intact(segment(1)));
    EXPECT_TRUE(disk.is_intact(segment(7)));
}

TEST(Crc32c, is_that_of_castagnoli) {
    const std::string_view digits = "123456789";
    EXPECT_EQ(crc32c(std::as_bytes(std::span(digits))), 0xe3069283u);
}

}  // namespace
}  // namespace juxta::data
