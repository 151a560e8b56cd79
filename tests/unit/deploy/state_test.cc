#include "deploy/state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "common/base/error.h"
#include "tests/unit/deploy/scratch.h"

namespace juxta::deploy {
namespace {

namespace fs = std::filesystem;

ElementRecord some_record() {
    ElementRecord record;
    record.element = {ElementKind::provider, "p1", "", "c1", "h1", "127.0.0.1", 4711,
                      {"/bin/x", "--a"}};
    record.process = {42, "boot/7", "mark"};
    return record;
}

TEST(PlatformState, keeps_records_and_ports) {
    const Scratch scratch;
    PlatformState state(scratch.folder, "p");
    state.prepare();
    state.save_elements({some_record()});
    state.save_ports({{"p1", 4711}});
    const auto records = PlatformState(scratch.folder, "p").elements();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].element, some_record().element);
    EXPECT_EQ(records[0].process, some_record().process);
    EXPECT_EQ(state.ports(), (Ports{{"p1", 4711}}));
}

TEST(PlatformState, is_for_its_user_alone) {
    const Scratch scratch;
    PlatformState state(scratch.folder / "deep/er", "p");
    state.prepare();
    struct stat info {};
    ASSERT_EQ(::stat(state.folder().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST(PlatformState, takes_damaged_files_for_empty_ones) {
    const Scratch scratch;
    PlatformState state(scratch.folder, "p");
    state.prepare();
    for (const char* text :
         {"", "{", "[]", "{\"elements\": \"x\"}", "{\"elements\": [{\"kind\": \"x\"}]}",
          "{\"p1\": 99999999, \"p2\": \"x\", \"p3\": -1}"}) {
        std::ofstream(state.folder() / "elements.json", std::ios::trunc) << text;
        std::ofstream(state.folder() / "ports.json", std::ios::trunc) << text;
        EXPECT_TRUE(state.elements().empty()) << text;
        EXPECT_TRUE(state.ports().empty()) << text;
    }
}

TEST(PlatformState, refuses_names_and_links_that_lead_elsewhere) {
    const Scratch scratch;
    for (const char* name : {"..", "../x", "a/b", "", ".hidden"}) {
        EXPECT_THROW(PlatformState(scratch.folder, name), Error) << name;
    }
    fs::create_directories(scratch.folder / "platforms");
    fs::create_directory_symlink("/tmp", scratch.folder / "platforms/p");
    EXPECT_THROW(PlatformState(scratch.folder, "p"), Error);
}

TEST(PlatformState, lets_one_command_at_a_time_change_a_platform) {
    const Scratch scratch;
    const PlatformState state(scratch.folder, "p");
    auto held = state.lock(0);
    try {
        const auto second = state.lock(0);
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::unavailable);
    }
    EXPECT_NO_THROW(PlatformState(scratch.folder, "q").lock(0));
    held.reset();
    EXPECT_NO_THROW(state.lock(0));
}

TEST(PlatformState, leaves_stores_as_they_are_after_the_end_and_deletes_them_when_purged) {
    const Scratch scratch;
    PlatformState state(scratch.folder, "p");
    state.prepare();
    fs::create_directories(state.store("m1") / "log");
    std::ofstream(state.store("m1") / "log/entries") << "x";
    std::ofstream(state.store("m1") / "incarnation") << "3\n";
    state.save_client_config("127.0.0.1:1");
    state.save_elements({some_record()});
    state.save_ports({{"p1", 4711}});
    state.clear_after_end();
    EXPECT_TRUE(fs::exists(state.store("m1") / "incarnation"));
    EXPECT_TRUE(fs::exists(state.store("m1") / "log/entries"));
    EXPECT_FALSE(fs::exists(state.client_config()));
    EXPECT_TRUE(state.elements().empty());
    EXPECT_EQ(state.ports().size(), 1U) << "ports are kept over restarts";
    state.purge();
    EXPECT_FALSE(state.exists());
}

TEST(PlatformState, purging_does_not_follow_links) {
    const Scratch scratch;
    PlatformState state(scratch.folder, "p");
    state.prepare();
    fs::create_directories(scratch.folder / "precious");
    std::ofstream(scratch.folder / "precious/file") << "x";
    fs::create_directory_symlink(scratch.folder / "precious", state.folder() / "store/p1");
    state.purge();
    EXPECT_TRUE(fs::exists(scratch.folder / "precious/file"));
}

TEST(LastPlatform, is_remembered_until_that_platform_ends) {
    const Scratch scratch;
    EXPECT_FALSE(last_platform(scratch.folder));
    remember_last(scratch.folder, "p");
    forget_last(scratch.folder, "q");
    EXPECT_EQ(last_platform(scratch.folder), "p");
    forget_last(scratch.folder, "p");
    EXPECT_FALSE(last_platform(scratch.folder));
    std::ofstream(scratch.folder / "last") << "../x\n";
    EXPECT_FALSE(last_platform(scratch.folder));
}

TEST(PrivateFolder, must_not_be_open_to_others) {
    const Scratch scratch;
    EXPECT_NO_THROW(make_private_folder(scratch.folder / "mine"));
    fs::permissions(scratch.folder / "mine", fs::perms::all);
    EXPECT_THROW(make_private_folder(scratch.folder / "mine"), Error);
    fs::create_directory_symlink("/tmp", scratch.folder / "link");
    EXPECT_THROW(make_private_folder(scratch.folder / "link"), Error);
}

}  // namespace
}  // namespace juxta::deploy
