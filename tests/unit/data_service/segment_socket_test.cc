#include "data_service/store/segment_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "common/base/error.h"
#include "data_service/store/memory_segment.h"
#include "data_service/store/socket_frames.h"
#include "tests/mutation.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

SegmentId segment(std::uint32_t number) { return {DataId{{7, 1}}, 0, first_token_of(1), number}; }

class SegmentSocket : public testing::Test {
protected:
    SegmentSocket()
        : path_((std::filesystem::temp_directory_path() /
                 ("juxta-socket-" + std::to_string(::getpid())))
                    .string()) {
        start();
    }

    void start() {
        server_.emplace(path_, store_, [this](std::uint64_t bytes) { mapped_ += bytes; });
    }

    UniqueFd raw_connection() {
        UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        const sockaddr_un address = unix_address(path_);
        EXPECT_EQ(
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        return socket;
    }

    SegmentStore store_{16 * kMiB};
    std::atomic<std::uint64_t> mapped_{0};
    std::string path_;
    std::optional<SegmentSocketServer> server_;
};

// In the other process: no gtest, only an exit status.
int write_and_read_in_another_process(const std::string& path) {
    try {
        SegmentSocketClient client(path);
        const auto fd = client.create(segment(1), 2 * kMiB);
        {
            MappedSegment mapping(*fd, 2 * kMiB, MappedSegment::Access::write);
            std::memset(mapping.bytes().data(), 42, mapping.bytes().size());
        }
        client.seal(segment(1));
        const SegmentContent other = client.open(segment(2));
        MappedSegment mapping(*other.fd, other.bytes, MappedSegment::Access::read);
        return mapping.bytes()[kMiB] == std::byte{24} ? 0 : 1;
    } catch (const std::exception&) {
        return 2;
    }
}

TEST(SegmentSocketBetweenProcesses, shares_memory_both_ways_without_a_copy) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("juxta-two-" + std::to_string(::getpid())))
            .string();
    // The child is made before this process has threads; it waits for the socket to stand.
    const pid_t child = ::fork();
    if (child == 0) {
        for (int i = 0; i < 500 && !std::filesystem::exists(path + ".ready"); ++i) ::usleep(10000);
        ::_exit(write_and_read_in_another_process(path));
    }
    SegmentStore store(16 * kMiB);
    store.write(segment(2), 2 * kMiB, 0, std::vector<std::byte>(2 * kMiB, std::byte{24}));
    store.seal(segment(2));
    SegmentSocketServer server(path, store, {});
    std::filesystem::create_directory(path + ".ready");
    int status = -1;
    ::waitpid(child, &status, 0);
    std::filesystem::remove(path + ".ready");
    EXPECT_EQ(status, 0);
    std::vector<std::byte> back(2 * kMiB);
    store.read(segment(1), 0, back);
    EXPECT_EQ(back, std::vector<std::byte>(2 * kMiB, std::byte{42}));
}

TEST_F(SegmentSocket, carries_small_segments_in_the_message) {
    SegmentSocketClient client(path_);
    const std::vector<std::byte> content(SegmentStore::kSmall, std::byte{5});
    EXPECT_EQ(client.create(segment(1), content.size()), nullptr);
    client.write_small(segment(1), content);
    client.seal(segment(1));
    const SegmentContent back = client.open(segment(1));
    ASSERT_EQ(back.fd, nullptr);
    EXPECT_EQ(*back.small, content);
    EXPECT_EQ(mapped_, 0u);
}

TEST_F(SegmentSocket, counts_what_it_hands_out) {
    store_.write(segment(1), kMiB, 0, std::vector<std::byte>(kMiB));
    store_.seal(segment(1));
    SegmentSocketClient client(path_);
    const SegmentContent content = client.open(segment(1));
    EXPECT_EQ(content.bytes, kMiB);
    EXPECT_EQ(mapped_, kMiB);
    EXPECT_TRUE(is_sealed_memory(*content.fd));
}

TEST_F(SegmentSocket, opens_many_large_segments_at_one_request) {
    std::vector<SegmentId> all;
    for (std::uint32_t i = 0; i < 100; ++i) {
        all.push_back(segment(i));
        if (i == 7) continue;  // is not here
        const std::size_t bytes = i == 9 ? 10 : 100'000;
        store_.write(segment(i), bytes, 0, std::vector<std::byte>(bytes, std::byte{1}));
        store_.seal(segment(i));
    }
    SegmentSocketClient client(path_);
    const auto contents = client.open_large(all);
    ASSERT_EQ(contents.size(), all.size());
    for (std::size_t i = 0; i < contents.size(); ++i) {
        EXPECT_EQ(contents[i].fd != nullptr, i != 7 && i != 9) << i;
        EXPECT_EQ(contents[i].bytes, contents[i].fd ? 100'000u : 0u);
    }
    EXPECT_EQ(client.open(segment(9)).bytes, 10u) << "the connection goes on";
    EXPECT_TRUE(client.open_large({}).empty());
}

TEST_F(SegmentSocket, passes_refusals_on_with_their_reason) {
    SegmentSocketClient client(path_);
    EXPECT_EQ(failure_of([&] { client.open(segment(1)); }), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { client.create(segment(1), 3ull << 30); }), ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] { client.seal(segment(1)); }), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] {
                  client.write_small(segment(1), std::vector<std::byte>(SegmentStore::kSmall + 1));
              }),
              ErrorCode::invalid_argument);
    client.discard(segment(1));
}

TEST_F(SegmentSocket, refuses_to_seal_what_the_writer_still_maps) {
    SegmentSocketClient client(path_);
    const auto fd = client.create(segment(1), kMiB);
    {
        MappedSegment mapping(*fd, kMiB, MappedSegment::Access::write);
        EXPECT_EQ(failure_of([&] { client.seal(segment(1)); }), ErrorCode::unavailable);
    }
    client.seal(segment(1));
    EXPECT_TRUE(store_.has(segment(1)));
}

TEST_F(SegmentSocket, asks_before_it_lets_a_segment_be_made) {
    server_.reset();
    server_.emplace(path_, store_, nullptr, [](const SegmentId& id) {
        if (id.number == 13) throw Error(ErrorCode::lease_expired, "the token is dead");
    });
    SegmentSocketClient client(path_);
    EXPECT_EQ(failure_of([&] { client.create(segment(13), kMiB); }), ErrorCode::lease_expired);
    EXPECT_NE(client.create(segment(14), kMiB), nullptr);
}

TEST_F(SegmentSocket, survives_garbage_and_peers_that_go) {
    {
        const UniqueFd silent = raw_connection();
        const UniqueFd short_frame = raw_connection();
        ASSERT_EQ(::send(short_frame.get(), "x", 1, 0), 1);
        const UniqueFd long_frame = raw_connection();
        const std::vector<char> long_garbage(kLargestFrame + 5000, 'x');
        ASSERT_GT(::send(long_frame.get(), long_garbage.data(), long_garbage.size(), 0), 0);
        const UniqueFd wrong_magic = raw_connection();
        const std::vector<char> garbage(sizeof(RequestHead), 'y');
        ASSERT_GT(::send(wrong_magic.get(), garbage.data(), garbage.size(), 0), 0);
        char answer = 0;
        EXPECT_EQ(::recv(wrong_magic.get(), &answer, 1, 0), 0);

        const UniqueFd unknown_command = raw_connection();
        RequestHead head;
        head.command = static_cast<SegmentCommand>(77);
        ASSERT_GT(::send(unknown_command.get(), &head, sizeof head, 0), 0);
        AnswerHead refused;
        ASSERT_GE(::recv(unknown_command.get(), &refused, sizeof refused, 0), 0);
        EXPECT_NE(refused.failure, 0u);

        const UniqueFd unread = raw_connection();  // goes without reading its answer, a descriptor
        head.command = SegmentCommand::create;
        head.name = SegmentName(segment(5));
        head.bytes = kMiB;
        ASSERT_GT(::send(unread.get(), &head, sizeof head, 0), 0);
        // Descriptors that nobody asked for.
        const UniqueFd generous = raw_connection();
        ASSERT_TRUE(send_frame(generous.get(), std::as_bytes(std::span(&head, 1)), {},
                               std::vector<int>{STDIN_FILENO}));
    }
    SegmentSocketClient client(path_);
    client.write_small(segment(1), std::vector<std::byte>(10));
    client.seal(segment(1));
    EXPECT_EQ(client.open(segment(1)).bytes, 10u);
}

TEST_F(SegmentSocket, survives_mutated_requests) {
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        RequestHead head;
        head.command = static_cast<SegmentCommand>(1 + seed % 7);
        head.name = SegmentName(segment(static_cast<std::uint32_t>(seed % 3)));
        head.bytes = 100;
        std::string frame(reinterpret_cast<const char*>(&head), sizeof head);
        if (head.command == SegmentCommand::write_small) frame += std::string(100, 'x');
        frame = mutation(frame, seed);
        // Only the tail of the bad, so that the server sees the end of each connection.
        const UniqueFd bad = raw_connection();
        ASSERT_GE(::send(bad.get(), frame.data(), frame.size(), MSG_NOSIGNAL), 0);
        if (seed % 4 != 0) continue;
        ::shutdown(bad.get(), SHUT_WR);
        std::vector<std::byte> answer(kLargestFrame);
        std::vector<UniqueFd> given;
        receive_frame(bad.get(), answer, &given);
    }
    SegmentSocketClient client(path_);
    const SegmentId fresh{DataId{{9, 9}}, 0, first_token_of(1), 0};
    client.write_small(fresh, std::vector<std::byte>(10));
    client.seal(fresh);
    EXPECT_EQ(client.open(fresh).bytes, 10u);
}

TEST_F(SegmentSocket, is_found_again_after_a_restart_of_the_server) {
    SegmentSocketClient client(path_);
    client.write_small(segment(1), std::vector<std::byte>(10));
    server_.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(failure_of([&] { client.seal(segment(1)); }), ErrorCode::peer_unreachable);
    start();
    client.seal(segment(1));
    EXPECT_TRUE(store_.has(segment(1)));
}

TEST_F(SegmentSocket, is_closed_to_other_users_and_replaces_a_stale_file) {
    struct stat mode {};
    ASSERT_EQ(::stat(path_.c_str(), &mode), 0);
    EXPECT_EQ(mode.st_mode & 0777, 0600u);
    // A second server takes the path over; the end of the first does not remove it.
    SegmentSocketServer second(path_, store_, {});
    server_.reset();
    EXPECT_TRUE(std::filesystem::exists(path_));
    SegmentSocketClient client(path_);
    client.discard(segment(1));
}

TEST(SegmentSocketServer, refuses_a_path_it_cannot_bind) {
    SegmentStore store(1000);
    EXPECT_EQ(failure_of([&] { SegmentSocketServer(std::string(200, 'a'), store, {}); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { SegmentSocketServer("", store, {}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { SegmentSocketServer("/nowhere/at/all", store, {}); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { SegmentSocketServer("/tmp", store, {}); }),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::data
