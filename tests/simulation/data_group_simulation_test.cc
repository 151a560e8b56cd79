// The data group protocol under faults: some histories each time, and proof that the simulation
// sees a protocol that is broken. data_group_simulation plays as many more as wanted.
#include <gtest/gtest.h>

#include <set>

#include "tests/simulation/world.h"

namespace juxta::data::simulation {
namespace {

class DataGroupSimulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DataGroupSimulation, keeps_every_promise_in_two_hundred_and_fifty_histories) {
    for (std::uint64_t seed = GetParam(); seed < GetParam() + 250; ++seed) {
        World world(seed, Weakening::none);
        ASSERT_EQ(world.play(), "") << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DataGroupSimulation, ::testing::Range<std::uint64_t>(1, 2001, 250));

TEST(DataGroupHistory, is_the_same_for_the_same_seed) {
    World first(7, Weakening::none), second(7, Weakening::none);
    EXPECT_EQ(first.play(), second.play());
    EXPECT_EQ(first.figures().text(), second.figures().text());
}

class WeakenedProtocol : public ::testing::TestWithParam<std::pair<Weakening, std::string_view>> {};

// Histories within which a weakening must be caught. Most are in the first few; the rare ones need
// a course of events of their own.
std::uint64_t most_histories(Weakening weakening) {
    static const std::set<Weakening> rare{
        Weakening::refuse_at_once,   Weakening::read_unleased,
        Weakening::pin_moves,        Weakening::fence_forgotten,
        Weakening::barrier_repeated, Weakening::ledger_without_segments};
    return rare.contains(weakening) ? 2500 : 250;
}

TEST_P(WeakenedProtocol, is_caught) {
    const std::uint64_t most = most_histories(GetParam().first);
    for (std::uint64_t seed = 1; seed <= most; ++seed) {
        World world(seed, GetParam().first);
        if (!world.play().empty()) return;
    }
    FAIL() << GetParam().second << " was not seen in " << most << " histories";
}

INSTANTIATE_TEST_SUITE_P(Weakenings, WeakenedProtocol,
                         ::testing::ValuesIn(std::begin(kWeakenings) + 1, std::end(kWeakenings)),
                         [](const auto& info) { return std::string(info.param.second); });

}  // namespace
}  // namespace juxta::data::simulation
