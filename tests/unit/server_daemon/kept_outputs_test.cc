#include "server_daemon/core/kept_outputs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "common/process/memory_file.h"

namespace juxta::sed {
namespace {

constexpr std::uint64_t kBytes = 1 << 20;

OutputPlace place_of(std::uint64_t bytes, bool keep) {
    return {std::make_shared<const UniqueFd>(memory_file("result", bytes)), 0, bytes, keep};
}

ino_t file_of(const OutputPlace& place) {
    struct stat about {};
    EXPECT_EQ(::fstat(place.fd->get(), &about), 0);
    return about.st_ino;
}

// The kernel refuses to read into memory that cannot be written.
bool is_writable(std::byte* at) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    const bool could = ::read(ends[0], at, 1) == 1;
    ::close(ends[0]);
    ::close(ends[1]);
    return could;
}

TEST(KeptOutputs, stay_mapped_read_only_until_they_are_lent_again) {
    KeptOutputs outputs;
    const OutputPlace place = place_of(kBytes, true);
    const auto first = outputs.map(place);
    ASSERT_EQ(first.size(), kBytes);
    std::memset(first.data(), 1, first.size());
    EXPECT_TRUE(outputs.files().empty()) << "in use";
    outputs.end_call();
    EXPECT_FALSE(is_writable(first.data()));
    EXPECT_EQ(outputs.files(), std::vector<ino_t>{file_of(place)});

    const auto again = outputs.map({place.fd, 0, kBytes - 100, true});
    EXPECT_EQ(again.data(), first.data());
    EXPECT_EQ(again.size(), kBytes - 100);
    EXPECT_TRUE(is_writable(again.data()));
    outputs.end_call();
}

TEST(KeptOutputs, are_only_those_that_may_be_kept) {
    KeptOutputs outputs;
    outputs.map(place_of(kBytes, false))[0] = std::byte{1};
    outputs.end_call();
    EXPECT_TRUE(outputs.files().empty());
}

TEST(KeptOutputs, go_the_oldest_first_above_the_limits) {
    KeptOutputs outputs({.mappings = 2, .bytes = 3 * kBytes});
    const OutputPlace places[] = {place_of(kBytes, true), place_of(kBytes, true),
                                  place_of(kBytes, true), place_of(3 * kBytes, true)};
    for (int i = 0; i < 3; ++i) {
        outputs.map(places[i]);
        outputs.end_call();
    }
    EXPECT_EQ(outputs.files(), (std::vector<ino_t>{file_of(places[1]), file_of(places[2])}));
    outputs.map(places[1]);
    outputs.end_call();
    EXPECT_EQ(outputs.files(), (std::vector<ino_t>{file_of(places[2]), file_of(places[1])}));
    outputs.map(places[3]);
    outputs.end_call();
    EXPECT_EQ(outputs.files(), (std::vector<ino_t>{file_of(places[3])}));
}

}  // namespace
}  // namespace juxta::sed
