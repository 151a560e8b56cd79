// A manager and providers as processes, spoken to over CORBA and the Unix socket.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "common/base/error.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/peer_links.h"
#include "data_service/corba/stale_connection.h"
#include "data_service/store/memory_segment.h"
#include "data_service/store/segment_file.h"
#include "data_service/store/segment_socket.h"
#include "element.hh"
#include "tests/integration/processes.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

orb::Node& node() {
    static orb::NodeSettings settings;
    settings.serves = false;
    static orb::Node node(settings);
    return node;
}

std::vector<std::byte> pattern(std::size_t size, int seed) {
    std::vector<std::byte> content(size);
    for (std::size_t i = 0; i < size; ++i)
        content[i] = static_cast<std::byte>((i * 13 + seed) >> 2);
    return content;
}

class ProviderProcesses : public testing::Test {
protected:
    ProviderProcesses()
        : folder_(std::filesystem::temp_directory_path() /
                  ("juxta-pp-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
        ports_["m"] = free_port();
        start_manager();
        manager_ = node().resolve<Wire::Manager>("127.0.0.1:" + port("m"), "Manager");
        for (const char* name : {"a", "b"}) {
            ports_[name] = free_port();
            start(name);
        }
        eventually([&] { return providers().size() == 2; });
    }
    ~ProviderProcesses() override {
        processes_.clear();
        std::filesystem::remove_all(folder_);
    }

    void start_manager() {
        processes_["m"] =
            Process({JUXTA_MANAGER, "--cluster", "c1", "--name", "m", "--host", "h", "--port",
                     port("m"), "--state-dir", folder_ / "m", "--detection-ms", "500", "--replica",
                     "m=127.0.0.1:" + port("m")},
                    folder_ / "m.log");
    }

    void start(const std::string& name) {
        processes_[name] =
            Process({JUXTA_PROVIDER, "--cluster", "c1", "--name", name, "--host", "h" + name,
                     "--port", port(name), "--state-dir", folder_ / name, "--manager",
                     "c1=127.0.0.1:" + port("m"), "--memory", std::to_string(64 * kMiB), "--disk",
                     std::to_string(64 * kMiB), "--socket", socket_of(name)},
                    folder_ / (name + ".log"));
    }

    std::string port(const std::string& name) { return std::to_string(ports_.at(name)); }
    std::string socket_of(const std::string& name) { return folder_ / (name + ".socket"); }
    std::string address_of(const std::string& name) { return "127.0.0.1:" + port(name); }
    Wire::Provider_var provider(const std::string& name) {
        return references_.at(address_of(name));
    }

    std::vector<ProviderContact> providers() {
        try {
            orb::Deadline deadline(1000);
            const Wire::ProviderContacts_var all = orb::ask([&] { return manager_->providers(); });
            return orb::collect(all.in(),
                                [](const Wire::ProviderContact& one) { return from_wire(one); });
        } catch (const Error&) {
            return {};
        }
    }

    DataId allocate(std::uint16_t copies, std::uint64_t bytes, bool durable = false) {
        DataSpec spec;
        spec.durable = durable;
        spec.type = {ElementType::char8, {bytes}};
        spec.copies = copies;
        spec.preferred_host = "ha";
        orb::Deadline deadline(10000);
        const Wire::DatumInfo_var info = orb::ask([&] {
            return manager_->allocate(orb::to_wire(RequestId::make()),
                                      orb::to_wire(DataId::make("c1")), orb::to_wire(spec));
        });
        return orb::from_wire(info->id);
    }

    View view_of(const DataId& datum) {
        orb::Deadline deadline(1000);
        const Wire::DatumInfo_var info =
            ask_repeatable([&] { return manager_->find(orb::to_wire(datum)); });
        return from_wire(info->blocks_in_order[0].installed);
    }

    Wire::Caller next() { return {77, ++rid_}; }

    Token lock(const std::string& at, const DataId& datum) {
        const Wire::Caller who = next();
        Token token = 0;
        eventually([&] {
            orb::Deadline deadline(5000);
            const Wire::Grant_var grant = orb::ask(
                [&] { return provider(at)->acquire(who, orb::to_wire(datum), false, 0, 0, 1000); });
            token = grant->granted ? grant->token : 0;
            return token != 0;
        });
        return token;
    }

    Version commit(const std::string& at, const DataId& datum, Token token, std::uint64_t bytes) {
        const SegmentId segment{datum, 0, token, 0};
        orb::Deadline deadline(20000);
        return orb::ask([&] {
            provider(at)->stage(next(), to_wire(segment), bytes);
            return provider(at)->release(
                next(), orb::to_wire(datum), token,
                to_wire(std::vector<BlockChange>{{0, {{0, bytes, segment, 0}}}}),
                Wire::SmallSegments(), false);
        });
    }

    Version put(const std::string& at, const DataId& datum, const std::vector<std::byte>& content) {
        const Token token = lock(at, datum);
        const SegmentId segment{datum, 0, token, 0};
        for (std::uint64_t offset = 0; offset < content.size(); offset += kMiB) {
            const auto length =
                static_cast<CORBA::ULong>(std::min<std::uint64_t>(kMiB, content.size() - offset));
            auto* first =
                reinterpret_cast<CORBA::Octet*>(const_cast<std::byte*>(content.data() + offset));
            const Wire::Bytes piece(length, length, first, 0);
            orb::Deadline deadline(5000);
            orb::ask(
                [&] { provider(at)->upload(to_wire(segment), content.size(), offset, piece); });
        }
        return commit(at, datum, token, content.size());
    }

    // The newest version's one segment.
    std::optional<SegmentId> newest(const std::string& at, const DataId& datum) {
        try {
            orb::Deadline deadline(3000);
            const Wire::Snapshot_var snapshot =
                orb::ask([&] { return provider(at)->acquire_read(next(), orb::to_wire(datum)); });
            return from_wire(snapshot->blocks).at(0).at(0).segment;
        } catch (const Error&) {
            return std::nullopt;
        }
    }

    std::vector<std::byte> get(const std::string& from, const SegmentId& segment,
                               std::size_t bytes) {
        std::vector<std::byte> content(bytes);
        CorbaPieceReader reader(references_);
        for (std::size_t at = 0; at < bytes; at += kMiB) {
            reader.read(address_of(from), segment, at,
                        std::span(content).subspan(at, std::min<std::size_t>(kMiB, bytes - at)));
        }
        return content;
    }

    ElementStatus status(const std::string& name) {
        orb::Deadline deadline(2000);
        Wire::Element_var element = node().resolve<Wire::Element>(address_of(name), "Element");
        const Wire::ElementStatus_var wire = orb::ask([&] { return element->status(); });
        return orb::from_wire(wire.in());
    }

    std::filesystem::path folder_;
    std::map<std::string, std::uint16_t> ports_;
    std::map<std::string, Process> processes_;
    Wire::Manager_var manager_;
    ProviderReferences references_{node(), "Provider"};
    std::uint64_t rid_ = 0;
};

TEST_F(ProviderProcesses, keep_two_copies_through_a_kill_and_a_return) {
    const auto content = pattern(5 * kMiB + 3, 1);
    const DataId datum = allocate(2, content.size());
    EXPECT_EQ(put("a", datum, content), 1u);
    const auto segment = newest("a", datum);
    ASSERT_TRUE(segment);
    EXPECT_EQ(get("b", *segment, content.size()), content);
    EXPECT_EQ(status("b").counters.data_bytes_in, content.size());
    EXPECT_EQ(status("b").counters.data_bytes_out, content.size());

    processes_["a"].kill();
    ASSERT_TRUE(eventually([&] { return newest("b", datum) == segment; }));
    start("a");
    ASSERT_TRUE(eventually([&] {
        const View view = view_of(datum);
        return view.members.size() == 2 && view.activated;
    }));
    EXPECT_EQ(get("a", *segment, content.size()), content);

    processes_["b"].kill();
    ASSERT_TRUE(eventually([&] { return newest("a", datum) == segment; }));
    EXPECT_EQ(put("a", datum, pattern(5 * kMiB, 2)), 2u);
}

// Everything dies; one copy is damaged meanwhile. What was acknowledged is there again, twice.
TEST_F(ProviderProcesses, keep_durable_data_through_the_death_of_everything) {
    const auto content = pattern(3 * kMiB + 3, 1);
    const DataId datum = allocate(2, content.size(), true);
    EXPECT_EQ(put("a", datum, pattern(content.size(), 9)), 1u);
    EXPECT_EQ(put("a", datum, content), 2u);
    const auto segment = newest("a", datum);
    ASSERT_TRUE(segment);
    for (const char* name : {"m", "a", "b"}) processes_[name].kill();

    const auto file = folder_ / "a" / "segments" / "segments" / segment_file_name(*segment);
    ASSERT_TRUE(std::filesystem::exists(file));
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096 + 2 * kMiB);
    stream.put(static_cast<char>(~static_cast<char>(content[2 * kMiB])));
    stream.close();

    start("a");
    start_manager();
    start("b");
    ASSERT_TRUE(eventually([&] { return newest("b", datum) == segment; }));
    EXPECT_EQ(get("b", *segment, content.size()), content);
    ASSERT_TRUE(eventually([&] {
        const View view = view_of(datum);
        return view.members.size() == 2 && view.activated;
    }));
    EXPECT_EQ(get("a", *segment, content.size()), content);
    ASSERT_TRUE(eventually([&] { return is_segment_file_intact(file.parent_path(), *segment); }));
}

TEST_F(ProviderProcesses, share_memory_with_processes_of_their_host) {
    const DataId datum = allocate(1, 2 * kMiB);
    const Token token = lock("a", datum);
    const SegmentId segment{datum, 0, token, 0};
    SegmentSocketClient socket(socket_of("a"));
    {
        const auto fd = socket.create(segment, 2 * kMiB);
        MappedSegment mapping(*fd, 2 * kMiB, MappedSegment::Access::write);
        std::memset(mapping.bytes().data(), 7, mapping.bytes().size());
    }
    socket.seal(segment);
    EXPECT_EQ(commit("a", datum, token, 2 * kMiB), 1u);
    const SegmentContent content = socket.open(segment);
    EXPECT_TRUE(is_sealed_memory(*content.fd));
    EXPECT_EQ(status("a").counters.data_bytes_in, 0u);
    EXPECT_GE(status("a").counters.data_bytes_mapped, 2 * kMiB);
    EXPECT_THROW(SegmentSocketClient(socket_of("b")).create(segment, 2 * kMiB), Error);
}

TEST_F(ProviderProcesses, cache_a_version_for_their_host) {
    const auto content = pattern(3 * kMiB, 4);
    const DataId datum = allocate(1, content.size());
    put("a", datum, content);
    const SegmentId segment = *newest("a", datum);
    Wire::SegmentRequests wanted;
    wanted.length(1);
    wanted[0].segment = to_wire(segment);
    wanted[0].size_bytes = content.size();
    wanted[0].holders.length(1);
    wanted[0].holders[0].address = address_of("a").c_str();
    wanted[0].holders[0].provider_name = "a";
    orb::Deadline deadline(10000);
    const Wire::Movements_var moved =
        orb::ask([&] { return provider("b")->fetch(orb::to_wire(datum), 1, wanted); });
    EXPECT_EQ(orb::from_wire(moved.in()), (std::vector<Movement>{{"", "a", "b", content.size()}}));
    EXPECT_EQ(SegmentSocketClient(socket_of("b")).open(segment).bytes, content.size());
    EXPECT_TRUE(eventually([&] {
        Wire::DataIds ids = orb::to_wire(std::vector<DataId>{datum});
        const Wire::DatumLocations_var located = orb::ask([&] { return manager_->locate(ids); });
        return located->length() == 1 && located.in()[0].copies.length() == 2;
    }));
    orb::ask([&] { manager_->free_datum(orb::to_wire(datum)); });
    EXPECT_TRUE(eventually([&] { return status("a").used == 0 && status("b").used == 0; }));
}

TEST_F(ProviderProcesses, end_cleanly_and_leave_no_socket) {
    EXPECT_EQ(status("a").state, ElementState::up);
    processes_["a"].signal(SIGTERM);
    EXPECT_EQ(processes_["a"].wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(socket_of("a")));
    Process taken({JUXTA_PROVIDER, "--cluster", "c1", "--name", "x", "--host", "h", "--port",
                   port("b"), "--state-dir", folder_ / "x", "--manager",
                   "c1=127.0.0.1:" + port("m"), "--memory", "1000", "--socket", socket_of("x")},
                  folder_ / "x.log");
    EXPECT_EQ(taken.wait(), 1);
    Process wrong({JUXTA_PROVIDER, "--memory", "nothing"}, folder_ / "y.log");
    EXPECT_EQ(wrong.wait(), 2);
    Wire::Element_var element = node().resolve<Wire::Element>(address_of("b"), "Element");
    orb::ask([&] { element->drain(); });
    EXPECT_EQ(processes_["b"].wait(), 0);
}

}  // namespace
}  // namespace juxta::data
