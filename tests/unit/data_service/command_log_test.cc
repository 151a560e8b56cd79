#include "data_service/core/command_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "common/base/error.h"
#include "data_service/core/command_log_codec.h"
#include "tests/mutation.h"

namespace juxta::data {
namespace {

namespace fs = std::filesystem;

Member member(const std::string& name, Incarnation incarnation = 1) {
    return {provider_id(name), incarnation};
}

RegisterProvider registered(const std::string& name, Incarnation incarnation = 1) {
    return {{name, member(name, incarnation), "127.0.0.1:1", "/tmp/s", {"h", "c1"}, false}, 1000};
}

AllocateDatum allocated(std::uint64_t number, const std::string& name) {
    AllocateDatum command;
    command.request = RequestId{{number, 1}};
    command.id = DataId{{number, 2}};
    command.spec.type.shape = {3, 4};
    command.spec.name = name;
    command.spec.preferred_host = "h";
    command.bytes = 96;
    command.members = {{member("p1")}};
    return command;
}

// One of each kind, so that a field forgotten in the codec is missed here.
std::vector<Command> one_of_each() {
    const GroupId group{DataId{{7, 2}}, 0};
    ChangeDatum change{DataId{{7, 2}}, "other", std::uint16_t{2}, Persistence::sticky};
    return {registered("p1"),
            registered("p2"),
            allocated(7, "seven"),
            allocated(8, "eight"),
            ChangeView{group, 1, {member("p1")}, member("p2")},
            RecordActivated{group, 2, member("p1")},
            RecordFull{group, 2, member("p2")},
            change,
            ForgetName{"eight", DataId{{7, 2}}},
            DrainProvider{provider_id("p2"), true},
            FreeDatum{DataId{{8, 2}}},
            ForgetDatum{DataId{{8, 2}}},
            ConfirmDead{member("p1")},
            ConfirmDead{member("p2")},
            DeclareLost{DataId{{7, 2}}},
            EndClient{ClientId{5}}};
}

class CommandLogTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/juxta-log-XXXXXX";
        folder_ = ::mkdtemp(name);
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path file() const { return folder_ / "manager.log"; }

    Directory reopened() const {
        Directory directory;
        CommandLog log(folder_, directory);
        return directory;
    }
    // Applies and logs, one batch each.
    void append(const std::vector<Command>& commands, Directory& directory) {
        CommandLog log(folder_, directory);
        for (const Command& command : commands) {
            log.append({command});
            directory.apply(command);
        }
    }
    std::string content() const {
        std::ifstream in(file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void replace(const std::string& bytes) const {
        std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
    }

    fs::path folder_;
};

TEST_F(CommandLogTest, replays_every_kind_of_command) {
    Directory written;
    append(one_of_each(), written);
    EXPECT_FALSE(written.data().empty());
    EXPECT_EQ(reopened(), written);
}

TEST_F(CommandLogTest, keeps_a_batch_whole) {
    Directory written;
    {
        CommandLog log(folder_, written);
        log.append(one_of_each());
        EXPECT_EQ(log.commands(), one_of_each().size());
    }
    for (const Command& command : one_of_each()) written.apply(command);
    EXPECT_EQ(reopened(), written);
}

TEST_F(CommandLogTest, drops_a_truncated_last_record_and_goes_on_behind_the_one_before) {
    Directory before;
    append({registered("p1"), registered("p2")}, before);
    const std::string good = content();
    Directory after = before;
    {
        CommandLog log(folder_, after = Directory{});
        log.append({allocated(1, "x")});
    }
    const std::string longer = content();
    for (std::size_t cut = good.size(); cut < longer.size(); ++cut) {
        replace(longer.substr(0, cut));
        ASSERT_EQ(reopened(), before) << "cut at " << cut;
        ASSERT_EQ(fs::file_size(file()), good.size());
    }
    Directory continued;
    append({allocated(2, "y")}, continued);
    EXPECT_EQ(reopened(), continued);
    EXPECT_TRUE(continued.named("y"));
}

TEST_F(CommandLogTest, takes_a_damaged_last_record_for_an_unfinished_one) {
    Directory before;
    append({registered("p1")}, before);
    const std::string good = content();
    Directory more;
    append({registered("p2")}, more);
    std::string damaged = content();
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    replace(damaged);
    EXPECT_EQ(reopened(), before);
    damaged = good + std::string(100, '\0');  // a file system may leave zeroes at the end
    replace(damaged);
    EXPECT_EQ(reopened(), before);
}

TEST_F(CommandLogTest, refuses_damage_before_whole_records_and_changes_nothing) {
    Directory directory;
    append({registered("p1"), registered("p2"), allocated(1, "x")}, directory);
    const std::string good = content();
    for (const std::size_t offset : {std::size_t{9}, std::size_t{15}, good.size() / 2}) {
        std::string damaged = good;
        damaged[offset] = static_cast<char>(damaged[offset] ^ 0x40);
        replace(damaged);
        try {
            reopened();
            FAIL() << "opened with damage at " << offset;
        } catch (const Error& e) {
            EXPECT_EQ(e.code(), ErrorCode::internal);
            EXPECT_NE(std::string(e.what()).find("manager.log"), std::string::npos);
        }
        EXPECT_EQ(content(), damaged);
    }
}

TEST_F(CommandLogTest, refuses_a_file_that_is_no_log) {
    replace("#!/bin/sh\necho hello, this is some other file\n");
    EXPECT_THROW(reopened(), Error);
}

TEST_F(CommandLogTest, refuses_a_log_that_another_manager_uses) {
    Directory directory;
    CommandLog first(folder_, directory);
    EXPECT_THROW(reopened(), Error);
}

TEST_F(CommandLogTest, is_the_same_directory_after_compaction_and_goes_on) {
    Directory directory;
    {
        CommandLog log(folder_, directory);
        for (const Command& command : one_of_each()) {
            log.append({command});
            directory.apply(command);
        }
        const auto before = log.size_bytes();
        log.compact(directory);
        EXPECT_LT(log.size_bytes(), before);
        log.append({registered("p3")});
        directory.apply(registered("p3"));
        EXPECT_THROW(reopened(), Error) << "the lock went with the old file";
    }
    EXPECT_EQ(reopened(), directory);
    EXPECT_FALSE(fs::exists(folder_ / "manager.log.new"));
}

TEST_F(CommandLogTest, becomes_long_and_short_again) {
    Directory directory;
    CommandLog log(folder_, directory);
    const std::vector<Command> batch(1000, Command{registered("p1")});
    while (!log.is_long()) log.append(batch);
    log.compact(directory);
    EXPECT_FALSE(log.is_long());
}

TEST(CommandLogCodec, survives_any_damage_to_the_bytes) {
    std::string bytes;
    encode(bytes, one_of_each());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string damaged = bytes;
            damaged[i] = static_cast<char>(damaged[i] ^ flip);
            try {
                decode_commands(damaged);
            } catch (const Error&) {
            }
        }
        EXPECT_THROW(decode_commands(bytes.substr(0, i)), Error);
    }
}

TEST(CommandLogCodec, survives_mutated_commands_and_directories) {
    std::string commands;
    encode(commands, one_of_each());
    survives_mutations(commands, 4000, [](const std::string& bytes) {
        Directory directory;
        for (const Command& command : decode_commands(bytes)) directory.apply(command);
    });
    Directory directory;
    const auto all = one_of_each();
    for (auto command = all.begin(); command != all.begin() + 8; ++command) {
        directory.apply(*command);
    }
    std::string snapshot;
    encode(snapshot, directory);
    survives_mutations(snapshot, 4000, [](const std::string& bytes) { decode_directory(bytes); });
}

TEST_F(CommandLogTest, survives_a_mutated_file) {
    {
        Directory directory;
        CommandLog log(folder_, directory);
        for (const Command& command : one_of_each()) log.append({command});
    }
    std::ifstream in(file(), std::ios::binary);
    const std::string good{std::istreambuf_iterator<char>(in), {}};
    survives_mutations(good, 500, [&](const std::string& bytes) {
        fs::remove(file());  // a file cut to nothing and written is flushed to disk
        std::ofstream(file(), std::ios::binary) << bytes;
        Directory directory;
        CommandLog log(folder_, directory);
    });
}

TEST(CommandLogCodec, computes_the_published_check_value_of_crc32c) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
}

}  // namespace
}  // namespace juxta::data
