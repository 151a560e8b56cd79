// What every consistency protocol promises, as far as it is decided without a network: by what the
// session keeps. The same promises on real processes: tests/integration/consistency_test.cc.
#include "data_service/core/consistency.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "data_service/client/kept_versions.h"

namespace juxta::data {
namespace {

HeldVersionPtr version(Version number, Time trusted_until = 1000 * kSecond,
                       std::atomic<int>* given_back = nullptr) {
    auto lease = std::make_shared<Lease>();
    lease->trusted_until = trusted_until;
    return std::make_shared<const HeldVersion>(nullptr, number, Extents{}, lease, [given_back] {
        if (given_back != nullptr) ++*given_back;
    });
}

const DataId datum{{1, 2}};

class EveryProtocol : public testing::TestWithParam<std::string_view> {
protected:
    const ConsistencyProtocol& protocol() const { return *find_consistency(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Consistency, EveryProtocol, testing::ValuesIn(consistency_names()),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(EveryProtocol, is_found_by_its_name) { EXPECT_EQ(protocol().name(), GetParam()); }

// One writer commits, one session reads, releases, and meets locks, in any order.
TEST_P(EveryProtocol, versions_never_go_back_and_own_releases_are_seen) {
    if (protocol().write_once()) GTEST_SKIP() << "there is one version";
    std::mt19937 random(11);
    for (int run = 0; run < 200; ++run) {
        KeptVersions kept;
        Version newest = 0;
        Version floor = 0;  // what this session must see at least
        Time now = 1;
        std::vector<std::pair<Time, Version>> commits{{0, 0}};
        for (int step = 0; step < 60; ++step) {
            now += static_cast<Time>(random() % (kSecond / 3));
            switch (random() % 4) {
                case 0:  // somebody else commits
                    commits.emplace_back(now, ++newest);
                    break;
                case 1:  // this session does
                    commits.emplace_back(now, ++newest);
                    if (protocol().keeps_versions()) kept.met(datum, newest);
                    floor = newest;
                    break;
                default: {
                    HeldVersionPtr held;
                    if (protocol().keeps_versions()) held = kept.answer(datum, protocol(), now);
                    if (!held) {
                        held = version(newest);
                        if (protocol().keeps_versions()) kept.keep(datum, held, now);
                    }
                    ASSERT_GE(held->version, floor) << "run " << run << " step " << step;
                    floor = held->version;
                    if (GetParam() == "sequential") {
                        ASSERT_EQ(held->version, newest);
                    }
                    // What came after it came less than the bound ago.
                    if (GetParam() == "relaxed" && held->version < newest) {
                        ASSERT_LT(now - commits.at(held->version + 1).first, kRelaxedAge);
                    }
                }
            }
        }
    }
}

TEST_P(EveryProtocol, a_version_that_may_be_gone_answers_no_more_unless_it_is_the_only_one) {
    if (!protocol().keeps_versions()) return;
    KeptVersions kept;
    kept.answer(datum, protocol(), 0);
    kept.keep(datum, version(1, 10), 0);
    EXPECT_NE(kept.answer(datum, protocol(), 9), nullptr);
    EXPECT_EQ(kept.answer(datum, protocol(), 11) != nullptr, protocol().write_once());
}

TEST(Consistency, the_first_is_the_default) {
    EXPECT_EQ(consistency_names().front(), DataSpec{}.protocol);
}

TEST(Consistency, an_unknown_name_is_none) {
    EXPECT_EQ(find_consistency("eventual"), nullptr);
    EXPECT_EQ(find_consistency(""), nullptr);
    EXPECT_EQ(consistency_names_text(), "sequential, entry, relaxed, immutable");
}

TEST(Consistency, only_immutable_data_are_written_once) {
    for (const auto name : consistency_names()) {
        EXPECT_EQ(find_consistency(name)->write_once(), name == "immutable") << name;
    }
}

TEST(Consistency, what_is_not_written_yet_may_still_change_under_immutable) {
    EXPECT_FALSE(find_consistency("immutable")->may_answer({0, 0, 0, true}));
    EXPECT_TRUE(find_consistency("immutable")->may_answer({1, 0, 3600 * kSecond, false}));
}

TEST(KeptVersions, an_answer_that_was_overtaken_by_a_release_is_not_kept) {
    const auto& entry = *find_consistency("entry");
    KeptVersions kept;
    EXPECT_EQ(kept.answer(datum, entry, 0), nullptr);
    kept.met(datum, 6);
    kept.keep(datum, version(5), 0);
    EXPECT_EQ(kept.answer(datum, entry, 1), nullptr);
    kept.keep(datum, version(6), 2);
    EXPECT_EQ(kept.answer(datum, entry, 3)->version, 6u);
}

TEST(KeptVersions, what_was_forgotten_meanwhile_is_not_kept) {
    KeptVersions kept;
    kept.answer(datum, *find_consistency("entry"), 0);
    kept.forget(datum);
    kept.keep(datum, version(5), 0);
    EXPECT_EQ(kept.answer(datum, *find_consistency("entry"), 1), nullptr);
}

TEST(KeptVersions, versions_that_answer_no_more_are_given_back) {
    const auto& entry = *find_consistency("entry");
    std::atomic<int> given_back{0};
    KeptVersions kept;
    kept.answer(datum, entry, 0);
    kept.keep(datum, version(1, kSecond, &given_back), 0);
    EXPECT_EQ(given_back, 0);
    kept.met(datum, 2);
    EXPECT_EQ(given_back, 1);
    kept.keep(datum, version(2, kSecond, &given_back), 1);
    kept.keep(datum, version(3, kSecond, &given_back), 2);
    EXPECT_EQ(given_back, 2);
    kept.forget_unused(monotonic_now() + 60 * kSecond);
    EXPECT_EQ(given_back, 3);
    kept.answer(datum, entry, 3);
    kept.keep(datum, version(4, kSecond, &given_back), 3);
    kept.clear();
    EXPECT_EQ(given_back, 4);
}

}  // namespace
}  // namespace juxta::data
