// The data service as a client sees it: real managers and providers of two clusters, killed and
// started again while sessions use them.
#include <set>

#include "tests/integration/data_service_world.h"

namespace juxta::data {
namespace {

TEST_F(DataServiceTest, gives_back_what_was_put_of_any_size_from_any_host) {
    DataSession& writer = session("h1", "c1");
    DataSession& beside = session("h2", "c1");
    DataSession& far = session("h3", "c2");
    DataSession& nowhere = session("laptop", "c2");
    for (const std::size_t bytes : {0, 1, 4096, 65536, 65537, 3 << 20, (5 << 20) + 3}) {
        const auto content = pattern(bytes, 1);
        const DataId id = put(writer, spec(bytes, 1, "h1"), content);
        for (DataSession* reader : {&writer, &beside, &far, &nowhere}) {
            EXPECT_TRUE(get(*reader, id) == content) << bytes << " at " << reader->place().host;
            auto hold = reader->acquire_read(id);
            const auto mapped = hold->map();
            ASSERT_EQ(mapped.size(), bytes);
            EXPECT_TRUE(std::equal(mapped.begin(), mapped.end(), content.begin()));
        }
    }
}

TEST_F(DataServiceTest, uploads_from_a_host_without_a_provider_and_counts_the_bytes) {
    DataSession& laptop = session("laptop", "c1");
    const auto content = pattern(5 << 20, 2);
    const DataId id = laptop.allocate(spec(content.size()), RequestId::make()).id;
    auto hold = laptop.acquire(id, in_5s());
    hold->write(0, content);
    EXPECT_EQ(hold->release(), 1u);
    ASSERT_EQ(hold->moved().size(), 1u);
    EXPECT_EQ(hold->moved()[0].from, "client");
    EXPECT_EQ(hold->moved()[0].bytes, content.size());
    EXPECT_TRUE(get(laptop, id) == content);
}

TEST_F(DataServiceTest,
       moves_nothing_on_the_host_that_has_it_and_nothing_the_second_time_elsewhere) {
    DataSession& writer = session("h1", "c1");
    const auto content = pattern(4 << 20, 3);
    const DataId id = writer.allocate(spec(content.size(), 1, "h1"), RequestId::make()).id;
    auto lock = writer.acquire(id, in_5s());
    const auto memory = lock->map_whole();
    std::memcpy(memory.data(), content.data(), content.size());
    lock->release();
    EXPECT_EQ(total(lock->moved()), 0u);

    auto local = writer.acquire_read(id);
    EXPECT_EQ(std::memcmp(local->map().data(), content.data(), content.size()), 0);
    EXPECT_EQ(total(local->moved()), 0u);

    DataSession& far = session("h3", "c2");
    auto first = far.acquire_read(id);
    EXPECT_EQ(std::memcmp(first->map().data(), content.data(), content.size()), 0);
    EXPECT_EQ(total(first->moved()), content.size());
    DataSession& other = session("h3", "c2");
    auto second = other.acquire_read(id);
    EXPECT_EQ(std::memcmp(second->map().data(), content.data(), content.size()), 0);
    EXPECT_EQ(total(second->moved()), 0u);

    // The owner's manager knows the copy in the other cluster.
    EXPECT_TRUE(eventually([&] {
        const auto located = writer.locate({id});
        return located.size() == 1 && located[0].copies.size() == 2 && located[0].copies[1].cached;
    }));
}

TEST_F(DataServiceTest, lets_another_process_fill_and_map_memory_by_descriptor) {
    const auto content = pattern(1 << 20, 4);
    for (const std::string host : {"h1", "h2"}) {  // the primary is at h1
        DataSession& writer = session(host, "c1");
        const DataId id = writer.allocate(spec(content.size(), 1, "h1"), RequestId::make()).id;
        auto lock = writer.acquire(id, in_5s());
        {
            const LocalPiece whole = lock->create_whole();
            ASSERT_TRUE(whole.fd);
            void* memory = ::mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_SHARED,
                                  whole.fd->get(), 0);
            ASSERT_NE(memory, MAP_FAILED);
            std::memcpy(memory, content.data(), content.size());
            ::munmap(memory, content.size());
        }
        EXPECT_EQ(lock->release(), 1u);
        EXPECT_EQ(total(lock->moved()), host == "h1" ? 0u : content.size());
        auto hold = writer.acquire_read(id);
        const auto pieces = hold->pieces();
        ASSERT_EQ(pieces.size(), 1u);
        ASSERT_TRUE(pieces[0].fd);
        EXPECT_FALSE(pieces[0].segment.empty());
        EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, pieces[0].fd->get(), 0),
                  MAP_FAILED)
            << "what is committed can be written";
        EXPECT_TRUE(get(writer, id) == content);
    }
}

TEST_F(DataServiceTest, makes_patches_visible_together_and_keeps_a_pinned_version) {
    DataSession& writer = session("h1", "c1");
    DataSession& reader = session("h2", "c1");
    auto content = pattern(3 << 20, 5);
    const DataId id = put(writer, spec(content.size(), 2), content);
    auto pinned = reader.acquire_read(id);
    const auto before = content;
    auto lock = writer.acquire(id, in_5s());
    for (std::size_t i = 0; i < 100; ++i) {  // enough to be merged into one segment
        const auto patch = pattern(100, static_cast<unsigned>(i));
        lock->write(i * 20000, patch);
        std::copy(patch.begin(), patch.end(), content.begin() + static_cast<long>(i * 20000));
    }
    const auto large = pattern(1 << 20, 77);
    lock->write(2 << 20, large);
    std::copy(large.begin(), large.end(), content.begin() + (2 << 20));
    std::vector<std::byte> seen(content.size());
    lock->read(0, seen);
    EXPECT_TRUE(seen == content) << "the writer sees its own writes";
    EXPECT_TRUE(get(reader, id) == before) << "nobody else does";
    EXPECT_EQ(lock->release(), 2u);
    EXPECT_TRUE(get(reader, id) == content);
    std::vector<std::byte> old(before.size());
    pinned->read(0, old);
    EXPECT_TRUE(old == before);
    EXPECT_EQ(pinned->version(), 1u);
}

TEST_F(DataServiceTest, reads_as_zeroes_what_was_never_written) {
    DataSession& at = session("h1", "c1");
    const DataId id = at.allocate(spec(300000), RequestId::make()).id;
    EXPECT_TRUE(get(at, id) == std::vector<std::byte>(300000));
    auto lock = at.acquire(id, in_5s());
    lock->write(200000, pattern(10, 1));
    lock->release();
    auto hold = at.acquire_read(id);
    const auto mapped = hold->map();
    EXPECT_EQ(mapped[199999], std::byte{0});
    EXPECT_EQ(std::memcmp(mapped.data() + 200000, pattern(10, 1).data(), 10), 0);
    std::uint64_t covered = 0;
    for (const LocalPiece& piece : hold->pieces()) {
        EXPECT_EQ(piece.offset, covered);
        covered += piece.length;
    }
    EXPECT_EQ(covered, 300000u);
}

TEST_F(DataServiceTest, lets_one_writer_in_at_a_time) {
    DataSession& one = session("h1", "c1");
    DataSession& two = session("h3", "c2");
    const DataId id = put(one, spec(10), pattern(10, 1));
    auto held = one.acquire(id, in_5s());
    for (DataSession* other : {&one, &two}) {
        EXPECT_EQ(
            failure_of([&] { other->acquire(id, DataAccess::Clock::now() + milliseconds(100)); },
                       to_string(id)),
            ErrorCode::deadline_exceeded);
    }
    held.reset();  // gives the lock back, changes nothing
    EXPECT_EQ(rewrite(two, id, pattern(10, 2)), 2u);
    // A counter survives contention: every increment is there.
    const DataId counter = put(one, spec(8), std::vector<std::byte>(8));
    std::vector<std::thread> threads;
    for (DataSession* at : {&one, &two, &one}) {
        threads.emplace_back([at, counter] {
            for (int i = 0; i < 20; ++i) {
                auto lock = at->acquire(counter, DataAccess::Clock::now() + seconds(20));
                std::uint64_t value = 0;
                lock->read(0, std::as_writable_bytes(std::span(&value, 1)));
                ++value;
                lock->write(0, std::as_bytes(std::span(&value, 1)));
                lock->release();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::uint64_t value = 0;
    const auto content = get(two, counter);
    std::memcpy(&value, content.data(), sizeof value);
    EXPECT_EQ(value, 60u);
}

TEST_F(DataServiceTest, renews_locks_and_pins_in_the_background) {
    DataSession& one = session("h1", "c1");
    const DataId id = put(one, spec(10), pattern(10, 1));
    auto pin = one.acquire_read(id);
    auto lock = one.acquire(id, in_5s());
    std::this_thread::sleep_for(seconds(6));  // beyond both leases
    lock->write(0, pattern(10, 2));
    EXPECT_EQ(lock->release(), 2u);
    std::vector<std::byte> old(10);
    pin->read(0, old);
    EXPECT_EQ(old, pattern(10, 1));
}

TEST_F(DataServiceTest, finds_data_of_other_clusters_by_id_and_name_and_moves_names) {
    DataSession& one = session("h1", "c1");
    DataSession& two = session("h3", "c2");
    DataSpec named = spec(4);
    named.name = "A";
    const DataId first = put(one, named, pattern(4, 1));
    EXPECT_EQ(two.find("A").id, first);
    EXPECT_EQ(two.find(to_string(first)).owner, "c1");
    const DataId second = put(two, named, pattern(4, 2));
    EXPECT_EQ(one.find("A").id, second);
    EXPECT_EQ(one.describe(first).spec.name, "");
    SpecChange change;
    change.name = "A";
    two.change(first, change);
    EXPECT_EQ(one.find("A").id, first);
    EXPECT_EQ(one.list().size(), 2u);
    two.free(first);
    EXPECT_EQ(failure_of([&] { one.acquire_read(first); }, to_string(first)), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { one.find("A"); }, "'A'"), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { one.describe(DataId::make("other")); }, "c1, c2"),
              ErrorCode::not_found);
}

TEST_F(DataServiceTest, goes_on_when_one_of_two_copies_is_killed) {
    DataSession& at = session("laptop", "c1");
    auto content = pattern(2 << 20, 6);
    const DataId id = put(at, spec(content.size(), 2), content);
    auto pinned = at.acquire_read(id);
    const std::string primary = at.describe(id).blocks.at(0).primary;
    const auto lock_before = at.acquire(id, in_5s());
    kill(primary);
    const auto killed_at = DataAccess::Clock::now();
    std::vector<std::byte> seen(content.size());
    pinned->read(0, seen);
    EXPECT_TRUE(seen == content);
    content = pattern(2 << 20, 7);
    lock_before->write(0, content);
    EXPECT_EQ(lock_before->release(), 2u) << "the lock survives the change of coordinator";
    EXPECT_TRUE(get(at, id) == content);
    EXPECT_LT(DataAccess::Clock::now() - killed_at, seconds(4));
    start(primary);  // a new incarnation: the second copy comes back
    EXPECT_TRUE(eventually([&] {
        const auto blocks = at.describe(id).blocks;
        return blocks[0].copies.size() == 2 && blocks[0].copies[1].state == "full";
    }));
}

TEST_F(DataServiceTest, says_that_a_datum_is_lost_and_what_would_have_saved_it) {
    DataSession& at = session("laptop", "c1");
    DataSpec named = spec(100);
    named.name = "only";
    const DataId id = put(at, named, pattern(100, 1));
    const std::string holder = at.describe(id).blocks.at(0).primary;
    kill(holder);
    const auto before = DataAccess::Clock::now();
    EXPECT_EQ(failure_of([&] { at.acquire_read(id); }, "--copies 2"), ErrorCode::data_lost);
    EXPECT_EQ(failure_of([&] { at.acquire(id, in_5s()); }, "'only'"), ErrorCode::data_lost);
    EXPECT_LT(DataAccess::Clock::now() - before, seconds(3));
    EXPECT_TRUE(at.find("only").lost);
    start(holder);
    wait_for_provider({elements_.at(holder).words[4], "c1"});
    EXPECT_EQ(failure_of([&] { at.acquire_read(id); }, to_string(id)), ErrorCode::data_lost);
    at.free(id);
    put(at, spec(10, 2), pattern(10, 1));
}

TEST_F(DataServiceTest, is_unavailable_and_not_lost_while_the_only_copy_is_silent) {
    DataSession& at = session("laptop", "c1", {milliseconds(2500), seconds(10)});
    const DataId id = put(at, spec(100), pattern(100, 1));
    const std::string holder = at.describe(id).blocks.at(0).primary;
    elements_.at(holder).process.signal(SIGSTOP);
    EXPECT_EQ(failure_of([&] { at.acquire_read(id); }, holder), ErrorCode::unavailable);
    elements_.at(holder).process.signal(SIGCONT);
    EXPECT_TRUE(eventually([&] {
        try {
            return get(at, id) == pattern(100, 1);
        } catch (const Error&) {
            return false;
        }
    }));
}

TEST_F(DataServiceTest, finds_everything_again_after_its_manager_was_killed_and_restarted) {
    DataSession& at = session("h1", "c1");
    DataSpec named = spec(1 << 20, 2);
    named.name = "kept";
    const auto content = pattern(1 << 20, 8);
    const DataId id = put(at, named, content);
    kill("m-c1");
    EXPECT_TRUE(get(at, id) == content) << "reads go on without a manager";
    EXPECT_EQ(rewrite(at, id, content), 2u) << "so do writes";
    start("m-c1");
    DataSession& fresh = session("h3", "c2");
    EXPECT_TRUE(eventually([&] {
        try {
            return fresh.find("kept").version == 2;
        } catch (const Error&) {
            return false;
        }
    })) << "the version is told again by the provider";
    EXPECT_TRUE(get(fresh, id) == content);
    put(fresh, spec(100, 1), pattern(100, 1));
    EXPECT_EQ(rewrite(fresh, id, content), 3u);
}

TEST_F(DataServiceTest, a_cluster_whose_manager_is_silent_or_dead_delays_no_name_of_another) {
    DataSession& at = session("h1", "c1");
    DataSpec named = spec(10);
    named.name = "near";
    const DataId id = put(at, named, pattern(10, 1));
    for (const bool silent : {true, false}) {
        if (silent) {
            elements_.at("m-c2").process.signal(SIGSTOP);
        } else {
            kill("m-c2");
        }
        const auto before = DataAccess::Clock::now();
        EXPECT_EQ(at.find("near").id, id);
        EXPECT_EQ(at.find(to_string(id)).id, id);
        EXPECT_LT(DataAccess::Clock::now() - before, milliseconds(500));
        // It might know this one.
        EXPECT_EQ(failure_of([&] { at.find("nowhere"); }, "c2"), ErrorCode::unavailable);
        EXPECT_EQ(at.list().size(), 1u);
        SpecChange change;
        change.name = "near";
        EXPECT_EQ(at.change(id, change).id, id) << "a name can be given";
        EXPECT_LT(DataAccess::Clock::now() - before, seconds(8)) << "and every wait is bounded";
    }
}

TEST_F(DataServiceTest, lists_more_data_than_one_answer_holds) {
    DataSession& at = session("h1", "c1");
    std::set<DataId> made;
    DataSpec fleeting = spec(1);  // which costs its manager no write to disk
    fleeting.persistence = Persistence::volatile_;
    for (int i = 0; i < 1100; ++i) {
        made.insert(at.allocate(fleeting, RequestId::make(), i % 20 == 0 ? "c2" : "c1").id);
    }
    made.insert(at.allocate(spec(1), RequestId::make()).id);
    std::set<DataId> listed;
    for (const DatumDescription& datum : at.list()) {
        EXPECT_TRUE(listed.insert(datum.id).second) << "listed twice";
    }
    EXPECT_EQ(listed, made);
}

TEST_F(DataServiceTest, frees_a_datum_whose_lease_nobody_renews) {
    DataSession& at = session("h1", "c1");
    DataSpec leased = spec(10);
    leased.lifetime = Lifetime::lease;
    leased.lease_ms = 1500;
    const DataId id = put(at, leased, pattern(10, 1));
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(milliseconds(500));
        at.renew(id);
    }
    EXPECT_EQ(get(at, id), pattern(10, 1));
    const auto freed = [&] {
        try {
            at.describe(id);
            return false;
        } catch (const Error& e) {
            return e.code() == ErrorCode::not_found;
        }
    };
    EXPECT_TRUE(eventually(freed));
}

TEST_F(DataServiceTest, frees_the_volatile_data_of_a_session_that_ends) {
    DataSession& watcher = session("h3", "c2");
    DataId id;
    {
        DataSession brief(node(), {"h1", "c1"}, ClientId{secure_random()}, managers_);
        DataSpec mine = spec(100);
        mine.lifetime = Lifetime::client;
        mine.client = brief.client();
        mine.persistence = Persistence::volatile_;
        id = put(brief, mine, pattern(100, 1));
        EXPECT_TRUE(get(watcher, id) == pattern(100, 1));
    }
    EXPECT_EQ(failure_of([&] { watcher.describe(id); }, to_string(id)), ErrorCode::not_found);
}

TEST_F(DataServiceTest, refuses_what_does_not_fit_and_what_lies_outside) {
    DataSession& at = session("h1", "c1");
    EXPECT_EQ(
        failure_of([&] { at.allocate(spec(std::uint64_t{5} << 32), RequestId::make()); }, "p1"),
        ErrorCode::out_of_space);
    const DataId id = put(at, spec(100), pattern(100, 1));
    std::vector<std::byte> ten(10);
    auto hold = at.acquire_read(id);
    EXPECT_EQ(failure_of([&] { hold->read(91, ten); }, "100 bytes"), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { hold->read(~std::uint64_t{0}, ten); }, "outside"),
              ErrorCode::invalid_argument);
    auto lock = at.acquire(id, in_5s());
    EXPECT_EQ(failure_of([&] { lock->write(91, ten); }, "outside"), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { at.allocate(spec(1), RequestId::make(), "c9"); }, "c9"),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::data
