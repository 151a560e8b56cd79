#include "tests/history/checker.h"

#include <gtest/gtest.h>

#include <chrono>

namespace juxta::history {
namespace {

// Hand-written histories. Times are in turns; a client's content numbers are its own.
class Written {
public:
    explicit Written(std::size_t data = 1) {
        for (std::size_t i = 0; i < data; ++i) history.datum("d" + std::to_string(i));
    }

    Operation& add(Deed deed, std::uint64_t client, std::uint64_t invoked, std::uint64_t returned,
                   std::uint32_t datum) {
        Operation op;
        op.client = client;
        op.deed = deed;
        op.datum = datum;
        op.invoked = invoked;
        op.returned = returned;
        history.operations.push_back(op);
        return history.operations.back();
    }
    void acquire(std::uint64_t client, std::uint64_t invoked, std::uint64_t returned,
                 std::uint64_t token, std::uint64_t base, std::uint32_t datum = 0) {
        Operation& op = add(Deed::acquire, client, invoked, returned, datum);
        op.token = token;
        op.version = base;
    }
    // The content `seq` of `client`, as version base + 1.
    Operation& release(std::uint64_t client, std::uint64_t invoked, std::uint64_t returned,
                       std::uint64_t token, std::uint64_t base, std::uint64_t seq,
                       Outcome outcome = Outcome::ok, std::uint32_t datum = 0) {
        Operation& op = add(Deed::release, client, invoked, returned, datum);
        op.token = token;
        op.base = base;
        op.version = outcome == Outcome::ok ? base + 1 : 0;
        op.outcome = outcome;
        op.stamp = Stamp{client, seq, token};
        return op;
    }
    Operation& snapshot(std::uint64_t client, std::uint64_t invoked, std::uint64_t returned,
                        std::uint64_t version, Stamp stamp, std::uint32_t datum = 0) {
        Operation& op = add(Deed::snapshot, client, invoked, returned, datum);
        op.version = version;
        if (version > 0) op.stamp = stamp;
        return op;
    }

    bool good(CheckOptions options = {}) const { return check(history, options).good(); }
    bool has(Fault fault, CheckOptions options = {}) const {
        return check(history, options).how_many.contains(fault);
    }

    History history;
};

// Two writers in turn, and a reader.
Written usual() {
    Written h;
    h.acquire(1, 1, 2, 10, 0);
    h.release(1, 3, 4, 10, 0, 1);
    h.acquire(2, 5, 6, 11, 1);
    h.release(2, 7, 8, 11, 1, 1);
    return h;
}

TEST(Checker, accepts_writers_in_turn_and_readers_between) {
    Written h = usual();
    h.snapshot(3, 0, 1, 0, {});
    h.snapshot(3, 2, 5, 1, {1, 1, 10});
    h.snapshot(3, 6, 7, 1, {1, 1, 10});
    h.snapshot(3, 9, 10, 2, {2, 1, 11});
    EXPECT_TRUE(h.good());
    EXPECT_EQ(check(h.history).releases, 2u);
}

TEST(Checker, accepts_a_read_that_overlaps_a_release_with_either_result) {
    for (const std::uint64_t version : {1, 2}) {
        Written h = usual();
        h.snapshot(3, 7, 8, version, version == 1 ? Stamp{1, 1, 10} : Stamp{2, 1, 11});
        EXPECT_TRUE(h.good());
    }
}

TEST(Checker, accepts_an_unknown_release_that_happened_and_one_that_did_not) {
    for (const bool happened : {false, true}) {
        Written h = usual();
        h.acquire(1, 9, 10, 12, 2);
        h.release(1, 11, 12, 12, 2, 2, Outcome::unknown);
        h.acquire(2, 13, 14, 13, happened ? 3 : 2);
        h.release(2, 15, 16, 13, happened ? 3 : 2, 2);
        if (happened) h.snapshot(3, 14, 15, 3, {1, 2, 12});
        EXPECT_TRUE(h.good());
        EXPECT_EQ(check(h.history).unknown_seen, happened ? 1u : 0u);
    }
}

TEST(Checker, accepts_an_unknown_release_that_nobody_read_but_the_next_followed) {
    Written h = usual();
    h.acquire(1, 9, 10, 12, 2);
    h.release(1, 11, 12, 12, 2, 2, Outcome::unknown);
    h.acquire(2, 13, 14, 13, 3);
    h.release(2, 15, 16, 13, 3, 2);
    EXPECT_TRUE(h.good());
}

TEST(Checker, finds_a_lost_acknowledged_release) {
    Written h = usual();
    h.snapshot(3, 9, 10, 1, {1, 1, 10});
    EXPECT_TRUE(h.has(Fault::stale));
}

TEST(Checker, finds_a_read_that_goes_back) {
    Written h = usual();
    h.snapshot(3, 7, 8, 2, {2, 1, 11});
    h.snapshot(4, 9, 10, 1, {1, 1, 10});
    EXPECT_TRUE(h.has(Fault::stale));
}

TEST(Checker, finds_a_read_of_what_was_not_released_yet) {
    Written h = usual();
    h.snapshot(3, 1, 2, 2, {2, 1, 11});
    EXPECT_TRUE(h.has(Fault::stale));
}

TEST(Checker, finds_a_content_that_nobody_wrote) {
    Written h = usual();
    h.snapshot(3, 9, 10, 2, {9, 9, 9});
    EXPECT_TRUE(h.has(Fault::thin_air));
}

TEST(Checker, finds_a_version_that_nobody_made) {
    Written h = usual();
    h.acquire(1, 9, 10, 12, 3);
    h.release(1, 11, 12, 12, 3, 2);
    EXPECT_TRUE(h.has(Fault::thin_air));
    Written g = usual();
    g.acquire(1, 9, 10, 12, 3);
    EXPECT_TRUE(g.has(Fault::thin_air));
}

TEST(Checker, finds_the_effect_of_a_release_that_was_refused) {
    Written h = usual();
    h.acquire(1, 9, 10, 12, 2);
    h.release(1, 11, 12, 12, 2, 2, Outcome::failed);
    h.snapshot(3, 13, 14, 3, {1, 2, 12});
    EXPECT_TRUE(h.has(Fault::thin_air));
}

TEST(Checker, finds_a_release_that_happened_twice) {
    Written h = usual();
    h.snapshot(3, 9, 10, 3, {2, 1, 11});
    EXPECT_TRUE(h.has(Fault::wrong_version));
    Written g = usual();
    g.acquire(1, 9, 10, 12, 2);
    g.release(1, 11, 12, 12, 2, 2, Outcome::unknown);
    g.snapshot(3, 13, 14, 3, {1, 2, 12});
    g.snapshot(3, 15, 16, 4, {1, 2, 12});
    EXPECT_TRUE(g.has(Fault::wrong_version));
}

TEST(Checker, finds_two_releases_of_one_version) {
    Written h = usual();
    h.release(3, 7, 8, 12, 1, 1);
    EXPECT_TRUE(h.has(Fault::wrong_version));
}

TEST(Checker, finds_a_release_that_overwrote_what_it_had_not_seen) {
    Written h = usual();
    h.acquire(1, 9, 10, 12, 2);
    h.release(1, 11, 12, 12, 2, 2).version = 4;
    EXPECT_TRUE(h.has(Fault::wrong_version));
}

TEST(Checker, finds_a_token_granted_twice) {
    Written h = usual();
    h.acquire(3, 7, 9, 11, 1);
    EXPECT_TRUE(h.has(Fault::two_holders));
}

TEST(Checker, finds_a_token_that_does_not_grow) {
    Written h = usual();
    h.acquire(3, 9, 10, 9, 2);
    EXPECT_TRUE(h.has(Fault::token_order));
}

TEST(Checker, finds_a_commit_after_the_lock_had_passed_on) {
    Written h;
    h.acquire(1, 1, 2, 10, 0);
    h.acquire(2, 3, 4, 11, 0);
    h.release(1, 5, 6, 10, 0, 1);
    EXPECT_TRUE(h.has(Fault::two_holders));
}

TEST(Checker, finds_two_holders_that_both_commit) {
    Written h;
    h.acquire(1, 1, 2, 10, 0);
    h.acquire(2, 3, 4, 11, 0);
    h.release(1, 3, 4, 10, 0, 1);
    h.release(2, 5, 6, 11, 1, 1);
    EXPECT_TRUE(h.has(Fault::two_holders));
}

TEST(Checker, finds_an_unknown_release_that_happened_under_a_later_lock) {
    Written h;
    h.acquire(1, 1, 2, 10, 0);
    h.release(1, 3, 4, 10, 0, 1, Outcome::unknown);
    h.acquire(2, 5, 6, 11, 0);
    h.snapshot(3, 7, 8, 1, {1, 1, 10});
    EXPECT_TRUE(h.has(Fault::two_holders));
}

TEST(Checker, finds_torn_contents) {
    Written h = usual();
    h.snapshot(3, 9, 10, 2, {2, 1, 11}).torn = "mixed";
    EXPECT_TRUE(h.has(Fault::torn));
    Written g = usual();
    g.snapshot(3, 9, 10, 2, {2, 1, 17});
    EXPECT_TRUE(g.has(Fault::torn));
}

// Each datum alone is in order; together they are not: the first client wrote x and read no y, the
// second wrote y and read no x.
Written each_read_too_early() {
    Written h(2);
    h.acquire(1, 1, 2, 10, 0, 0);
    h.release(1, 3, 4, 10, 0, 1, Outcome::ok, 0);
    h.snapshot(1, 9, 10, 0, {}, 1);
    h.acquire(2, 1, 2, 20, 0, 1);
    h.release(2, 3, 4, 20, 0, 1, Outcome::ok, 1);
    h.snapshot(2, 9, 10, 0, {}, 0);
    return h;
}

TEST(Checker, finds_a_cycle_across_data_that_no_datum_shows_alone) {
    EXPECT_TRUE(each_read_too_early().has(Fault::cycle));
    EXPECT_TRUE(each_read_too_early().has(Fault::cycle, {.real_time = false}));
    EXPECT_FALSE(each_read_too_early().has(Fault::stale, {.real_time = false}));
}

TEST(Checker, accepts_late_reads_where_they_are_allowed) {
    Written h = usual();
    h.snapshot(3, 9, 10, 1, {1, 1, 10});
    EXPECT_TRUE(h.good({.real_time = false}));
    h.snapshot(3, 11, 12, 2, {2, 1, 11});
    h.snapshot(3, 13, 14, 1, {1, 1, 10});  // not back again, though
    EXPECT_TRUE(h.has(Fault::cycle, {.real_time = false}));
}

TEST(Checker, lets_an_unknown_release_happen_after_what_its_client_did_next) {
    Written h(2);
    h.acquire(1, 1, 2, 10, 0, 0);
    h.release(1, 3, 4, 10, 0, 1, Outcome::unknown, 0);
    h.snapshot(1, 5, 6, 0, {}, 1);
    h.snapshot(1, 7, 8, 0, {}, 0);
    h.snapshot(2, 9, 10, 1, {1, 1, 10}, 0);
    EXPECT_TRUE(h.good());
}

TEST(Checker, cannot_judge_an_empty_or_malformed_history) {
    EXPECT_TRUE(Written().has(Fault::inconclusive));
    Written h = usual();
    parse_into(h.history, "{\"client\":1}\n", "x");
    EXPECT_TRUE(h.has(Fault::inconclusive));
}

TEST(Checker, cannot_judge_a_client_that_does_two_things_at_once) {
    Written h = usual();
    h.snapshot(3, 9, 12, 2, {2, 1, 11});
    h.snapshot(3, 11, 14, 2, {2, 1, 11});
    EXPECT_TRUE(h.has(Fault::inconclusive));
}

TEST(Checker, cannot_judge_contents_without_a_stamp_or_with_one_used_twice) {
    Written h = usual();
    h.snapshot(3, 9, 10, 2, {}).stamp.reset();
    EXPECT_TRUE(h.has(Fault::inconclusive));
    Written g = usual();
    g.acquire(2, 9, 10, 12, 2);
    g.release(2, 11, 12, 12, 2, 1);
    EXPECT_TRUE(g.has(Fault::inconclusive));
}

TEST(History, is_read_as_it_was_written) {
    Written h = usual();
    h.history.operations[1].code = "unavailable";
    h.snapshot(3, 9, 10, 2, {2, 1, 11}).torn = "mixed";
    std::string text;
    for (const Operation& op : h.history.operations) text += print(op, h.history.data[op.datum]);
    History again;
    parse_into(again, text, "x");
    EXPECT_TRUE(again.malformed.empty()) << again.malformed.front();
    std::string text_again;
    for (const Operation& op : again.operations) text_again += print(op, again.data[op.datum]);
    EXPECT_EQ(text_again, text);
}

TEST(History, tells_lines_that_are_no_operation) {
    const std::string good = print(usual().history.operations[1], "d0");
    for (const std::string& bad :
         {std::string("x\n"), std::string("{}\n"), good.substr(0, good.size() - 1),
          good.substr(0, good.size() - 2) + ",\"torn\":\"a\\\"b\"}\n",
          std::string("{\"client\":-1}\n"), good.substr(0, good.size() - 2) + ",\"more\":\"x\"}\n",
          good.substr(0, good.size() - 1) + "x\n"}) {
        History history;
        parse_into(history, bad, "x");
        EXPECT_EQ(history.malformed.size(), 1u) << bad;
        EXPECT_TRUE(history.operations.empty());
    }
}

// 10^6 operations of 8 clients on 16 data: about a second, and far from n squared.
TEST(Checker, judges_a_million_operations_in_seconds) {
    Written h(16);
    std::vector<std::uint64_t> version(16), token(16), seq(8);
    std::vector<Stamp> newest(16);
    for (std::uint64_t i = 0; i < 250'000; ++i) {
        const std::uint64_t client = i % 8, begun = i * 10;
        const auto datum = static_cast<std::uint32_t>((i * 7) % 16);
        const std::uint64_t t = ++token[datum];
        h.acquire(client, begun, begun + 1, t, version[datum], datum);
        Operation& read = h.add(Deed::read, client, begun + 1, begun + 2, datum);
        read.token = t;
        read.version = version[datum];
        if (read.version > 0) read.stamp = newest[datum];
        h.release(client, begun + 2, begun + 3, t, version[datum], ++seq[client], Outcome::ok,
                  datum);
        newest[datum] = {client, seq[client], t};
        h.snapshot(100 + client, begun + 4, begun + 5, ++version[datum], newest[datum], datum);
    }
    ASSERT_EQ(h.history.operations.size(), 1'000'000u);
    const auto begun = std::chrono::steady_clock::now();
    const Verdict verdict = check(h.history);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    EXPECT_TRUE(verdict.good());
    RecordProperty("milliseconds", static_cast<int>(taken.count() * 1000));
    EXPECT_LT(taken.count(), 10);
}

}  // namespace
}  // namespace juxta::history
