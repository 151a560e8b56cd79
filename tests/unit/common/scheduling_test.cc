// Locality: which bytes a candidate has, which its cluster has, which must move.
#include "common/model/scheduling.h"

#include <gtest/gtest.h>

namespace juxta {
namespace {

class Locality : public ::testing::Test {
protected:
    void SetUp() override {
        request_.data = {DataId{{1, 1}}, DataId{{1, 2}}};
        request_.data_arguments = {"A", "B"};
        request_.locations = {
            {DataId{{1, 1}}, {}, 100, {{"p1", {"h1", "c1"}, false}}},
            {DataId{{1, 2}}, {}, 40, {{"p3", {"h3", "c2"}, false}, {"p2", {"h2", "c1"}, true}}}};
    }

    EstimationVector at(const std::string& host, const std::string& cluster) {
        EstimationVector vector;
        add_locality(vector, request_, {host, cluster});
        return vector;
    }

    ScheduleRequest request_;
};

TEST_F(Locality, counts_bytes_on_the_host_in_the_cluster_and_to_move) {
    const EstimationVector vector = at("h1", "c1");
    EXPECT_EQ(vector.bytes_here, 100u);
    EXPECT_EQ(vector.bytes_cluster, 40u);
    EXPECT_EQ(vector.bytes_to_move, 40u);
    ASSERT_EQ(vector.arguments.size(), 2u);
    EXPECT_EQ(vector.arguments[1],
              (ArgumentLocality{"B", 40, 0, 40, 40, vector.arguments[1].transfer_s}));
}

TEST_F(Locality, expects_transfers_to_take_what_their_links_were_measured_at) {
    request_.locations[0].bytes = 1'000'000;
    request_.locations[1].bytes = 3'000'000;
    EstimationVector near;
    near.links = {1e6, 1e5};
    EstimationVector afar = near, here = near;
    add_locality(here, request_, {"h1", "c1"});
    add_locality(near, request_, {"h9", "c1"});
    add_locality(afar, request_, {"h9", "c9"});
    EXPECT_EQ(here.arguments[0].transfer_s, 0);
    EXPECT_NEAR(here.transfer_s, 3, 0.01);
    EXPECT_NEAR(near.transfer_s, 4, 0.01);
    EXPECT_NEAR(afar.transfer_s, 40, 0.01);
    EXPECT_DOUBLE_EQ(afar.transfer_s, afar.arguments[0].transfer_s + afar.arguments[1].transfer_s);
}

TEST_F(Locality, takes_a_cached_version_for_as_good_as_a_copy) {
    EXPECT_EQ(at("h2", "c1").bytes_here, 40u);
}

TEST_F(Locality, moves_everything_to_a_host_that_has_nothing) {
    EXPECT_EQ(at("h9", "c9").bytes_to_move, 140u);
}

TEST_F(Locality, says_nothing_of_data_whose_place_is_not_known) {
    request_.locations.clear();
    EXPECT_TRUE(at("h1", "c1").arguments.empty());
}

}  // namespace
}  // namespace juxta
