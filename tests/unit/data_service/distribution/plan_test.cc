// Plans beside the obvious way, for every element of many pairs of layouts.
#include "data_service/distribution/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"
#include "data_service/distribution/link_walk.h"
#include "data_service/distribution/plan_cache.h"
#include "data_service/distribution/pull_order.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {
namespace {

Layout parsed(const std::string& dist, const std::string& grid, Shape shape,
              const std::string& src = {}) {
    return parse_layout({dist, grid, src}, {ElementType::float64, std::move(shape)});
}

std::string refusal_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        return error.what();
    }
    return "(nothing was refused)";
}

std::map<std::pair<Index, Index>, Index> table_of(const std::vector<LinkSize>& links) {
    std::map<std::pair<Index, Index>, Index> table;
    for (const LinkSize& link : links) {
        EXPECT_TRUE(table.emplace(std::pair(link.source, link.target), link.elements).second);
        EXPECT_GT(link.elements, 0);
    }
    return table;
}

TEST(Plan, block_rows_to_block_columns) {
    const Plan plan(parsed("block,*", "2x1", {4, 6}), parsed("*,block", "1x2", {4, 6}));
    const std::map<std::pair<Index, Index>, Index> expected{
        {{0, 0}, 6}, {{1, 0}, 6}, {{0, 1}, 6}, {{1, 1}, 6}};
    auto all = plan.incoming(0);
    for (const LinkSize& link : plan.incoming(1)) all.push_back(link);
    EXPECT_EQ(table_of(all), expected);
    const Cost cost = plan.cost();
    EXPECT_EQ(cost.bytes_moved, 96);
    EXPECT_EQ(cost.bytes_kept, 96);
    EXPECT_EQ(cost.most_bytes_in, 48);
    EXPECT_EQ(cost.most_bytes_out, 48);
    EXPECT_EQ(cost.links, (std::vector<LinkSize>{{1, 0, 6}, {0, 1, 6}}));
}

TEST(Plan, the_links_of_random_plans_are_those_of_every_element_seen_from_either_side) {
    Dice dice(9);
    for (int i = 0; i < 600; ++i) {
        Indices shape;
        for (Index d = dice.between(1, 3); d > 0; --d) shape.push_back(dice.between(0, 14));
        const Layout source = random_layout(dice, shape, 3);
        const Layout target = random_layout(dice, shape, 3);
        const Plan plan(source, target);
        std::map<std::pair<Index, Index>, Index> owners;  // (owner, target): elements
        if (source.elements() > 0) {
            for (Index t = 0; t < target.place_count(); ++t) {
                const Indices extents = target.local_shape(t);
                if (target.local_elements(t) == 0) continue;
                Indices local(shape.size());
                do {
                    const Indices global = target.global(t, local);
                    owners[{source.owner(global), t}]++;
                } while (next_index(local, extents));
            }
        }
        std::vector<LinkSize> in;
        std::vector<LinkSize> out;
        for (Index t = 0; t < target.place_count(); ++t) {
            for (const LinkSize& link : plan.incoming(t)) in.push_back(link);
        }
        for (Index s = 0; s < source.place_count(); ++s) {
            for (const LinkSize& link : plan.outgoing(s)) out.push_back(link);
        }
        ASSERT_EQ(table_of(in), table_of(out));
        if (!source.replicates()) {
            ASSERT_EQ(table_of(in), owners);
        }
        Index bytes = 0;
        for (const LinkSize& link : in) {
            ASSERT_EQ(plan.elements(link.source, link.target), link.elements);
            ASSERT_EQ(plan.link(link.source, link.target).elements, link.elements);
            bytes += link.elements * 8;
        }
        const Cost cost = plan.cost();
        if (plan.moves_nothing()) {
            ASSERT_EQ(cost.bytes_moved + cost.bytes_kept, 0);
        } else {
            ASSERT_EQ(cost.bytes_moved + cost.bytes_kept, bytes);
        }
    }
}

TEST(Plan, equal_placements_move_nothing_however_they_are_described) {
    const auto nothing = [](const Layout& one, const Layout& other) {
        const Plan plan(one, other);
        EXPECT_EQ(plan.moves_nothing(), plan.cost().bytes_kept == 0);
        EXPECT_TRUE(!plan.moves_nothing() || plan.cost().links.empty());
        return plan.moves_nothing();
    };
    EXPECT_TRUE(nothing(parsed("block", "2x2", {8, 8}), parsed("cyclic:4", "2x2", {8, 8})));
    EXPECT_TRUE(nothing(parsed("gen:4/4,*", "2x1", {8, 8}), parsed("block,*", "2x1:C", {8, 8})));
    EXPECT_FALSE(nothing(parsed("block", "2x2", {8, 8}), parsed("block", "2x2:C", {8, 8})));
    const Layout layout = parsed("cyclic:2", "2x2", {8, 8});
    EXPECT_FALSE(Plan(layout, layout, {.order = {1, 0}}).moves_nothing());
    const Region corner{{.start = 0, .count = 4}, {.start = 0, .count = 4}};
    EXPECT_FALSE(Plan(layout, layout, {.source = corner, .target = corner}).moves_nothing());
}

TEST(Plan, places_with_the_same_holder_copy_and_do_not_send) {
    Layout source = parsed("block", "2", {8});
    Layout target = parsed("block", "4", {8});
    source.holders = {10, 11};
    target.holders = {20, 10, 11, 21};
    const Cost cost = Plan(source, target).cost();
    EXPECT_EQ(cost.links, (std::vector<LinkSize>{{0, 0, 2}, {1, 3, 2}}));
    EXPECT_EQ(cost.bytes_kept, 32);
    target.holders = {20, 21, 22, 23};
    EXPECT_EQ(Plan(source, target).cost().bytes_moved, 64);
}

TEST(Plan, of_replicas_the_own_holders_serves_and_others_take_turns) {
    // Four replicas of rows in two halves.
    Layout source = parsed("block,*", "2x4", {8, 3});
    Layout target = parsed("block,*", "8x1", {8, 3});
    source.holders = {0, 1, 2, 3, 4, 5, 6, 7};
    target.holders = {2, 100, 101, 102, 103, 104, 105, 7};
    const Plan plan(source, target);
    EXPECT_EQ(plan.incoming(0), (std::vector<LinkSize>{{2, 0, 3}}));
    EXPECT_EQ(plan.incoming(7), (std::vector<LinkSize>{{7, 7, 3}}));
    std::set<Index> used;
    for (Index t = 1; t < 7; ++t) {
        ASSERT_EQ(plan.incoming(t).size(), 1u);
        used.insert(plan.incoming(t).front().source);
    }
    EXPECT_GE(used.size(), 4u);
    EXPECT_EQ(plan.cost().bytes_kept, 48);
}

TEST(Plan, every_replica_of_a_target_gets_all) {
    const Plan plan(parsed("block", "2", {10}), parsed("*", "3", {10}));
    for (Index t = 0; t < 3; ++t) {
        EXPECT_EQ(plan.incoming(t), (std::vector<LinkSize>{{0, t, 5}, {1, t, 5}}));
    }
}

TEST(Plan, what_cannot_be_planned_is_refused_before_anything_moves) {
    using testing::HasSubstr;
    const Layout layout = parsed("block", "2x2", {8, 6});
    const auto says = [&](const Layout& target, const Mapping& mapping = {}) {
        return refusal_of([&] { Plan(layout, target, mapping); });
    };
    EXPECT_THAT(says(parsed("block", "2x2", {8, 7})),
                HasSubstr("6 elements do not become the 7 of dimension 1"));
    EXPECT_THAT(says(parsed("block", "2", {48})),
                HasSubstr("2 dimensions does not become one of 1"));
    EXPECT_THAT(says(layout, {.order = {1, 1}}), HasSubstr("no permutation"));
    EXPECT_THAT(says(layout, {.order = {1, 0}}), HasSubstr("dimension 0"));
    EXPECT_THAT(says(layout, {.order = {0, 2}}), HasSubstr("no permutation"));
    EXPECT_THAT(says(layout, {.order = {0}}), HasSubstr("no permutation"));
    Layout other = layout;
    other.element_bytes = 4;
    EXPECT_THAT(says(other), HasSubstr("without a conversion"));
    const auto narrowing = conversion_between(ElementType::float64, ElementType::float32);
    EXPECT_EQ(says(other, {.conversion = narrowing}), "(nothing was refused)");
    EXPECT_THAT(says(layout, {.conversion = narrowing}), HasSubstr("have 8 bytes"));
    other.axes[0].source = 2;
    EXPECT_THAT(says(other), HasSubstr("source at place 2"));
    const auto region = [](Slice slice) { return Region{slice, {.start = 0, .count = 6}}; };
    const auto of_source = [&](Slice slice) { return says(layout, {.source = region(slice)}); };
    EXPECT_THAT(of_source({.start = 1, .count = 8}), HasSubstr("does not lie in dimension 0"));
    EXPECT_THAT(of_source({.start = -1, .count = 8}), HasSubstr("does not lie"));
    EXPECT_THAT(of_source({.start = 0, .count = 4, .stride = 3}), HasSubstr("does not lie"));
    EXPECT_THAT(of_source({.start = 0, .count = Index{1} << 61, .stride = Index{1} << 61}),
                HasSubstr("does not lie"));
    EXPECT_THAT(of_source({.start = 0, .count = 4, .stride = 1, .block = 2}), HasSubstr("overlap"));
    EXPECT_THAT(of_source({.start = 0, .count = 4, .stride = 2, .block = 0}), HasSubstr("overlap"));
    EXPECT_THAT(of_source({.start = 0, .count = 4}), HasSubstr("4 elements do not become the 8"));
    EXPECT_THAT(says(layout, {.source = {{.start = 0, .count = 8}}}), HasSubstr("1 dimensions"));
    EXPECT_THAT(refusal_of([] { conversion_between(ElementType::int32, ElementType::float64); }),
                HasSubstr("int32 do not become double"));
}

TEST(Plan, two_to_the_forty_elements_are_planned_as_quickly_as_a_thousand) {
    const auto start = std::chrono::steady_clock::now();
    const Shape shape{1ull << 20, 1ull << 20};
    const Plan plan(parsed("cyclic:64", "8x8", shape),
                    parsed("cyclic:33,cyclic:127", "4x16", shape));
    const Cost cost = plan.cost();
    EXPECT_EQ(cost.bytes_moved + cost.bytes_kept, Index{8} << 40);
    const Plan rows(parsed("block,*", "64x1", shape), parsed("cyclic,*", "64x1", shape));
    EXPECT_EQ(rows.cost().bytes_moved, (Index{8} << 40) / 64 * 63);
    const Plan huge(parsed("cyclic:1000003,*", "1048576x1", {1ull << 40, 1}),
                    parsed("block,*", "1x1", {1ull << 40, 1}));
    EXPECT_EQ(huge.incoming(0).size(), 1048576u);
    EXPECT_EQ(huge.outgoing(5).size(), 1u);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Plan, more_links_than_anybody_can_look_at_are_refused_and_told_place_by_place) {
    const Plan plan(parsed("cyclic", "65536", {1ull << 40}),
                    parsed("cyclic", "65537", {1ull << 40}));
    EXPECT_EQ(plan.incoming(3).size(), 65536u);
    EXPECT_THAT(refusal_of([&] { plan.cost(); }), testing::HasSubstr("place by place"));
}

TEST(PlanCache, gives_what_was_made_of_the_same_and_lets_the_oldest_go) {
    PlanCache cache(2);
    const Layout one = parsed("block", "2", {8});
    const Layout two = parsed("cyclic", "2", {8});
    const PlanPtr first = cache.plan(one, two);
    EXPECT_EQ(cache.plan(one, two), first);
    EXPECT_NE(cache.plan(two, one), first);
    EXPECT_EQ(cache.plan(one, two), first);
    EXPECT_NE(cache.plan(one, one), first);
    EXPECT_EQ(cache.plan(one, two), first) << "the one used last stays";
    EXPECT_EQ(cache.size(), 2u);
    Layout held = two;
    held.holders = {1, 0};
    EXPECT_NE(cache.plan(one, held), first) << "placed anew, planned anew";
}

TEST(PullOrder, targets_begin_at_different_sources_and_copy_their_own_last) {
    const Plan plan(parsed("block", "4", {64}), parsed("cyclic", "4", {64}));
    std::set<Index> first;
    for (Index t = 0; t < 4; ++t) {
        const auto links = pull_order(plan, t);
        ASSERT_EQ(links.size(), 4u);
        first.insert(links.front().source);
        EXPECT_EQ(links.front().source, (t + 1) % 4);
        EXPECT_EQ(links.back().source, t);
        EXPECT_EQ(table_of(links), table_of(plan.incoming(t)));
    }
    EXPECT_EQ(first.size(), 4u);
}

TEST(PullOrder, rounds_use_no_place_twice_and_are_as_few_as_can_be) {
    Dice dice(4);
    for (int i = 0; i < 300; ++i) {
        std::set<std::pair<Index, Index>> pairs;
        const Index places = dice.between(1, 12);
        for (Index k = dice.between(0, 60); k > 0; --k) {
            pairs.emplace(dice.between(0, places), dice.between(0, places));
        }
        std::vector<LinkSize> links;
        std::map<Index, std::size_t> out;
        std::map<Index, std::size_t> in;
        std::size_t most = 0;
        for (const auto& [source, target] : pairs) {
            links.push_back({source, target, 1});
            most = std::max({most, ++out[source], ++in[target]});
        }
        const auto all = rounds(links);
        ASSERT_EQ(all.size(), most);
        std::vector<LinkSize> together;
        for (const auto& round : all) {
            std::set<Index> sources;
            std::set<Index> targets;
            for (const LinkSize& link : round) {
                ASSERT_TRUE(sources.insert(link.source).second);
                ASSERT_TRUE(targets.insert(link.target).second);
                together.push_back(link);
            }
        }
        ASSERT_EQ(table_of(together), table_of(links));
        ASSERT_EQ(together.size(), links.size());
    }
}

}  // namespace
}  // namespace juxta::distribution
