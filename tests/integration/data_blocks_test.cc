// Data of several blocks on real processes: written over the borders of blocks, read as one range,
// committed on all blocks or on none.
#include <algorithm>
#include <random>
#include <thread>

#include "tests/integration/data_service_world.h"

namespace juxta::data {
namespace {

class DataBlocksTest : public DataServiceTest {
protected:
    static DataSpec blocks(const std::vector<std::uint64_t>& sizes, std::uint16_t copies = 1) {
        DataSpec wanted =
            spec(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}), copies);
        wanted.block_bytes = sizes;
        return wanted;
    }
    static void expect_content(DataSession& at, const DataId& id,
                               const std::vector<std::byte>& content) {
        EXPECT_TRUE(get(at, id) == content);
        auto hold = at.acquire_read(id);
        const auto mapped = hold->map();
        ASSERT_EQ(mapped.size(), content.size());
        EXPECT_TRUE(std::equal(mapped.begin(), mapped.end(), content.begin()));
        EXPECT_EQ(hold->map().data(), mapped.data()) << "one range, mapped once";
    }
};

TEST_F(DataBlocksTest, gives_back_what_was_put_whatever_the_blocks_from_any_host) {
    DataSession& writer = session("h1", "c1");
    DataSession& far = session("h3", "c2");
    DataSession& nowhere = session("laptop", "c2");
    const std::vector<std::vector<std::uint64_t>> layouts{
        {10, 20, 5}, {4096, 8192, 4096}, {0, 7, 0}, {1 << 20, (3 << 20) + 1, 5, 2 << 20, 65536}};
    for (const auto& sizes : layouts) {
        const DataId id = writer.allocate(blocks(sizes), RequestId::make()).id;
        const DatumDescription told = writer.describe(id);
        ASSERT_EQ(told.blocks.size(), sizes.size());
        const auto content = pattern(told.bytes, 1);
        rewrite(writer, id, content);
        for (DataSession* reader : {&writer, &far, &nowhere}) expect_content(*reader, id, content);
    }
}

TEST_F(DataBlocksTest, another_process_maps_and_fills_all_blocks_as_one_range) {
    DataSession& at = session("h1", "c1");
    const DataId id = at.allocate(blocks({100000, 4096, 200001}), RequestId::make()).id;
    const auto content = pattern(304097, 9);
    auto lock = at.acquire(id, in_5s());
    const LocalPiece whole = lock->create_whole();
    ASSERT_TRUE(whole.fd);
    ASSERT_EQ(::pwrite(whole.fd->get(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    EXPECT_EQ(lock->release(), 1u);
    expect_content(at, id, content);
    auto hold = at.acquire_read(id);
    std::uint64_t covered = 0;
    for (const LocalPiece& piece : hold->pieces()) {
        EXPECT_EQ(piece.offset, covered);
        covered += piece.length;
    }
    EXPECT_EQ(covered, content.size());
    auto again = at.acquire(id, in_5s());
    const auto memory = again->map_whole();
    ASSERT_EQ(memory.size(), content.size());
    std::memset(memory.data(), 7, memory.size());
    EXPECT_EQ(again->release(), 2u);
    expect_content(at, id, std::vector<std::byte>(content.size(), std::byte{7}));
}

TEST_F(DataBlocksTest, random_writes_over_borders_show_what_a_plain_array_would) {
    std::mt19937 random(5);
    const std::vector<std::uint64_t> sizes{70000, 3, 1 << 20, 0, 200000};
    for (const char* host : {"h1", "laptop"}) {
        DataSession& at = session(host, "c1");
        const DataId id = at.allocate(blocks(sizes, 2), RequestId::make()).id;
        std::vector<std::byte> model(at.describe(id).bytes);
        for (Version version = 1; version <= 12; ++version) {
            auto lock = at.acquire(id, in_5s());
            for (unsigned i = 0; i < 1 + random() % 12; ++i) {
                const std::size_t offset = random() % model.size();
                const std::size_t most = i == 0 ? model.size() : 3000;
                const std::size_t length = random() % std::min(model.size() - offset, most);
                const auto piece = pattern(length, static_cast<unsigned>(random()));
                lock->write(offset, piece);
                std::copy(piece.begin(), piece.end(),
                          model.begin() + static_cast<std::ptrdiff_t>(offset));
            }
            std::vector<std::byte> seen(model.size());
            lock->read(0, seen);
            ASSERT_TRUE(seen == model) << "the writer, at version " << version;
            ASSERT_EQ(lock->release(), version);
            ASSERT_TRUE(get(at, id) == model) << "a reader, at version " << version;
        }
    }
}

// Every version has one byte all over; whatever dies, a reader sees one byte.
TEST_F(DataBlocksTest, a_release_is_visible_on_all_blocks_or_on_none_though_primaries_are_killed) {
    DataSession& writer = session("laptop", "c1", {seconds(10), seconds(10)});
    const std::vector<std::uint64_t> sizes{50000, 50000, 50000, 50000};
    const DataId id = writer.allocate(blocks(sizes, 2), RequestId::make()).id;
    const std::size_t bytes = 200000;
    rewrite(writer, id, std::vector<std::byte>(bytes, std::byte{1}));
    std::atomic<bool> stop{false};
    std::atomic<int> reads{0};
    std::thread reader([&] {
        DataSession& at = *sessions_.emplace_back(std::make_unique<DataSession>(
            node(), Place{"elsewhere", "c1"}, ClientId{secure_random()}, managers_));
        while (!stop) {
            try {
                const auto content = get(at, id);
                for (const std::byte each : content) ASSERT_EQ(each, content.front());
                ++reads;
            } catch (const Error&) {
                // Between two views.
            }
        }
    });
    Version acknowledged = 1;
    for (int round = 0; round < 4; ++round) {
        const std::string victim = round % 2 == 0 ? "p1" : "p2";
        std::thread killer([&, victim] {
            std::this_thread::sleep_for(milliseconds(40 + 25 * round));
            kill(victim);
        });
        const auto until = DataAccess::Clock::now() + milliseconds(1200);
        for (unsigned value = 2; DataAccess::Clock::now() < until; ++value) {
            try {
                acknowledged = rewrite(
                    writer, id, std::vector<std::byte>(bytes, static_cast<std::byte>(value)));
            } catch (const Error&) {
                // Not acknowledged: it may or may not be there.
            }
        }
        killer.join();
        start(victim);
        ASSERT_TRUE(eventually([&] {
            const auto told = writer.describe(id);
            return std::ranges::all_of(told.blocks, [](const BlockStatus& block) {
                return std::ranges::count(block.copies, std::string("full"), &CopyStatus::state) ==
                       2;
            });
        })) << "copies are restored, round "
            << round;
        const auto hold = writer.acquire_read(id);
        EXPECT_GE(hold->version(), acknowledged);
        std::vector<std::byte> content(bytes);
        hold->read(0, content);
        EXPECT_EQ(std::ranges::count(content, content.front()), static_cast<long>(bytes));
    }
    stop = true;
    reader.join();
    EXPECT_GT(reads, 10);
}

}  // namespace
}  // namespace juxta::data
