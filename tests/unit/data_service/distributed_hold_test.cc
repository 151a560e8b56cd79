// A distributed datum as its users see it, over stored bytes in memory.
#include "data_service/client/distributed_hold.h"

#include <gtest/gtest.h>

#include <cstring>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::data {
namespace {

using distribution::Dice;
using distribution::Index;

// The stored bytes, and how many were read and written.
struct Stored {
    DatumDescription datum;
    std::vector<std::byte> bytes;
    std::uint64_t read = 0, written = 0;
    Version version = 1;
};

class StoredRead final : public ReadHold {
public:
    explicit StoredRead(Stored& stored) : stored_(stored) {}
    const DatumDescription& datum() const override { return stored_.datum; }
    Version version() const override { return stored_.version; }
    void read(std::uint64_t offset, std::span<std::byte> into, const Progress&) override {
        ASSERT_LE(offset + into.size(), stored_.bytes.size());
        std::memcpy(into.data(), stored_.bytes.data() + offset, into.size());
        stored_.read += into.size();
    }
    std::span<const std::byte> map() override { return stored_.bytes; }
    std::vector<LocalPiece> pieces() override { return {}; }
    std::vector<Movement> moved() const override { return {}; }

private:
    Stored& stored_;
};

class StoredWrite final : public WriteHold {
public:
    explicit StoredWrite(Stored& stored) : stored_(stored), fresh_(stored.bytes) {}
    const DatumDescription& datum() const override { return stored_.datum; }
    Token token() const override { return 7; }
    Version base() const override { return stored_.version; }
    void read(std::uint64_t offset, std::span<std::byte> into) override {
        std::memcpy(into.data(), fresh_.data() + offset, into.size());
    }
    void write(std::uint64_t offset, std::span<const std::byte> from, const Progress&) override {
        ASSERT_LE(offset + from.size(), fresh_.size());
        std::memcpy(fresh_.data() + offset, from.data(), from.size());
        stored_.written += from.size();
    }
    LocalPiece create_whole(const WholeOptions&) override { return {}; }
    std::span<std::byte> map_whole() override { return {}; }
    Version release() override {
        stored_.bytes = fresh_;
        return ++stored_.version;
    }
    std::vector<Movement> moved() const override { return {}; }

private:
    Stored& stored_;
    std::vector<std::byte> fresh_;
};

Stored stored_as(const std::string& dist, const std::string& grid, Shape shape,
                 const std::string& src = {}, ElementType element = ElementType::float64) {
    Stored stored;
    stored.datum.spec.type = {element, std::move(shape)};
    distribution::distribute(stored.datum.spec, {dist, grid, src}, 1);
    for (const std::uint64_t bytes : stored.datum.spec.block_bytes) stored.datum.bytes += bytes;
    stored.bytes.resize(stored.datum.bytes);
    return stored;
}

std::vector<std::byte> content(std::uint64_t bytes, Dice& dice) {
    std::vector<std::byte> made(bytes);
    for (std::byte& each : made) each = static_cast<std::byte>(dice.between(0, 255));
    return made;
}

std::vector<std::byte> all_of(Stored& stored) {
    const auto hold = as_array(std::make_unique<StoredRead>(stored));
    const auto array = hold->map();
    return {array.begin(), array.end()};
}

TEST(DistributedHold, blocks_hold_the_local_pieces_column_major) {
    Stored stored = stored_as("block,*", "2x1", {4, 2}, {}, ElementType::int32);
    const std::int32_t array[] = {0, 1, 10, 11, 20, 21, 30, 31};
    const auto hold = as_array(std::make_unique<StoredWrite>(stored));
    hold->write(0, std::as_bytes(std::span(array)));
    EXPECT_EQ(hold->release(), 2u);
    std::int32_t pieces[8];
    std::memcpy(pieces, stored.bytes.data(), sizeof pieces);
    EXPECT_EQ(std::vector<std::int32_t>(pieces, pieces + 8),
              (std::vector<std::int32_t>{0, 10, 1, 11, 20, 30, 21, 31}));
}

TEST(DistributedHold, a_vector_in_contiguous_blocks_needs_none_of_this) {
    Stored stored = stored_as("block", "3", {10});
    EXPECT_TRUE(stored.datum.spec.layout.dist.empty());
    EXPECT_EQ(stored.datum.spec.block_bytes, (std::vector<std::uint64_t>{32, 32, 16}));
    auto plain = std::make_unique<StoredRead>(stored);
    const ReadHold* before = plain.get();
    EXPECT_EQ(as_array(std::move(plain)).get(), before);
    EXPECT_EQ(distribution::text_of(distribution::layout_as_stored(stored.datum.spec)).dist,
              "block");
    EXPECT_FALSE(stored_as("block", "3", {10}, "1").datum.spec.layout.dist.empty());
}

TEST(DistributedHold, what_is_written_in_parts_of_any_size_is_read_in_parts_of_any_size) {
    Dice dice(6);
    const char* const dists[] = {"block", "cyclic", "cyclic:3", "block,cyclic:2",
                                 "cyclic:64,block"};
    for (int i = 0; i < 120; ++i) {
        SCOPED_TRACE(i);
        const auto rows = static_cast<std::uint64_t>(dice.between(0, 90));
        const auto columns = static_cast<std::uint64_t>(dice.between(0, 90));
        Stored stored = stored_as(dists[i % 5], dice.once_in(2) ? "2x3" : "3x1:C", {rows, columns},
                                  dice.once_in(2) ? "1,0" : "", ElementType::complex128);
        std::vector<std::byte> expected(stored.bytes.size());
        for (int step = 0; step < 5; ++step) {
            const auto hold = as_array(std::make_unique<StoredWrite>(stored));
            for (int part = 0; part < 3; ++part) {
                const Index offset = dice.between(0, std::ssize(expected));
                const Index most = std::ssize(expected) - offset;
                const auto written = content(
                    static_cast<std::uint64_t>(dice.between(0, dice.once_in(3) ? most : most / 8)),
                    dice);
                hold->write(static_cast<std::uint64_t>(offset), written);
                std::copy(written.begin(), written.end(), expected.begin() + offset);
            }
            std::vector<std::byte> seen(expected.size());
            hold->read(0, seen);
            ASSERT_EQ(seen, expected) << "under the lock";
            hold->release();
        }
        ASSERT_EQ(all_of(stored), expected);
        for (int part = 0; part < 10; ++part) {
            const auto hold = as_array(std::make_unique<StoredRead>(stored));
            const Index offset = dice.between(0, std::ssize(expected));
            std::vector<std::byte> seen(
                static_cast<std::size_t>(dice.between(0, (std::ssize(expected) - offset) / 2)));
            hold->read(static_cast<std::uint64_t>(offset), seen);
            ASSERT_TRUE(std::equal(seen.begin(), seen.end(), expected.begin() + offset));
        }
    }
}

TEST(DistributedHold, a_small_part_is_read_and_written_without_the_rest) {
    Stored stored = stored_as("block,*", "4x1", {512, 512});
    Dice dice(1);
    const auto one = content(8, dice);
    const auto writing = as_array(std::make_unique<StoredWrite>(stored));
    writing->write((300 * 512 + 77) * 8, one);
    writing->release();
    EXPECT_EQ(stored.written, 8u);
    std::vector<std::byte> seen(8);
    as_array(std::make_unique<StoredRead>(stored))->read((300 * 512 + 77) * 8, seen);
    EXPECT_EQ(seen, one);
    EXPECT_EQ(stored.read, 8u);
}

TEST(DistributedHold, an_array_made_as_a_whole_by_another_process_is_dealt_out_at_release) {
    Stored stored = stored_as("cyclic:5", "2x2", {33, 44});
    Dice dice(2);
    const auto expected = content(stored.datum.bytes, dice);
    const auto hold = as_array(std::make_unique<StoredWrite>(stored));
    const LocalPiece whole = hold->create_whole();
    ASSERT_TRUE(whole.fd);
    {
        const Mapping elsewhere = Mapping::writable(whole.fd->get(), whole.length);
        std::copy(expected.begin(), expected.end(), elsewhere.bytes().begin());
    }
    hold->release();
    EXPECT_EQ(all_of(stored), expected);
    const auto mapped = as_array(std::make_unique<StoredWrite>(stored));
    std::ranges::fill(mapped->map_whole(), std::byte{9});
    mapped->release();
    EXPECT_EQ(all_of(stored), std::vector<std::byte>(expected.size(), std::byte{9}));
}

TEST(DistributedHold, another_process_gets_the_array_in_one_file) {
    Stored stored = stored_as("cyclic", "3x2", {40, 50});
    Dice dice(3);
    const auto expected = content(stored.datum.bytes, dice);
    const auto writing = as_array(std::make_unique<StoredWrite>(stored));
    writing->write(0, expected);
    writing->release();
    const auto pieces = as_array(std::make_unique<StoredRead>(stored))->pieces();
    ASSERT_EQ(pieces.size(), 1u);
    const Mapping mapped = Mapping::readable(pieces[0].fd->get(), pieces[0].length);
    EXPECT_TRUE(std::ranges::equal(mapped.bytes(), expected));
}

TEST(DistributedHold, what_lies_outside_is_refused) {
    Stored stored = stored_as("cyclic", "3x2", {4, 5});
    std::vector<std::byte> bytes(9);
    EXPECT_THROW(as_array(std::make_unique<StoredRead>(stored))->read(152, bytes, {}), Error);
    EXPECT_THROW(as_array(std::make_unique<StoredWrite>(stored))->write(152, bytes, {}), Error);
    EXPECT_THROW(as_array(std::make_unique<StoredWrite>(stored))->read(~0ull, bytes), Error);
}

TEST(StoredLayout, words_and_blocks_that_do_not_fit_are_objected_to) {
    DataSpec spec = stored_as("cyclic:2", "2x2", {10, 10}).datum.spec;
    EXPECT_EQ(distribution::layout_objection(spec), "");
    EXPECT_EQ(distribution::layout_objection(DataSpec{}), "");
    DataSpec fewer = spec;
    fewer.block_bytes.pop_back();
    EXPECT_NE(distribution::layout_objection(fewer), "");
    DataSpec words = spec;
    words.layout.dist = "blok";
    EXPECT_NE(distribution::layout_objection(words), "");
    EXPECT_THROW(stored_as("*,block", "2x2", {4, 4}), Error) << "replicas are copies";
}

}  // namespace
}  // namespace juxta::data
