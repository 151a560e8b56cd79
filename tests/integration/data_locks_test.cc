// Locks, and what every consistency protocol promises, on real processes.
#include <thread>

#include "common/orb/error_bridge.h"
#include "data_service/core/consistency.h"
#include "element.hh"
#include "tests/integration/data_service_world.h"

namespace juxta::data {
namespace {

class DataLocksTest : public DataServiceTest {};

LockStatus::Mode mode_of(DataSession& at, const DataId& id) { return at.look(id).mode; }

TEST_F(DataLocksTest, readers_share_a_lock_and_a_writer_waits_for_the_last) {
    DataSession& one = session("h1", "c1");
    DataSession& two = session("h3", "c2");
    const DataId id = put(one, spec(10), pattern(10, 1));
    auto first = one.acquire_read(id, {true, in_5s(), {}});
    auto second = one.acquire_read(id, {true, in_5s(), {}});  // the same session
    auto third = two.acquire_read(id, {true, in_5s(), {}});
    EXPECT_NE(first->token(), 0u);
    EXPECT_NE(first->token(), third->token());
    const LockStatus status = two.look(id);
    EXPECT_EQ(status.mode, LockStatus::Mode::shared);
    EXPECT_EQ(status.holders.size(), 3u);
    EXPECT_EQ(status.newest, 1u);
    EXPECT_EQ(failure_of([&] { one.acquire(id, DataAccess::Clock::now() + milliseconds(200)); }),
              ErrorCode::deadline_exceeded);
    std::vector<std::byte> content(10);
    third->read(0, content);
    EXPECT_EQ(content, pattern(10, 1));
    first.reset();
    second.reset();
    std::thread writer([&] { EXPECT_EQ(rewrite(one, id, pattern(10, 2)), 2u); });
    EXPECT_TRUE(eventually([&] { return two.look(id).waiting == 1; }));
    third.reset();
    writer.join();
    EXPECT_EQ(mode_of(one, id), LockStatus::Mode::none);
}

TEST_F(DataLocksTest, a_wait_can_be_given_up_and_leaves_no_trace) {
    DataSession& one = session("h1", "c1");
    const DataId id = put(one, spec(10), pattern(10, 1));
    auto held = one.acquire(id, in_5s());
    std::atomic<bool> enough{false};
    LockOptions options;
    options.given_up = [&] { return enough.load(); };
    std::thread waiter([&] {
        EXPECT_EQ(failure_of([&] { one.acquire(id, in_5s(), options); }), ErrorCode::cancelled);
    });
    EXPECT_TRUE(eventually([&] { return one.look(id).waiting == 1; }));
    enough = true;
    waiter.join();
    EXPECT_EQ(one.look(id).waiting, 0u);
}

TEST_F(DataLocksTest, another_process_commits_under_a_token_and_the_lock_stays) {
    DataSession& holder = session("h1", "c1");
    DataSession& child = session("h1", "c1");
    const DataId id = put(holder, spec(100), pattern(100, 1));
    auto lock = holder.acquire(id, in_5s());
    for (Version version = 2; version <= 4; ++version) {
        auto resumed = child.resume(id, lock->token());
        EXPECT_EQ(resumed->base(), version - 1);
        resumed->write(10, pattern(20, static_cast<unsigned>(version)));
        EXPECT_EQ(resumed->release(), version);
        EXPECT_EQ(mode_of(child, id), LockStatus::Mode::exclusive);
        EXPECT_EQ(child.acquire_read(id)->version(), version);
    }
    const Token token = lock->token();
    lock.reset();
    EXPECT_EQ(mode_of(child, id), LockStatus::Mode::none);
    EXPECT_EQ(failure_of([&] { child.resume(id, token); }), ErrorCode::lease_expired);
    EXPECT_EQ(child.acquire_read(id)->version(), 4u);
    auto reader = holder.acquire_read(id, {true, in_5s(), {}});
    EXPECT_EQ(failure_of([&] { child.resume(id, reader->token()); }, "shared"),
              ErrorCode::invalid_argument);
}

TEST_F(DataLocksTest, a_lease_of_its_own_outlives_a_silent_holder_that_long) {
    DataSession& watcher = session("h3", "c2");
    const DataId id = put(watcher, spec(10), pattern(10, 1));
    LockOptions options;
    options.lease = milliseconds(100);
    EXPECT_EQ(failure_of([&] { watcher.acquire(id, in_5s(), options); }, "0.5 s"),
              ErrorCode::invalid_argument);
    options.lease = seconds(60);
    auto lock = watcher.acquire(id, in_5s(), options);
    const LockStatus status = watcher.look(id);
    ASSERT_EQ(status.holders.size(), 1u);
    EXPECT_GT(status.holders[0].left, seconds(30));
    EXPECT_EQ(status.holders[0].token, lock->token());
}

TEST_F(DataLocksTest, locking_writing_and_releasing_a_little_costs_two_calls) {
    DataSession& at = session("laptop", "c1");
    const DataId id = put(at, spec(1024), pattern(1024, 1));
    const auto calls = [&] {
        const orb::Deadline deadline(2000);
        std::uint64_t sum = 0;
        for (const auto& block : at.describe(id).blocks) {
            const auto element =
                node().resolve<Wire::Element>(block.copies.front().address, "Element");
            sum += Wire::ElementStatus_var(element->status())->counts.calls_in;
        }
        return sum;
    };
    rewrite(at, id, pattern(1024, 2));
    const std::uint64_t before = calls();
    constexpr unsigned rounds = 50;
    for (unsigned i = 0; i < rounds; ++i) rewrite(at, id, pattern(1024, i));
    const std::uint64_t cost = calls() - before - 1;  // the second status is counted itself
    EXPECT_LE(cost, 2 * rounds + 3);                  // and a renewal or a view now and then
}

// -- consistency
// -----------------------------------------------------------------------------------

class ProtocolOnProcesses : public DataServiceTest,
                            public testing::WithParamInterface<std::string_view> {
protected:
    const ConsistencyProtocol& protocol() const { return *find_consistency(GetParam()); }
    DataId allocate(DataSession& at, std::uint64_t bytes, std::uint16_t copies = 1) {
        DataSpec wanted = spec(bytes, copies);
        wanted.protocol = std::string(GetParam());
        return at.allocate(wanted, RequestId::make()).id;
    }
};

INSTANTIATE_TEST_SUITE_P(Consistency, ProtocolOnProcesses, testing::ValuesIn(consistency_names()),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(ProtocolOnProcesses, keeps_its_promises) {
    DataSession& writer = session("h1", "c1");
    DataSession& reader = session("h3", "c2");
    const DataId id = allocate(writer, 5000);
    EXPECT_EQ(reader.acquire_read(id)->version(), 0u);
    EXPECT_EQ(rewrite(writer, id, pattern(5000, 1)), 1u);
    EXPECT_EQ(writer.acquire_read(id)->version(), 1u) << "a session sees its own releases";
    EXPECT_EQ(get(writer, id), pattern(5000, 1));
    EXPECT_EQ(reader.acquire_read(id, {true, in_5s(), {}})->version(), 1u)
        << "what is read under a lock is up to date";
    EXPECT_EQ(reader.acquire_read(id)->version(), 1u) << "and nothing older afterwards";
    EXPECT_EQ(get(reader, id), pattern(5000, 1));

    if (protocol().write_once()) {
        EXPECT_EQ(failure_of([&] { rewrite(writer, id, pattern(5000, 2)); }, "immutable"),
                  ErrorCode::invalid_argument);
        EXPECT_EQ(failure_of([&] { rewrite(reader, id, pattern(5000, 2)); }, to_string(id)),
                  ErrorCode::invalid_argument);
        EXPECT_EQ(mode_of(writer, id), LockStatus::Mode::none) << "no lock is left behind";
        EXPECT_EQ(get(reader, id), pattern(5000, 1));
        return;
    }
    // Versions never go back, and are as fresh as the protocol says.
    Version seen = 1;
    for (Version version = 2; version < 30; ++version) {
        ASSERT_EQ(rewrite(writer, id, pattern(5000, static_cast<unsigned>(version))), version);
        const Version now = reader.acquire_read(id)->version();
        ASSERT_GE(now, seen);
        if (GetParam() == "sequential") {
            ASSERT_EQ(now, version);
        }
        seen = now;
        ASSERT_EQ(writer.acquire_read(id)->version(), version);
        if (version % 10 == 0) {
            ASSERT_EQ(reader.acquire_read(id, {true, in_5s(), {}})->version(), version);
            ASSERT_EQ(reader.acquire_read(id)->version(), version);
            seen = version;
        }
    }
    // A second after the last release even relaxed readers have it; entry's at their next lock.
    std::this_thread::sleep_for(std::chrono::microseconds(kRelaxedAge));
    if (GetParam() == "entry") reader.acquire_read(id, {true, in_5s(), {}});
    EXPECT_EQ(reader.acquire_read(id)->version(), 29u);
    EXPECT_EQ(get(reader, id), pattern(5000, 29));
}

TEST_P(ProtocolOnProcesses, reads_again_without_asking_anybody_where_it_says_so) {
    DataSession& at = session("h1", "c1", {seconds(2), seconds(10)});
    const DataId id = allocate(at, 100000);
    rewrite(at, id, pattern(100000, 1));
    EXPECT_EQ(get(at, id), pattern(100000, 1));
    // Everybody who could be asked is silent.
    for (const char* name : {"p1", "p2", "p3", "m-c1", "m-c2"}) {
        elements_.at(name).process.signal(SIGSTOP);
    }
    const auto began = DataAccess::Clock::now();
    if (protocol().keeps_versions()) {
        EXPECT_EQ(at.acquire_read(id)->version(), 1u);
        EXPECT_LT(DataAccess::Clock::now() - began, milliseconds(200));
    } else {
        EXPECT_EQ(failure_of([&] { at.acquire_read(id); }), ErrorCode::unavailable);
        EXPECT_LT(DataAccess::Clock::now() - began, seconds(4)) << "by its deadline";
    }
    for (const char* name : {"p1", "p2", "p3", "m-c1", "m-c2"}) {
        elements_.at(name).process.signal(SIGCONT);
    }
}

TEST_F(DataLocksTest, an_unknown_protocol_is_refused_with_those_there_are) {
    DataSession& at = session("h1", "c1");
    DataSpec wanted = spec(10);
    wanted.protocol = "eventual";
    EXPECT_EQ(failure_of([&] { at.allocate(wanted, RequestId::make()); }, "immutable"),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::data
