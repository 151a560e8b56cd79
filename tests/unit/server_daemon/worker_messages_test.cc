// What a SeD and a worker say to each other, and what neither would say.
#include "server_daemon/core/worker_messages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/mutation.h"
#include "tests/unit/server_daemon/values.h"

namespace juxta::sed {
namespace {

std::string packed(const Packer& packer) {
    const auto bytes = packer.packed();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of_message(const std::string& text) {
    return std::as_bytes(std::span(text));
}

UniqueFd some_descriptor() { return UniqueFd(::memfd_create("test", MFD_CLOEXEC)); }

WorkerOrder two_arguments() {
    WorkerOrder order;
    order.service = "testing/scale";
    order.arguments.resize(2);
    order.arguments[0].type = {ElementType::float64, {2, 3}};
    order.arguments[0].is_datum = true;
    data::LocalPiece mapped{0,    32, std::make_shared<const UniqueFd>(some_descriptor()),
                            4096, {}, "s"};
    data::LocalPiece small{32, 16, nullptr, 0, std::vector<std::byte>(16), {}};
    order.arguments[0].pieces = {mapped, small};
    order.arguments[0].place = OutputPlace{mapped.fd, 8192, 48};
    order.arguments[1].type = {ElementType::float64, {}};
    order.arguments[1].value = scalar(2.5);
    return order;
}

// As either side reads what it gets, whatever kind it claims to be.
void read(const std::string& message) {
    const auto bytes = bytes_of_message(message);
    Unpacker unpacker(bytes);
    std::vector<UniqueFd> descriptors;
    descriptors.push_back(some_descriptor());
    switch (const MessageKind kind = unpack_kind(unpacker)) {
        case MessageKind::run: unpack_run(unpacker, descriptors); break;
        case MessageKind::place: unpack_place(unpacker); break;
        case MessageKind::allocate: unpack_allocate(unpacker); break;
        case MessageKind::done:
        case MessageKind::failed: unpack_outcome(kind, unpacker); break;
        case MessageKind::measure: unpack_measure(unpacker); break;
        case MessageKind::measured: unpack_measured(unpacker); break;
    }
}

TEST(WorkerMessages, carry_an_order_with_each_descriptor_once) {
    const WorkerOrder sent = two_arguments();
    Packer packer;
    std::vector<int> descriptors;
    pack_run(packer, sent, descriptors);
    ASSERT_EQ(descriptors.size(), 1u);
    std::vector<UniqueFd> received;
    received.push_back(some_descriptor());
    const int fd = received[0].get();
    Unpacker unpacker(packer.packed());
    ASSERT_EQ(unpack_kind(unpacker), MessageKind::run);
    const WorkerOrder got = unpack_run(unpacker, received);
    EXPECT_TRUE(unpacker.at_end());
    EXPECT_EQ(got.service, sent.service);
    ASSERT_EQ(got.arguments.size(), 2u);
    ASSERT_EQ(got.arguments[0].pieces.size(), 2u);
    EXPECT_EQ(got.arguments[0].pieces[0].fd->get(), fd);
    EXPECT_EQ(got.arguments[0].place->fd->get(), fd);
    EXPECT_EQ(got.arguments[0].pieces[1].bytes.size(), 16u);
    EXPECT_EQ(as<double>(*got.arguments[1].value), 2.5);
}

TEST(WorkerMessages, survive_mutation) {
    WorkerOutcome done;
    done.values = {std::nullopt, scalar(1.5), text("a result")};
    WorkerOutcome failed;
    failed.failure.emplace(ErrorCode::service_failed, "why");
    std::vector<int> descriptors;
    Packer packer;
    pack_run(packer, two_arguments(), descriptors);
    survives_mutations(packed(packer), 2000, read);
    for (const WorkerOutcome& outcome : {done, failed}) {
        packer.clear();
        pack_outcome(packer, outcome);
        survives_mutations(packed(packer), 2000, read);
    }
    packer.clear();
    pack(packer, AllocateMessage{1, {ElementType::float64, {2, 3}}, {77}});
    survives_mutations(packed(packer), 1000, read);
    packer.clear();
    pack(packer, PlaceMessage{true, false, 4096, 48, true, ErrorCode::internal, "why"});
    survives_mutations(packed(packer), 1000, read);
}

TEST(WorkerChannel, survives_mutated_packets) {
    const std::uint64_t size = 100'000;
    for (std::uint32_t kind = 0; kind < 4; ++kind) {
        std::string good(reinterpret_cast<const char*>(&kind), sizeof kind);
        good.append(reinterpret_cast<const char*>(&size), sizeof size);
        for (std::uint64_t seed = 0; seed < 500; ++seed) {
            int ends[2] = {-1, -1};
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
            UniqueFd mad(ends[0]);
            Channel channel{UniqueFd(ends[1])};
            const std::string packet = mutation(good, seed);
            ASSERT_GE(::send(mad.get(), packet.data(), packet.size(), MSG_NOSIGNAL), 0);
            mad.reset();
            try {
                while (const auto message = channel.receive()) {
                    EXPECT_LE(message->bytes.size(), packet.size());
                }
            } catch (const Error& e) {
                EXPECT_EQ(e.code(), ErrorCode::internal);
            }
        }
    }
}

}  // namespace
}  // namespace juxta::sed
