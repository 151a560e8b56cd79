#include "data_service/core/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "provider_world.h"
#include "tests/refusal.h"

namespace juxta::data {
namespace {

class ProviderTest : public testing::Test {
protected:
    Caller next(std::uint64_t client = 1) { return {ClientId{client}, ++rid_}; }

    Granted lock(Provider& provider, std::uint64_t client = 1) {
        const Caller who = next(client);
        for (int i = 0; i < 100; ++i) {
            if (auto granted = provider.acquire(who, datum, Acquire{}, 100 * kMillisecond))
                return *granted;
        }
        throw Error(ErrorCode::deadline_exceeded, "no lock");
    }

    static SegmentId segment(Token token, std::uint32_t number = 0) {
        return {datum, 0, token, number};
    }
    static std::vector<BlockChange> whole(const SegmentId& id, std::uint64_t bytes) {
        return {{0, {{0, bytes, id, 0}}}};
    }

    // One version, as a client on another host writes it.
    Version put(Provider& provider, std::uint64_t bytes, int seed) {
        const Granted granted = lock(provider);
        const auto content = bytes_of_pattern(bytes, seed);
        const SegmentId id = segment(granted.token);
        for (std::uint64_t at = 0; at < bytes; at += kMiB) {
            const auto length = std::min(kMiB, bytes - at);
            provider.upload(id, bytes, at, std::span(content).subspan(at, length));
        }
        provider.stage(next(), id, bytes);
        return provider.release(next(), datum, granted.token, whole(id, bytes));
    }

    std::vector<std::byte> get(Provider& ledger, SegmentStore& bytes_at) {
        const SnapshotTaken snapshot = ledger.acquire_read(next(9), datum);
        std::vector<std::byte> content;
        for (const Extent& extent : snapshot.blocks.at(0)) {
            content.resize(extent.offset + extent.length);
            bytes_at.read(extent.segment, extent.segment_offset,
                          std::span(content).subspan(extent.offset, extent.length));
        }
        return content;
    }

    View view_of(Epoch epoch, const std::vector<std::string>& names,
                 const std::string& joiner = {}) {
        View view;
        view.epoch = epoch;
        for (const std::string& name : names) view.members.push_back(ProviderWorld::member(name));
        if (!joiner.empty()) view.joiner = ProviderWorld::member(joiner);
        return view;
    }

    static constexpr DataId datum{{42, 1}};
    static constexpr GroupId group{datum, 0};
    ProviderWorld world;
    std::uint64_t rid_ = 0;
};

TEST_F(ProviderTest, commits_what_was_staged_and_gives_it_to_readers) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 3 * kMiB);
    EXPECT_EQ(a.store.used_bytes(), 3 * kMiB);
    EXPECT_EQ(put(a.provider, 3 * kMiB, 1), 1u);
    EXPECT_EQ(get(a.provider, a.store), bytes_of_pattern(3 * kMiB, 1));
    EXPECT_EQ(a.store.used_bytes(), 3 * kMiB);
    EXPECT_EQ(a.provider.status().counters.data_bytes_in, 3 * kMiB);
    EXPECT_TRUE(eventually(
        [&] { return world.manager.state.with([](auto& s) { return s.newest[datum]; }) == 1; }));
}

TEST_F(ProviderTest, answers_a_repeat_without_doing_it_twice) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    const Granted granted = lock(a.provider);
    a.provider.upload(segment(granted.token), 1000, 0, bytes_of_pattern(1000, 1));
    const Caller staging = next();
    a.provider.stage(staging, segment(granted.token), 1000);
    a.provider.stage(staging, segment(granted.token), 1000);
    const Caller releasing = next();
    const auto changes = whole(segment(granted.token), 1000);
    EXPECT_EQ(a.provider.release(releasing, datum, granted.token, changes), 1u);
    EXPECT_EQ(a.provider.release(releasing, datum, granted.token, changes), 1u);
    EXPECT_EQ(a.provider.acquire_read(next(), datum).version, 1u);
}

TEST_F(ProviderTest, drops_the_segments_of_a_version_that_nobody_reads) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 2 * kMiB);
    put(a.provider, 2 * kMiB, 1);
    put(a.provider, 2 * kMiB, 2);
    EXPECT_TRUE(eventually([&] { return a.store.segments_of(group).size() == 1; }));
    EXPECT_EQ(get(a.provider, a.store), bytes_of_pattern(2 * kMiB, 2));
}

TEST_F(ProviderTest, lets_a_writer_wait_for_the_one_before) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    const Granted first = lock(a.provider, 1);
    const Caller second = next(2);
    EXPECT_EQ(a.provider.acquire(second, datum, Acquire{}, 10 * kMillisecond), std::nullopt);
    a.provider.abandon(next(1), datum, first.token);
    const auto granted = a.provider.acquire(second, datum, Acquire{}, 100 * kMillisecond);
    ASSERT_TRUE(granted);
    EXPECT_GT(granted->token, first.token);
    const Caller third = next(3);
    EXPECT_EQ(a.provider.acquire(third, datum, Acquire{}, 0), std::nullopt);
    a.provider.cancel_acquire(third, datum);
    a.provider.abandon(next(2), datum, granted->token);
    EXPECT_TRUE(lock(a.provider, 4).token);
}

TEST_F(ProviderTest, refuses_a_holder_whose_lease_has_ended) {
    world.manager.durations.lock = 300 * kMillisecond;
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    const Granted first = lock(a.provider, 1);
    const Granted second = lock(a.provider, 2);
    EXPECT_GT(second.token, first.token);
    EXPECT_EQ(failure_of([&] { a.provider.renew(next(1), datum, first.token); }),
              ErrorCode::lease_expired);
    EXPECT_EQ(failure_of([&] { a.provider.release(next(1), datum, first.token, {}); }),
              ErrorCode::lease_expired);
    a.provider.renew(next(2), datum, second.token);
}

TEST_F(ProviderTest, refuses_a_release_of_what_is_not_staged) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    const Granted granted = lock(a.provider);
    EXPECT_EQ(failure_of([&] {
                  a.provider.release(next(), datum, granted.token,
                                     whole(segment(granted.token), 1000));
              }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { a.provider.stage(next(), segment(granted.token), 1000); }),
              ErrorCode::not_found);
    a.provider.upload(segment(granted.token), 1000, 0, bytes_of_pattern(1000, 3));
    EXPECT_EQ(failure_of([&] { a.provider.stage(next(), segment(granted.token), 999); }),
              ErrorCode::invalid_argument);
    a.provider.stage(next(), segment(granted.token), 1000);
    EXPECT_EQ(a.provider.release(next(), datum, granted.token, whole(segment(granted.token), 1000)),
              1u);
}

TEST_F(ProviderTest, says_that_it_does_not_answer_for_data_it_does_not_have) {
    auto& a = world.add("a");
    EXPECT_EQ(failure_of([&] { a.provider.acquire_read(next(), datum); }), ErrorCode::not_primary);
    EXPECT_EQ(failure_of([&] { a.provider.upload(segment(1), 10, 0, {}); }),
              ErrorCode::not_primary);
    EXPECT_EQ(failure_of([&] { a.provider.stage(next(), segment(1), 10); }),
              ErrorCode::not_primary);
    EXPECT_EQ(failure_of([&] {
                  std::byte one;
                  a.provider.read(segment(1), 0, {&one, 1});
              }),
              ErrorCode::not_found);
}

TEST_F(ProviderTest, names_the_primary_when_it_is_only_a_backup) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a", "b"}, 1000);
    put(a.provider, 1000, 1);
    b.contacts.find(ProviderWorld::member("a"), "c1");
    try {
        b.provider.acquire_read(next(), datum);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::not_primary);
        EXPECT_EQ(error.redirect(), "a");
    }
}

TEST_F(ProviderTest, acknowledges_only_what_every_member_has) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a", "b"}, 5 * kMiB);
    put(a.provider, 5 * kMiB, 1);
    const SegmentId stored = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    EXPECT_TRUE(b.store.has(stored));
    EXPECT_EQ(get(a.provider, b.store), bytes_of_pattern(5 * kMiB, 1));
    EXPECT_EQ(b.provider.counters().bytes_in, 5 * kMiB);
    EXPECT_EQ(a.provider.counters().bytes_out, 5 * kMiB);
    EXPECT_EQ(b.store.cached_bytes(), 0u);
}

// Refused, its bytes are discarded; the same question, asked again, brings them once more.
TEST_F(ProviderTest, keeps_the_bytes_of_a_release_that_came_before_its_primary_was_active) {
    auto& a = world.add("a");
    world.add("b");
    world.allocate(group, {"a", "b"}, 100);
    const Granted granted = lock(a.provider);
    world.kill("b");
    world.manager.state.with([](auto& s) { s.away = true; });
    View alone = view_of(2, {"a"});
    alone.dead = {ProviderWorld::member("b")};
    world.install(group, alone);
    const auto content = bytes_of_pattern(100, 3);
    const SmallContent carried{segment(granted.token),
                               std::make_shared<const std::vector<std::byte>>(content)};
    const Caller who = next();
    std::future<Version> released = std::async(std::launch::async, [&] {
        for (;;) {
            try {
                return a.provider.release(who, datum, granted.token, whole(carried.segment, 100),
                                          {carried});
            } catch (const Error& e) {
                const bool may_pass =
                    e.code() == ErrorCode::not_primary || e.code() == ErrorCode::unavailable;
                if (!may_pass) throw;
            }
        }
    });
    EXPECT_EQ(released.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    world.manager.state.with([](auto& s) { s.away = false; });
    ASSERT_EQ(released.get(), 1u);
    EXPECT_EQ(get(a.provider, a.store), content);
}

TEST_F(ProviderTest, goes_on_with_those_who_are_left) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a", "b"}, 1000);
    put(a.provider, 1000, 1);
    a.dead = true;
    View alone = view_of(2, {"b"});
    alone.dead = {ProviderWorld::member("a")};
    world.install(group, alone);
    EXPECT_EQ(get(b.provider, b.store), bytes_of_pattern(1000, 1));
    EXPECT_EQ(put(b.provider, 1000, 2), 2u);
    EXPECT_TRUE(world.manager.state.with([](auto& s) { return s.views[group].activated; }));
}

TEST_F(ProviderTest, answers_nothing_while_a_member_is_silent) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a", "b"}, 1000);
    put(a.provider, 1000, 1);
    b.dead = true;
    const Caller who = next();
    EXPECT_EQ(failure_of([&] {
                  for (int i = 0; i < 20; ++i) {
                      a.provider.acquire_read(next(), datum);
                      std::this_thread::sleep_for(std::chrono::milliseconds(10));
                  }
              }),
              ErrorCode::unavailable);
    // The question that waits when the view changes is asked again by the provider itself.
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        View alone = view_of(2, {"a"});
        alone.dead = {ProviderWorld::member("b")};
        world.install(group, alone);
    });
    EXPECT_EQ(a.provider.acquire_read(who, datum).version, 1u);
    later.join();
}

TEST_F(ProviderTest, fills_a_joiner_while_writes_go_on) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a"}, 2 * kMiB);
    put(a.provider, 2 * kMiB, 1);
    world.install(group, view_of(2, {"a"}, "b"));
    put(a.provider, 2 * kMiB, 2);
    ASSERT_TRUE(eventually(
        [&] { return world.manager.state.with([](auto& s) { return !s.full.empty(); }); }));
    world.install(group, view_of(3, {"a", "b"}));
    EXPECT_EQ(put(a.provider, 2 * kMiB, 3), 3u);
    a.dead = true;
    View alone = view_of(4, {"b"});
    alone.dead = {ProviderWorld::member("a")};
    world.install(group, alone);
    EXPECT_EQ(get(b.provider, b.store), bytes_of_pattern(2 * kMiB, 3));
}

TEST_F(ProviderTest, forgets_freed_and_lost_data_and_says_which) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 2 * kMiB);
    put(a.provider, 2 * kMiB, 1);
    View freed = view_of(2, {});
    freed.freed = true;
    world.install(group, freed);
    EXPECT_EQ(a.store.used_bytes(), 0u);
    EXPECT_EQ(failure_of([&] { a.provider.acquire_read(next(), datum); }), ErrorCode::not_found);
    const GroupId other{DataId{{42, 2}}, 0};
    world.allocate(other, {"a"}, 1000);
    View lost = view_of(2, {});
    lost.lost = true;
    world.install(other, lost);
    EXPECT_EQ(failure_of([&] { a.provider.acquire_read(next(), other.datum); }),
              ErrorCode::data_lost);
}

TEST_F(ProviderTest, keeps_fetched_versions_as_a_cache) {
    auto& a = world.add("a");
    auto& c = world.add("c", 8 * kMiB);
    world.allocate(group, {"a"}, 5 * kMiB);
    put(a.provider, 5 * kMiB, 1);
    const SegmentId id = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    const std::vector<SegmentWanted> wanted{{id, 5 * kMiB, {{"nobody", "x"}, {"a", "a"}}}};
    EXPECT_EQ(c.provider.fetch(datum, 1, wanted),
              (std::vector<Movement>{{"", "a", "c", 5 * kMiB}}));
    EXPECT_EQ(c.provider.fetch(datum, 1, wanted), std::vector<Movement>());
    EXPECT_EQ(get(a.provider, c.store), bytes_of_pattern(5 * kMiB, 1));
    const auto told = [&](bool held) {
        return eventually([&] {
            return world.manager.state.with([&](auto& s) {
                const auto found = s.cached.find({"c", datum});
                return found != s.cached.end() && found->second == held;
            });
        });
    };
    EXPECT_TRUE(told(true));
    c.provider.reserve(room_for({DataId{{9, 9}}, 0}, 6 * kMiB));
    EXPECT_FALSE(c.store.has(id));
    EXPECT_TRUE(told(false));
}

// A version that needs only the beginning of a segment leaves that in the cache; who needs more, a
// reader of an older version or a group that it joins, gets all of it.
TEST_F(ProviderTest, fetches_the_rest_of_a_segment_of_which_it_cached_the_beginning) {
    auto& a = world.add("a");
    auto& c = world.add("c", 16 * kMiB);
    world.allocate(group, {"a"}, 5 * kMiB);
    put(a.provider, 5 * kMiB, 1);
    const SegmentId id = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    const auto fetch = [&](std::uint64_t bytes) {
        return c.provider.fetch(datum, 1, {{id, bytes, {{"a", "a"}}}});
    };
    EXPECT_EQ(fetch(2 * kMiB), (std::vector<Movement>{{"", "a", "c", 2 * kMiB}}));
    std::vector<std::byte> beyond(kMiB);
    EXPECT_EQ(failure_of([&] { c.store.read(id, 4 * kMiB, beyond); }), ErrorCode::not_found);
    EXPECT_EQ(fetch(5 * kMiB), (std::vector<Movement>{{"", "a", "c", 5 * kMiB}}));
    EXPECT_EQ(fetch(2 * kMiB), std::vector<Movement>());
    EXPECT_EQ(get(a.provider, c.store), bytes_of_pattern(5 * kMiB, 1));
}

TEST_F(ProviderTest, pulls_a_segment_once_for_all_who_want_it) {
    auto& a = world.add("a");
    auto& c = world.add("c");
    world.allocate(group, {"a"}, 8 * kMiB);
    put(a.provider, 8 * kMiB, 1);
    const SegmentId id = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    std::atomic<std::uint64_t> moved{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i) {
        readers.emplace_back([&] {
            for (const Movement& one : c.provider.fetch(datum, 1, {{id, 8 * kMiB, {{"a", "a"}}}})) {
                moved += one.bytes;
            }
            EXPECT_TRUE(c.store.has(id));
        });
    }
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(moved, 8 * kMiB);
    EXPECT_EQ(c.provider.counters().bytes_in, 8 * kMiB);
}

TEST_F(ProviderTest, resumes_a_transfer_from_another_source) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    auto& c = world.add("c");
    world.allocate(group, {"a", "b"}, 8 * kMiB);
    put(a.provider, 8 * kMiB, 1);
    const SegmentId id = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    a.reads = 0;
    a.fails_after = 3;
    std::uint64_t from_a = 0;
    std::uint64_t from_b = 0;
    for (const Movement& one :
         c.provider.fetch(datum, 1, {{id, 8 * kMiB, {{"a", "a"}, {"b", "b"}}}})) {
        (one.from == "a" ? from_a : from_b) = one.bytes;
    }
    EXPECT_GE(from_a, 3 * kMiB);
    EXPECT_EQ(from_a + from_b, 8 * kMiB);
    EXPECT_GT(b.reads, 0);
    EXPECT_EQ(get(a.provider, c.store), bytes_of_pattern(8 * kMiB, 1));
}

TEST_F(ProviderTest, leaves_nothing_of_a_transfer_that_failed) {
    auto& a = world.add("a");
    auto& c = world.add("c", 4 * kMiB);
    world.allocate(group, {"a"}, 8 * kMiB);
    put(a.provider, 8 * kMiB, 1);
    const SegmentId id = a.provider.acquire_read(next(), datum).blocks.at(0).at(0).segment;
    EXPECT_EQ(failure_of([&] {
                  c.provider.fetch(datum, 1, {{id, 8 * kMiB, {{"a", "a"}}}});
              }),
              ErrorCode::out_of_space);
    const SegmentId unknown = segment(77, 7);
    EXPECT_EQ(failure_of([&] {
                  c.provider.fetch(datum, 1, {{unknown, 3 * kMiB, {{"a", "a"}}}});
              }),
              ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] {
                  c.provider.fetch(datum, 1, {{unknown, 3 * kMiB, {}}});
              }),
              ErrorCode::unavailable);
    EXPECT_EQ(c.store.used_bytes(), 0u);
}

TEST_F(ProviderTest, gives_up_a_reservation_that_gets_no_view) {
    auto& a = world.add("a");
    a.provider.reserve(room_for(group, kMiB, 50 * kMillisecond));
    a.provider.reserve(room_for(group, kMiB, 50 * kMillisecond));
    EXPECT_EQ(a.store.used_bytes(), kMiB);
    EXPECT_TRUE(eventually([&] { return a.store.used_bytes() == 0; }));
    EXPECT_EQ(failure_of([&] { a.provider.reserve(room_for(group, 1ull << 40)); }),
              ErrorCode::out_of_space);
    EXPECT_EQ(failure_of([&] {
                  a.provider.reserve(room_for({datum, 5}, 10));
              }),
              ErrorCode::invalid_argument);
}

TEST_F(ProviderTest, drops_what_a_dead_writer_left) {
    world.manager.durations.lock = 300 * kMillisecond;
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    const Granted granted = lock(a.provider);
    a.provider.upload(segment(granted.token), 100000, 0, bytes_of_pattern(1000, 1));
    a.store.create({DataId{{5, 5}}, 0, 1, 1}, kMiB);  // of a group that is not here
    EXPECT_TRUE(eventually([&] { return a.store.used_bytes() == 1000; }));
}

TEST_F(ProviderTest, registers_again_with_a_manager_that_was_restarted) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    put(a.provider, 1000, 1);
    world.manager.state.with([](auto& s) { s.away = true; });
    EXPECT_EQ(put(a.provider, 1000, 2), 2u);
    world.manager.state.with([](auto& s) {
        s.away = false;
        s.knows = false;
        s.epochs.clear();
        s.newest.clear();
    });
    EXPECT_TRUE(eventually([&] {
        return world.manager.state.with([](auto& s) {
            return s.registrations == 2 && s.epochs[group] == 1 && s.newest[datum] == 2;
        });
    }));
}

// Else a manager that leads anew waits for that, and never tells it that a datum is forgotten.
TEST_F(ProviderTest, tells_its_manager_that_it_holds_nothing_that_only_it_knows) {
    world.add("a");
    EXPECT_TRUE(eventually(
        [&] { return world.manager.state.with([](auto& s) { return s.tellings == 1; }); }));
}

TEST_F(ProviderTest, ends_when_it_was_drained_and_nothing_needs_it) {
    auto& a = world.add("a");
    a.provider.drain();
    EXPECT_TRUE(eventually([&] { return a.provider.status().state == ElementState::draining; }));
    EXPECT_EQ(failure_of([&] { a.provider.reserve(room_for(group, 1000)); }),
              ErrorCode::unavailable);
    EXPECT_FALSE(world.ended);
    world.manager.state.with([](auto& s) { s.may_end = true; });
    EXPECT_TRUE(eventually([&] { return world.ended.load(); }));
}

TEST_F(ProviderTest, ignores_messages_for_an_incarnation_before_it) {
    auto& a = world.add("a");
    world.allocate(group, {"a"}, 1000);
    PeerMessage message;
    message.group = group;
    message.epoch = 9;
    message.from = ProviderWorld::member("b");
    message.to = {provider_id("a"), 0};
    message.body = Fill{view_of(9, {"b"}, "a"), std::make_shared<const Ledger>(Ledger::fresh(1))};
    a.provider.deliver({message});
    EXPECT_EQ(put(a.provider, 1000, 1), 1u);
}

TEST_F(ProviderTest, releases_those_who_wait_when_it_stops) {
    auto& a = world.add("a");
    auto& b = world.add("b");
    world.allocate(group, {"a", "b"}, 1000);
    const Granted granted = lock(a.provider);
    b.dead = true;
    a.provider.upload(segment(granted.token), 1000, 0, bytes_of_pattern(1000, 1));
    std::thread writer([&] {
        EXPECT_EQ(failure_of([&] { a.provider.stage(next(), segment(granted.token), 1000); }),
                  ErrorCode::cancelled);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    a.provider.stop();
    writer.join();
}

std::size_t entries_of(const char* folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_F(ProviderTest, holds_no_more_after_many_deaths_of_a_peer) {
    world.manager.durations.pin = 40 * kMillisecond;
    auto& a = world.add("a");
    world.add("b");
    world.allocate(group, {"a", "b"}, 100000);
    put(a.provider, 100000, 1);
    Epoch epoch = 1;
    std::size_t threads = 0;
    std::size_t descriptors = 0;
    std::uint64_t used = 0;
    for (Incarnation k = 1; k <= 15; ++k) {
        world.kill("b");
        View alone = view_of(++epoch, {"a"});
        alone.dead = {ProviderWorld::member("b", k)};
        world.install(group, alone);
        put(a.provider, 100000, 2);
        auto& b = world.add("b", 64 * kMiB, k + 1);
        View joining = view_of(++epoch, {"a"});
        joining.joiner = b.self;
        world.install(group, joining);
        ASSERT_TRUE(eventually([&] {
            return world.manager.state.with(
                [&](auto& s) { return !s.full.empty() && s.full.back().joiner == b.self; });
        }));
        View both = view_of(++epoch, {"a"});
        both.members.push_back(b.self);
        world.install(group, both);
        put(a.provider, 100000, 3);
        ASSERT_TRUE(eventually([&] { return a.store.segments_of(group).size() == 1; }));
        if (k == 5) {
            threads = entries_of("/proc/self/task");
            descriptors = entries_of("/proc/self/fd");
            used = a.store.used_bytes();
        }
    }
    EXPECT_LE(entries_of("/proc/self/task"), threads + 4);
    EXPECT_LE(entries_of("/proc/self/fd"), descriptors + 2);
    EXPECT_EQ(a.store.used_bytes(), used);
    EXPECT_LE(a.contacts.size(), 2u);
}

TEST(ContactBook, forgets_providers_that_no_manager_tells_of_any_more) {
    FakeManager manager;
    ContactBook book(manager);
    const auto tell = [&](std::vector<std::pair<std::string, Incarnation>> providers) {
        manager.state.with([&](auto& s) {
            s.contacts.clear();
            for (const auto& [name, incarnation] : providers) {
                s.contacts.push_back({name, {provider_id(name), incarnation}, name, {}, {}, false});
            }
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(210));  // it asks now and then only
    };
    tell({{"a", 1}, {"b", 2}});
    EXPECT_TRUE(book.find({provider_id("a"), 1}, "c1"));
    EXPECT_EQ(book.size(), 2u);
    tell({{"b", 3}, {"c", 1}});
    EXPECT_EQ(book.find({provider_id("b"), 3}, "c1")->self.incarnation, 3u);
    EXPECT_EQ(book.size(), 2u);
    EXPECT_FALSE(book.known(provider_id("a")));
    EXPECT_FALSE(book.find({provider_id("b"), 4}, "c1")) << "asked again too soon";
    tell({{"b", 2}, {"c", 1}});  // a late answer
    EXPECT_FALSE(book.find({provider_id("b"), 4}, "c1"));
    EXPECT_EQ(book.known(provider_id("b"))->self.incarnation, 3u);
}

}  // namespace
}  // namespace juxta::data
