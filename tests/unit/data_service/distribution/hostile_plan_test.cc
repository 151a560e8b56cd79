// Descriptions that somebody else sent: whatever they are, they are refused or planned, at once and
// without much memory; never a crash.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "common/base/error.h"
#include "data_service/distribution/link_stream.h"
#include "data_service/distribution/scalapack.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {
namespace {

// Numbers round the edges of everything.
Index hostile_number(Dice& dice) {
    const Index edges[] = {0,
                           1,
                           2,
                           3,
                           7,
                           8,
                           64,
                           1000,
                           kMostPlaces,
                           kMostPlaces + 1,
                           Index{1} << 31,
                           (Index{1} << 32) + 1,
                           Index{1} << 40,
                           (Index{1} << 59) - 1,
                           kIndexLimit - 1,
                           kIndexLimit,
                           std::numeric_limits<Index>::max(),
                           std::numeric_limits<Index>::min(),
                           -1,
                           -8};
    return edges[dice.between(0, std::ssize(edges) - 1)];
}

Index often_sound(Dice& dice, Index sound) {
    return dice.once_in(12) ? hostile_number(dice) : sound;
}

Layout hostile_layout(Dice& dice, const Indices& shape) {
    Layout layout;
    for (const Index n : shape) {
        Axis axis = random_axis(dice, std::min<Index>(std::max<Index>(n, 0), 50), 6);
        if (dice.once_in(3)) axis.block = hostile_number(dice);
        axis.n = n;
        if (axis.kind->name() == "gen" && n > 50) axis.parts.back() += n - 50;
        axis.places = often_sound(dice, axis.places);
        axis.source = often_sound(dice, axis.source);
        layout.axes.push_back(axis);
    }
    layout.element_bytes = often_sound(dice, 8);
    return layout;
}

// Asks a little of everything, of places at either end.
void ask(const Plan& plan) {
    for (const Index t : {Index{0}, plan.target().place_count() - 1}) {
        plan.target().local_bytes(t);
        if (plan.source().place_count() > 4096) continue;
        for (const LinkSize& size : plan.incoming(t)) {
            if (size.source % 1009 != 0) continue;
            const Link link = plan.link(size.source, t);
            ASSERT_EQ(link.elements, size.elements);
            const Indices from = plan.source().strides(size.source);
            const Indices to = plan.target().strides(t);
            LinkWalk walk(link, from, to);
            for (const Index at : {Index{0}, link.elements / 2, link.elements - 1}) {
                walk.seek(at);
                const Box box = walk.box(100);
                ASSERT_GE(box.elements, 1);
                ASSERT_LE(box.elements, 100);
                ASSERT_GE(box.source, 0);
                ASSERT_LT(box.source, plan.source().span_elements(size.source, from) * 8);
                ASSERT_GE(box.target, 0);
                ASSERT_LT(box.target, plan.target().span_elements(t, to) * 8);
            }
        }
    }
}

TEST(HostilePlan, any_numbers_are_refused_or_planned_at_once) {
    Dice dice(8);
    int planned = 0;
    int refused = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 4000; ++i) {
        SCOPED_TRACE(i);
        Indices shape;
        for (Index d = dice.between(1, 3); d > 0; --d) {
            shape.push_back(dice.once_in(2) ? dice.between(0, 60) : hostile_number(dice));
        }
        const Layout source = hostile_layout(dice, shape);
        const Layout target = hostile_layout(dice, shape);
        Mapping mapping;
        if (dice.once_in(4)) {
            for (const Index n : shape) {
                mapping.source.push_back({.start = often_sound(dice, 0),
                                          .count = often_sound(dice, std::max<Index>(n, 0) / 4),
                                          .stride = often_sound(dice, 3),
                                          .block = often_sound(dice, 1)});
            }
            mapping.target = mapping.source;
        }
        try {
            const Plan plan(source, target, mapping);
            ++planned;
            ask(plan);
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
            ++refused;
        }
        if (testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GT(planned, 300);
    EXPECT_GT(refused, 300);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(HostilePlan, any_nine_integers_are_a_descriptor_or_refused) {
    Dice dice(12);
    int accepted = 0;
    for (int i = 0; i < 20000; ++i) {
        std::array<std::int32_t, 9> numbers{};
        for (auto& number : numbers) {
            const std::int32_t edges[] = {0, 1, 2, 5, 100, INT32_MAX, INT32_MIN, -1};
            number = edges[dice.between(0, dice.once_in(3) ? 7 : 4)];
        }
        numbers[0] = 1;
        try {
            const Layout layout = layout_of(Descriptor::from(numbers), {3, 4, Order::row_major}, 8);
            ++accepted;
            for (Index place = 0; place < 12; ++place) layout.local_bytes(place);
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), ErrorCode::invalid_argument);
        }
    }
    EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace juxta::distribution
