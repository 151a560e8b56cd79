// A provider with a disk, and what damage and kills do to it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "data_service/store/segment_file.h"
#include "provider_world.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

namespace fs = std::filesystem;

class ProviderDiskTest : public testing::Test {
protected:
    ProviderDiskTest()
        : root_(fs::temp_directory_path() / ("juxta-provider-disk-" + std::to_string(::getpid()))) {
        fs::remove_all(root_);
    }
    ~ProviderDiskTest() override {
        world.nodes.clear();
        fs::remove_all(root_);
    }

    fs::path folder(const std::string& name) const { return root_ / name; }
    ProviderWorld::Node& start(const std::string& name, Incarnation incarnation = 1) {
        fs::create_directories(root_);
        return world.add_with_disk(name, folder(name), incarnation);
    }
    Caller next(std::uint64_t client = 1) { return {ClientId{client}, ++rid_}; }

    Granted lock(Provider& provider) {
        const Caller who = next();
        for (int i = 0; i < 100; ++i) {
            if (auto granted = provider.acquire(who, datum, Acquire{}, 100 * kMillisecond))
                return *granted;
        }
        throw Error(ErrorCode::deadline_exceeded, "no lock");
    }
    // By staging, or (small) carried with the release.
    Version put(Provider& provider, std::uint64_t bytes, int seed) {
        const Granted granted = lock(provider);
        const SegmentId id{datum, 0, granted.token, 0};
        const auto content = bytes_of_pattern(bytes, seed);
        const std::vector<BlockChange> change{{0, {{0, bytes, id, 0}}}};
        if (bytes <= SegmentStore::kSmall) {
            auto shared = std::make_shared<const std::vector<std::byte>>(content);
            return provider.release(next(), datum, granted.token, change, {{id, shared}});
        }
        for (std::uint64_t at = 0; at < bytes; at += kMiB) {
            const auto length = std::min(kMiB, bytes - at);
            provider.upload(id, bytes, at, std::span(content).subspan(at, length));
        }
        provider.stage(next(), id, bytes);
        return provider.release(next(), datum, granted.token, change);
    }
    Extent newest(Provider& provider) {
        return provider.acquire_read(next(9), datum).blocks.at(0).at(0);
    }
    std::vector<std::byte> get(Provider& ledger, SegmentStore& bytes_at) {
        const Extent extent = newest(ledger);
        std::vector<std::byte> content(extent.length);
        bytes_at.read(extent.segment, 0, content);
        return content;
    }
    std::vector<DiskOffer> offers_of(const std::string& name) {
        const Member self = world.nodes.at(name)->self;
        return world.manager.state.with([&](auto& s) { return s.offered[self]; });
    }
    // The manager takes `name` back as its new incarnation: the only member of the next view.
    void reinstate(const std::string& name, Epoch epoch) {
        View view;
        view.epoch = epoch;
        view.members = {world.nodes.at(name)->self};
        view.dead = {ProviderWorld::member("a", 1), ProviderWorld::member("b", 1)};
        world.install(group, view);
    }
    static void flip(const fs::path& file, std::uint64_t at) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const char old = static_cast<char>(stream.get());
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(static_cast<char>(old ^ 1));
    }
    fs::path file_of(const std::string& name, const SegmentId& id) const {
        return folder(name) / "segments" / segment_file_name(id);
    }

    static constexpr DataId datum{{42, 1}};
    static constexpr GroupId group{datum, 0};
    const fs::path root_;
    ProviderWorld world;
    std::uint64_t rid_ = 0;
};

// No file of this process can grow while it lives.
class NoRoomOnDisk {
public:
    NoRoomOnDisk() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &limit_);
        const rlimit none{1, limit_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~NoRoomOnDisk() {
        ::setrlimit(RLIMIT_FSIZE, &limit_);
        ::signal(SIGXFSZ, handler_);
    }

private:
    sighandler_t handler_;
    rlimit limit_{};
};

class ProviderDiskTestOf : public ProviderDiskTest,
                           public testing::WithParamInterface<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(SmallAndLarge, ProviderDiskTestOf, testing::Values(1000, 3 * kMiB + 5));

TEST_P(ProviderDiskTestOf, comes_back_after_a_kill_with_all_that_was_acknowledged) {
    start("a");
    start("b");
    world.allocate(group, {"a", "b"}, GetParam(), true);
    for (int seed = 1; seed <= 3; ++seed) put(world.nodes.at("a")->provider, GetParam(), seed);
    world.kill("a");
    world.kill("b");
    auto& b = start("b", 2);
    ASSERT_EQ(offers_of("b").size(), 1u);
    EXPECT_EQ(offers_of("b")[0].group, group);
    EXPECT_EQ(offers_of("b")[0].written_by, 1u);
    EXPECT_EQ(failure_of([&] { b.provider.acquire_read(next(), datum); }), ErrorCode::not_primary);
    reinstate("b", 2);
    ASSERT_TRUE(eventually([&] {
        try {
            return get(b.provider, b.store) == bytes_of_pattern(GetParam(), 3);
        } catch (const Error&) {
            return false;
        }
    }));
    EXPECT_EQ(put(b.provider, GetParam(), 4), 4u);
    world.kill("b");
    auto& again = start("b", 3);
    EXPECT_EQ(offers_of("b").at(0).written_by, 2u);
    reinstate("b", 3);
    ASSERT_TRUE(eventually([&] {
        try {
            return get(again.provider, again.store) == bytes_of_pattern(GetParam(), 4);
        } catch (const Error&) {
            return false;
        }
    }));
}

TEST_P(ProviderDiskTestOf, leaves_nothing_on_disk_of_freed_data) {
    auto& a = start("a");
    world.allocate(group, {"a"}, GetParam(), true);
    put(a.provider, GetParam(), 1);
    EXPECT_GT(a.disk->used_bytes(), GetParam());
    View freed;
    freed.epoch = 2;
    freed.freed = true;
    world.install(group, freed);
    EXPECT_EQ(a.disk->used_bytes(), 0u);
    EXPECT_EQ(a.store.used_bytes(), 0u);
    EXPECT_TRUE(fs::is_empty(folder("a") / "segments"));
    world.kill("a");
    start("a", 2);
    EXPECT_TRUE(offers_of("a").empty());
}

TEST_F(ProviderDiskTest, offers_a_reservation_that_its_manager_may_have_made_a_view_of) {
    auto& a = start("a");
    Reservation wanted = room_for(group, kMiB, 100 * kSecond);
    wanted.spec.durable = true;
    a.provider.reserve(wanted);
    world.kill("a");
    start("a", 2);
    ASSERT_EQ(offers_of("a").size(), 1u);
    EXPECT_EQ(offers_of("a")[0].written_by, 1u);
}

TEST_F(ProviderDiskTest, does_not_offer_a_copy_with_a_flipped_byte) {
    auto& a = start("a");
    world.allocate(group, {"a"}, 2 * kMiB, true);
    put(a.provider, 2 * kMiB, 1);
    const SegmentId id = newest(a.provider).segment;
    world.kill("a");
    flip(file_of("a", id), 4096 + kMiB + 7);
    auto& back = start("a", 2);
    EXPECT_TRUE(offers_of("a").empty());
    EXPECT_FALSE(back.store.has(id));
    EXPECT_EQ(back.disk->used_bytes(), 0u);
}

// No ledger here names the segments of the other blocks.
TEST_F(ProviderDiskTest, does_not_offer_a_copy_of_a_later_block_with_a_damaged_segment) {
    const GroupId later{datum, 1};
    auto& a = start("a");
    Reservation wanted = room_for(later, 2 * kMiB);
    wanted.spec.durable = true;
    wanted.spec.block_bytes = {0, 2 * kMiB};
    a.provider.reserve(wanted);
    View view;
    view.epoch = 1;
    view.activated = true;
    view.members = {a.self};
    world.install(later, view);
    const SegmentId id{datum, 1, first_token_of(1), 0};
    const auto content = bytes_of_pattern(2 * kMiB, 1);
    a.provider.upload(id, content.size(), 0, std::span(content).first(kMiB));
    a.provider.upload(id, content.size(), kMiB, std::span(content).subspan(kMiB));
    a.provider.stage(next(), id, content.size());
    world.kill("a");
    start("a", 2);
    ASSERT_EQ(offers_of("a").size(), 1u) << "whole it is offered";
    world.kill("a");
    flip(file_of("a", id), 4096 + kMiB + 7);
    auto& back = start("a", 3);
    EXPECT_TRUE(offers_of("a").empty());
    EXPECT_FALSE(back.store.has(id));
}

TEST_F(ProviderDiskTest,
       refuses_to_start_when_its_incarnation_was_lost_and_its_segments_were_kept) {
    start("a", 4);
    world.allocate(group, {"a"}, 1000, true);
    put(world.nodes.at("a")->provider, 1000, 1);
    world.kill("a");
    for (const Incarnation again : {Incarnation{1}, Incarnation{4}}) {
        EXPECT_EQ(failure_of([&] { start("a", again); }, "incarnation 4"),
                  ErrorCode::stale_version);
        world.nodes.erase("a");
    }
    start("a", 5);
    EXPECT_EQ(offers_of("a").size(), 1u) << "nothing on disk was touched";
}

TEST_F(ProviderDiskTest, writes_again_what_was_damaged_on_disk_while_it_ran) {
    auto& a = start("a");
    world.allocate(group, {"a"}, 2 * kMiB, true);
    put(a.provider, 2 * kMiB, 1);
    const SegmentId id = newest(a.provider).segment;
    flip(file_of("a", id), 4096 + kMiB + 7);
    EXPECT_TRUE(eventually([&] { return is_segment_file_intact(folder("a") / "segments", id); }));
    EXPECT_EQ(get(a.provider, a.store), bytes_of_pattern(2 * kMiB, 1));
}

TEST_F(ProviderDiskTest, acknowledges_nothing_that_the_disk_does_not_take) {
    auto& a = start("a");
    world.allocate(group, {"a"}, 1000, true);
    put(a.provider, 1000, 1);
    const Granted granted = lock(a.provider);
    const SegmentId id{datum, 0, granted.token, 0};
    auto content = std::make_shared<const std::vector<std::byte>>(bytes_of_pattern(1000, 2));
    {
        const NoRoomOnDisk full;
        EXPECT_EQ(failure_of([&] {
                      a.provider.release(next(), datum, granted.token, {{0, {{0, 1000, id, 0}}}},
                                         {{id, content}});
                  }),
                  ErrorCode::unavailable);
    }
    EXPECT_TRUE(a.disk_failed);
    EXPECT_EQ(failure_of([&] { a.provider.acquire_read(next(), datum); }), ErrorCode::unavailable);
    world.kill("a");
    auto& back = start("a", 2);
    reinstate("a", 2);
    ASSERT_TRUE(eventually([&] {
        try {
            return get(back.provider, back.store) == bytes_of_pattern(1000, 1);
        } catch (const Error&) {
            return false;
        }
    }));
}

TEST_F(ProviderDiskTest, refuses_durable_data_that_its_disk_has_no_room_for) {
    auto& a = world.add_with_disk("a", folder("a"), 1, kMiB);
    Reservation wanted = room_for(group, 2 * kMiB);
    wanted.spec.durable = true;
    EXPECT_EQ(failure_of([&] { a.provider.reserve(wanted); }, "on the disk"),
              ErrorCode::out_of_space);
    EXPECT_EQ(a.store.used_bytes(), 0u);
    auto& b = world.add("b");
    EXPECT_EQ(failure_of([&] { b.provider.reserve(wanted); }, "--disk"), ErrorCode::unavailable);
}

TEST_F(ProviderDiskTest, refuses_a_second_version_that_does_not_fit_and_keeps_the_first) {
    auto& a = world.add_with_disk("a", folder("a"), 1, 3 * kMiB);
    world.allocate(group, {"a"}, 2 * kMiB, true);
    put(a.provider, 2 * kMiB, 1);
    const SnapshotTaken reader = a.provider.acquire_read(next(7), datum);
    EXPECT_EQ(failure_of([&] { put(a.provider, 2 * kMiB, 2); }), ErrorCode::out_of_space);
    EXPECT_EQ(reader.version, 1u);
    EXPECT_EQ(get(a.provider, a.store), bytes_of_pattern(2 * kMiB, 1));
    EXPECT_FALSE(a.disk_failed);
}

// -- damage on the way and in memory --------------------------------------------------------------

TEST_F(ProviderDiskTest, has_damaged_bytes_sent_again) {
    auto& a = world.add("a");
    auto& c = world.add("c");
    world.allocate(group, {"a"}, 3 * kMiB);
    put(a.provider, 3 * kMiB, 1);
    const SegmentId id = newest(a.provider).segment;
    c.network.flips = 1;
    c.provider.fetch(datum, 1, {{id, 3 * kMiB, {{"a", "a"}}}});
    EXPECT_EQ(get(a.provider, c.store), bytes_of_pattern(3 * kMiB, 1));
    c.network.flips = 1000;
    auto& d = world.add("d");
    d.network.flips = 1000;
    EXPECT_EQ(failure_of([&] {
                  d.provider.fetch(datum, 1, {{id, 3 * kMiB, {{"a", "a"}}}});
              }),
              ErrorCode::unavailable);
    EXPECT_EQ(d.store.used_bytes(), 0u);
}

TEST_F(ProviderDiskTest, replaces_a_copy_that_was_damaged_in_memory) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    auto& c = world.add("c");
    world.allocate(group, {"a", "b"}, 1000);
    const Granted granted = lock(a.provider);
    const SegmentId id{datum, 0, granted.token, 0};
    a.provider.upload(id, 1000, 0, bytes_of_pattern(1000, 1));
    a.provider.stage(next(), id, 1000);  // b pulls it: its sum is known from now on
    a.provider.release(next(), datum, granted.token, {{0, {{0, 1000, id, 0}}}});
    const auto memory = a.store.open(id)->small;
    const_cast<std::byte&>((*memory)[500]) ^= std::byte{1};
    EXPECT_FALSE(a.store.is_intact(id));
    c.provider.fetch(datum, 1, {{id, 1000, {{"a", "a"}, {"b", "b"}}}});
    EXPECT_EQ(get(a.provider, c.store), bytes_of_pattern(1000, 1));
    EXPECT_TRUE(eventually([&] {
        try {
            return get(a.provider, a.store) == bytes_of_pattern(1000, 1);
        } catch (const Error&) {
            return false;
        }
    }));
    EXPECT_TRUE(b.store.is_intact(id));
}

// -- managers
// ---------------------------------------------------------------------------------------

TEST_F(ProviderDiskTest, belongs_to_every_cluster_of_whose_data_it_has_copies) {
    auto& a = world.add("a");
    Reservation wanted = room_for(group, 1000);
    wanted.owner = "c2";
    a.provider.reserve(wanted);
    EXPECT_TRUE(world.manager.state.with([](auto& s) { return s.clusters.contains("c2"); }));
}

TEST_F(ProviderDiskTest, tells_a_new_manager_of_the_data_that_only_it_keeps_in_mind) {
    auto& a = world.add("a");
    Reservation wanted = room_for(group, 1000);
    wanted.spec.persistence = Persistence::volatile_;
    wanted.request = RequestId::make();
    a.provider.reserve(wanted);
    View view;
    view.epoch = 1;
    view.activated = true;
    view.members = {a.self};
    world.install(group, view);
    world.manager.state.with([](auto& s) { s.knows = false; });
    EXPECT_TRUE(eventually([&] {
        return world.manager.state.with([&](auto& s) {
            return s.held.size() == 1 && s.held[0].id == datum &&
                   s.held[0].request == wanted.request && s.held[0].view == view;
        });
    }));
}

TEST_F(ProviderDiskTest, has_many_views_recorded_in_few_calls) {
    auto& a = world.add("a");
    constexpr std::uint64_t count = 500;
    std::vector<GroupView> views;
    for (std::uint64_t i = 0; i < count; ++i) {
        const GroupId one{DataId{{43, i}}, 0};
        world.allocate(one, {"a"}, 10);
        View view;
        view.epoch = 2;
        view.members = {a.self};
        world.manager.state.with([&](auto& s) { s.views[one] = view; });
        views.push_back({one, view});
    }
    a.provider.adopt(views);
    EXPECT_TRUE(eventually([&] {
        return world.manager.state.with([&](auto& s) {
            return std::ranges::all_of(views,
                                       [&](const auto& v) { return s.views[v.group].activated; });
        });
    }));
    EXPECT_GT(world.manager.state.with([](auto& s) { return s.most_recorded; }), 1u);
    EXPECT_LT(world.manager.state.with([](auto& s) { return s.records; }), 400);
}

TEST_F(ProviderDiskTest, asks_each_backup_once_for_a_lock_and_once_for_a_release) {
    auto& a = world.add("a");
    world.add("b");
    world.add("c");
    world.allocate(group, {"a", "b", "c"}, 1000);
    put(a.provider, 1000, 1);
    int fewest = 1000;
    for (int i = 0; i < 20; ++i) {  // now and then a tick's own messages come between
        const int before = a.network.deliveries;
        put(a.provider, 1000, i);
        fewest = std::min(fewest, a.network.deliveries - before);
    }
    EXPECT_EQ(fewest, 4);
    EXPECT_EQ(get(a.provider, world.nodes.at("c")->store), bytes_of_pattern(1000, 19));
}

}  // namespace
}  // namespace juxta::data
