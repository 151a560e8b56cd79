#include "server_daemon/core/measured_links.h"

#include <gtest/gtest.h>

namespace juxta::sed {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(MeasuredLinks, are_what_is_usual_until_there_was_a_transfer) {
    EXPECT_EQ(MeasuredLinks().rates(), LinkRates());
}

TEST(MeasuredLinks, keep_near_and_afar_apart) {
    MeasuredLinks links;
    links.note({false, 100 * kMiB, 0.5});
    links.note({true, 10 * kMiB, 1});
    EXPECT_DOUBLE_EQ(links.rates().cluster, 200. * kMiB);
    EXPECT_DOUBLE_EQ(links.rates().afar, 10. * kMiB);
}

TEST(MeasuredLinks, follow_what_changes_within_a_few_transfers) {
    MeasuredLinks links;
    for (int i = 0; i < 50; ++i) links.note({false, kMiB, 0.001});
    for (int i = 0; i < 8; ++i) links.note({false, kMiB, 0.01});
    EXPECT_LT(links.rates().cluster, 150. * kMiB);
    EXPECT_GT(links.rates().cluster, 100. * kMiB);
}

TEST(MeasuredLinks, learn_no_rate_from_what_is_over_before_it_has_one) {
    MeasuredLinks links;
    links.note({false, 1000, 1});
    links.note({false, kMiB, 0});
    EXPECT_EQ(links.rates(), LinkRates());
}

}  // namespace
}  // namespace juxta::sed
