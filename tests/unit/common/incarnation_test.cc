// Incarnations: each start is greater than all before.
#include "common/base/incarnation.h"

#include <gtest/gtest.h>

#include <fstream>

namespace juxta {
namespace {

class IncarnationFile : public ::testing::Test {
protected:
    void TearDown() override { std::filesystem::remove_all(folder_); }
    const std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                          ("juxta-incarnation-" + std::to_string(::getpid()));
};

TEST_F(IncarnationFile, grows_with_every_start) {
    EXPECT_EQ(next_incarnation(folder_ / "store" / "incarnation"), 1u);
    EXPECT_EQ(next_incarnation(folder_ / "store" / "incarnation"), 2u);
    EXPECT_EQ(next_incarnation(folder_ / "store" / "incarnation"), 3u);
}

TEST_F(IncarnationFile, that_cannot_be_written_is_an_error) {
    EXPECT_THROW(next_incarnation("/proc/no/such/place"), std::filesystem::filesystem_error);
}

TEST(Incarnation, without_a_file_grows_with_the_clock) {
    const auto first = next_incarnation({});
    EXPECT_GT(first, 1'600'000'000'000'000u);
    EXPECT_GE(next_incarnation({}), first);
}

}  // namespace
}  // namespace juxta
