// The replicated log: several replicas in one process, cut off, stopped and started again.
#include "data_service/consensus/raft_log.h"

#include <algorithm>
#include <fstream>

#include "tests/refusal.h"
#include "tests/unit/data_service/replica_group.h"

namespace juxta::data {
namespace {

std::vector<std::string> numbered(const std::string& prefix, unsigned count) {
    std::vector<std::string> all;
    for (unsigned i = 0; i < count; ++i) all.push_back(prefix + std::to_string(i));
    return all;
}

std::set<std::string> distinct(const Memory& memory) {
    const auto entries = memory.entries();
    return {entries.begin(), entries.end()};
}

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& prefix) {
    std::filesystem::path first;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().filename().string().rfind(prefix, 0) != 0) continue;
        if (first.empty() || file.path() < first) first = file.path();
    }
    return first;
}

TEST(RaftLog, a_group_of_one_keeps_what_it_confirmed_over_a_restart) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose_many("entry ", 20);
    EXPECT_EQ(group.memory("m1").entries(), numbered("entry ", 20));
    group.stop("m1");
    group.start("m1");
    ASSERT_EQ(group.leader(), "m1");
    EXPECT_EQ(group.memory("m1").entries(), numbered("entry ", 20));
    EXPECT_EQ(group.memory("m1").known_when_it_led(), 20U);
    EXPECT_EQ(group.log("m1").role().leader, "host:1");
}

TEST(RaftLog, three_replicas_apply_the_same_entries_in_the_same_order) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose_many("entry ", 100);
    ASSERT_TRUE(group.agree());
    EXPECT_EQ(group.memory("m2").entries(), numbered("entry ", 100));
}

TEST(RaftLog, an_entry_that_follows_a_pause_does_not_wait_for_the_next_beat) {
    ReplicaGroup group(3);
    group.settings.election_ms = 1200;
    group.settings.heartbeat_ms = 400;
    group.start_all();
    group.propose("first");
    auto waited = 0ms;
    for (unsigned i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(450ms);
        const auto before = std::chrono::steady_clock::now();
        group.propose("later");
        waited += std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - before);
    }
    EXPECT_LT(waited, 400ms);  // some 5 ms; 200 for each that waits
}

TEST(RaftLog, a_follower_refuses_and_names_who_leads) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose("first");
    const std::string follower = group.follower();
    ASSERT_TRUE(group.agree());
    const std::string leader = group.log(group.leader()).role().leader;
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (group.log(follower).role().leader.empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(5ms);
    }
    try {
        group.log(follower).propose("second", std::chrono::steady_clock::now() + 1s);
        FAIL() << "a follower took a proposal";
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::not_leader);
        EXPECT_EQ(e.redirect(), leader);
    }
}

TEST(RaftLog, another_replica_leads_within_two_seconds_when_the_leader_is_gone) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose_many("entry ", 10);
    const std::string first = group.leader();
    group.stop(first);
    const auto gone_at = std::chrono::steady_clock::now();
    group.propose("after");
    EXPECT_LT(std::chrono::steady_clock::now() - gone_at, 2s);
    EXPECT_EQ(group.memory(group.leader()).known_when_it_led(), 10U);
    group.start(first);
    ASSERT_TRUE(group.agree());
    EXPECT_EQ(group.memory(first).entries().size(), 11U);
}

TEST(RaftLog, a_leader_without_a_majority_refuses_and_rejoins_without_what_it_could_not_keep) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose("before");
    const std::string old = group.leader();
    group.cut_off(old);
    EXPECT_EQ(
        failure_of([&] { group.log(old).propose("lost", std::chrono::steady_clock::now() + 2s); }),
        ErrorCode::unavailable);
    EXPECT_FALSE(group.log(old).role().leads);
    group.propose("after");
    group.cut_off(old, false);
    ASSERT_TRUE(group.agree());
    EXPECT_EQ(group.memory(old).entries(), (std::vector<std::string>{"before", "after"}));
}

TEST(RaftLog, nothing_is_confirmed_by_one_of_three_and_all_goes_on_when_one_returns) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose("before");
    const std::string leader = group.leader();
    std::vector<std::string> others;
    for (const Replica& replica : group.settings.replicas) {
        if (replica.name != leader) others.push_back(replica.name);
    }
    for (const std::string& other : others) group.stop(other);
    EXPECT_EQ(failure_of([&] {
                  group.log(leader).propose("alone", std::chrono::steady_clock::now() + 800ms);
              }),
              ErrorCode::unavailable);
    group.start(others[0]);
    group.propose("after");
    group.start(others[1]);
    ASSERT_TRUE(group.agree());
    const auto entries = group.memory(leader).entries();
    EXPECT_EQ(entries.front(), "before");
    EXPECT_EQ(entries.back(), "after");
}

TEST(RaftLog, all_replicas_find_everything_after_they_were_all_stopped) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose_many("entry ", 50);
    for (const Replica& replica : group.settings.replicas) group.stop(replica.name);
    group.start_all();
    group.propose("after");
    ASSERT_TRUE(group.agree());
    auto expected = numbered("entry ", 50);
    expected.push_back("after");
    EXPECT_EQ(group.memory("m3").entries(), expected);
}

TEST(RaftLog, a_replica_that_was_away_for_long_is_given_a_snapshot) {
    ReplicaGroup group(3);
    group.settings.snapshot_after_bytes = 20'000;
    group.settings.trailing_entries = 16;
    group.start_all();
    group.propose("first");
    const std::string away = group.follower();
    group.stop(away);
    group.propose_many("entry ", 600);
    group.start(away);
    ASSERT_TRUE(group.agree());
    EXPECT_GE(group.memory(away).restores(), 1U);
    EXPECT_GE(group.memory(group.leader()).snapshots(), 1U);
    group.propose("last");
    ASSERT_TRUE(group.agree());
    EXPECT_EQ(group.memory(away).entries().size(), 602U);
}

TEST(RaftLog, a_snapshot_of_160_mebibytes_reaches_a_follower_while_the_group_goes_on) {
    ReplicaGroup group(3);
    group.settings.snapshot_after_bytes = 20'000;
    group.settings.trailing_entries = 16;
    group.start_all();
    group.propose("first");
    const std::string away = group.follower();
    group.stop(away);
    group.weight = 160U << 20;
    for (const Replica& replica : group.settings.replicas) {
        if (replica.name != away) group.memory(replica.name).weight = group.weight;
    }
    // Until both others have cut what is missing there off their logs.
    unsigned count = 0;
    const auto until = std::chrono::steady_clock::now() + 30s;
    const auto goes_on = [&] { return std::chrono::steady_clock::now() < until; };
    const auto has_snapshot = [&](const Replica& replica) {
        return replica.name == away || !file_of(group.folder / replica.name, "snapshot-").empty();
    };
    const auto& all = group.settings.replicas;
    while ((count < 400 || !std::all_of(all.begin(), all.end(), has_snapshot)) && goes_on()) {
        group.propose_until_confirmed("entry " + std::to_string(count++));
    }
    std::this_thread::sleep_for(200ms);
    group.start(away);
    while (group.memory(away).restores() == 0 && goes_on()) {
        group.propose_until_confirmed("entry " + std::to_string(count++));
    }
    ASSERT_TRUE(group.agree());
    EXPECT_GE(group.memory(away).restores(), 1U);
    EXPECT_EQ(distinct(group.memory(away)).size(), 1U + count);
}

TEST(RaftLog, restarts_from_its_snapshot) {
    ReplicaGroup group(1);
    group.settings.snapshot_after_bytes = 20'000;
    group.settings.trailing_entries = 16;
    group.start_all();
    group.propose_many("entry ", 600);
    group.stop("m1");
    group.start("m1");
    EXPECT_EQ(group.memory("m1").restores(), 1U);
    ASSERT_EQ(group.leader(), "m1");
    EXPECT_EQ(group.memory("m1").entries(), numbered("entry ", 600));
}

// What is confirmed is there, once; the rest at most once.
TEST(RaftLog, loses_nothing_it_confirmed_while_replicas_come_and_go_and_messages_are_lost) {
    ReplicaGroup group(3);
    group.settings.snapshot_after_bytes = 30'000;
    group.settings.trailing_entries = 32;
    group.start_all();
    group.lost_of_100 = 2;
    std::atomic<bool> over{false};
    std::mutex mutex;
    std::vector<std::string> confirmed;
    std::vector<std::thread> writers;
    for (unsigned w = 0; w < 8; ++w) {
        writers.emplace_back([&, w] {
            for (unsigned i = 0; !over; ++i) {
                const std::string entry = std::to_string(w) + ' ' + std::to_string(i);
                try {
                    group.propose(entry, 500ms);
                    std::lock_guard lock(mutex);
                    confirmed.push_back(entry);
                } catch (const Error&) {
                    std::this_thread::sleep_for(5ms);
                }
            }
        });
    }
    for (unsigned round = 0; round < 4; ++round) {
        const std::string one = round % 2 == 0 ? group.leader() : group.follower();
        if (round % 3 == 2) {
            group.cut_off(one);
            std::this_thread::sleep_for(400ms);
            group.cut_off(one, false);
        } else {
            group.stop(one);
            std::this_thread::sleep_for(300ms);
            group.start(one);
        }
        std::this_thread::sleep_for(150ms);
    }
    over = true;
    for (std::thread& writer : writers) writer.join();
    group.lost_of_100 = 0;
    group.propose("the end");
    ASSERT_TRUE(group.agree());
    std::map<std::string, unsigned> there;
    for (const std::string& entry : group.memory("m1").entries()) ++there[entry];
    EXPECT_GT(confirmed.size(), 100U);
    for (const std::string& entry : confirmed) EXPECT_EQ(there[entry], 1U) << entry;
    for (const auto& [entry, times] : there) EXPECT_EQ(times, 1U) << entry;
}

void flip_byte(const std::filesystem::path& file, std::streamoff at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const int byte = stream.get();
    stream.seekp(at);
    stream.put(static_cast<char>(byte ^ 1));
}

// As a crash leaves it: the folder, copied while the log is in use.
struct Crashed {
    explicit Crashed(ReplicaGroup& group) {
        std::filesystem::copy(group.folder / "m1", group.folder / "crashed",
                              std::filesystem::copy_options::recursive);
        settings = group.settings;
        settings.self = "m1";
        settings.folder = group.folder / "crashed";
    }
    void start() {
        log = std::make_unique<RaftLog>(settings, nobody);
        log->start(memory);
        const auto until = std::chrono::steady_clock::now() + 5s;
        while (!log->role().leads && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(5ms);
        }
    }
    ~Crashed() {
        if (log) log->stop();
    }
    RaftLogSettings settings;
    NoTransport nobody;
    Memory memory;
    std::unique_ptr<RaftLog> log;
};

TEST(RaftLog, finds_everything_after_a_crash) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose_many("entry ", 20);
    Crashed crashed(group);
    crashed.start();
    EXPECT_EQ(crashed.memory.entries(), numbered("entry ", 20));
}

TEST(RaftLog, takes_a_last_write_that_was_cut_off_for_what_it_is) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose_many("entry ", 20);
    Crashed crashed(group);
    const auto segment = file_of(crashed.settings.folder, "open-");
    std::ifstream stream(segment, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    flip_byte(segment, static_cast<std::streamoff>(content.rfind("entry 19")));
    crashed.start();
    EXPECT_EQ(crashed.memory.entries(), numbered("entry ", 19));
}

TEST(RaftLog, refuses_an_open_segment_that_is_damaged_amid_what_was_confirmed) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose_many("entry ", 20);
    Crashed crashed(group);
    const auto segment = file_of(crashed.settings.folder, "open-");
    std::ifstream stream(segment, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    const auto place = static_cast<std::streamoff>(content.rfind("entry 10"));
    for (const std::streamoff at : {place, place - 30}) {  // in the data, and in the head before
        flip_byte(segment, at);
        EXPECT_EQ(failure_of([&] { crashed.start(); }, "is damaged"), ErrorCode::internal);
        flip_byte(segment, at);
    }
    crashed.start();
    EXPECT_EQ(crashed.memory.entries(), numbered("entry ", 20));
}

TEST(RaftLog, refuses_a_closed_segment_that_is_damaged) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose_many("entry ", 20);
    group.stop("m1");
    flip_byte(file_of(group.folder / "m1", "0000000000000002-"), 500);
    EXPECT_EQ(failure_of([&] { group.start("m1"); }, "is damaged"), ErrorCode::internal);
}

TEST(RaftLog, refuses_a_snapshot_that_is_damaged) {
    ReplicaGroup group(1);
    group.settings.snapshot_after_bytes = 20'000;
    group.settings.trailing_entries = 16;
    group.start_all();
    group.propose_many("entry ", 300);
    group.stop("m1");
    for (const auto& file : std::filesystem::directory_iterator(group.folder / "m1")) {
        const std::string name = file.path().filename();
        if (name.rfind("snapshot-", 0) == 0 && !name.ends_with(".meta")) flip_byte(file, 100);
    }
    EXPECT_EQ(failure_of([&] { group.start("m1"); }, "is damaged"), ErrorCode::internal);
}

TEST(RaftLog, refuses_a_folder_that_is_in_use) {
    ReplicaGroup group(1);
    group.start_all();
    RaftLogSettings same = group.settings;
    same.self = "m1";
    same.folder = group.folder / "m1";
    RaftLog another(same, group.nobody);
    Memory memory;
    EXPECT_EQ(failure_of([&] { another.start(memory); }, "in use by another process"),
              ErrorCode::unavailable);
}

TEST(RaftLog, refuses_to_start_as_another_group_than_the_one_on_disk) {
    ReplicaGroup group(1);
    group.start_all();
    group.propose("entry");
    group.stop("m1");
    group.settings.replicas.push_back({"m2", "host:2"});
    EXPECT_EQ(failure_of([&] { group.start("m1"); }, "that of the replicas m1, not of "),
              ErrorCode::invalid_argument);
}

TEST(RaftLog, refuses_settings_that_make_no_sense) {
    ReplicaGroup group(2);
    group.settings.replicas[1].name = "m1";
    EXPECT_EQ(failure_of([&] { group.start("m1"); }, "named twice"), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { group.start("m3"); }), ErrorCode::invalid_argument);
}

TEST(RaftLog, refuses_an_entry_that_is_too_large) {
    ReplicaGroup group(1);
    group.start_all();
    EXPECT_EQ(failure_of([&] { group.propose(std::string(RaftLog::kLargestEntry + 1, 'x')); }),
              ErrorCode::invalid_argument);
    group.propose(std::string(RaftLog::kLargestEntry, 'x'));
    EXPECT_EQ(group.memory("m1").entries().front().size(), RaftLog::kLargestEntry);
}

TEST(RaftLog, carries_many_large_entries_to_a_replica_that_was_away) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose("first");
    const std::string away = group.follower();
    group.stop(away);
    for (char c = 'a'; c < 'i'; ++c) group.propose_until_confirmed(std::string(900'000, c));
    group.start(away);
    ASSERT_TRUE(group.agree());
    EXPECT_EQ(distinct(group.memory(away)).size(), 9U);
}

TEST(RaftLog, refuses_messages_of_strangers) {
    ReplicaGroup group(3);
    group.start_all();
    group.propose("entry");
    EXPECT_EQ(failure_of([&] { group.log("m1").receive("garbage"); }), ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { group.log("m1").receive(std::string(100, '\0')); }),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::data
