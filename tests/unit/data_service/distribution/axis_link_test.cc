// The intersection of two patterns beside the obvious way: looking at every index.
#include "data_service/distribution/axis_link.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <numeric>

#include "common/base/error.h"
#include "data_service/distribution/axis_walk.h"
#include "data_service/distribution/region.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {
namespace {

// More of them: ./dev plans.
Index cases(Index usual) {
    const char* wanted = std::getenv("JUXTA_DISTRIBUTION_CASES");
    return wanted == nullptr ? usual : std::atol(wanted);
}

using Pairs = std::vector<std::pair<Index, Index>>;  // local index at the source, at the target

Slice random_slice(Dice& dice, Index n, Index elements, bool strided) {
    Slice slice{.start = 0, .count = elements};
    if (strided && elements > 0) {
        slice.block = dice.between(1, 3);
        if (elements % slice.block != 0) slice.block = 1;
        slice.count = elements / slice.block;
        const Index room =
            slice.count > 1 ? (n - slice.block) / (slice.count - 1) : slice.block + 3;
        slice.stride = dice.between(slice.block, std::max(room, slice.block));
    }
    const Index last = elements == 0 ? 0 : (slice.count - 1) * slice.stride + slice.block;
    slice.start = dice.between(0, n - last);
    return slice;
}

Index index_of(const Slice& slice, Index nth) {
    return slice.start + nth / slice.block * slice.stride + nth % slice.block;
}

Pairs obvious(const Axis& source, Index p, const Slice& from, const Axis& target, Index q,
              const Slice& to) {
    Pairs pairs;
    for (Index k = 0; k < from.elements(); ++k) {
        const Index here = index_of(from, k);
        const Index there = index_of(to, k);
        if (source.owns(p, here) && target.owns(q, there)) {
            pairs.emplace_back(source.local(here), target.local(there));
        }
    }
    return pairs;
}

void add(const AxisBox& box, Pairs& pairs) {
    std::array<Loop, 3> loops;
    std::copy_backward(box.loops.begin(), box.loops.begin() + static_cast<long>(box.depth),
                       loops.end());
    for (Index i = 0; i < loops[0].count; ++i) {
        for (Index j = 0; j < loops[1].count; ++j) {
            for (Index k = 0; k < loops[2].count; ++k) {
                pairs.emplace_back(box.source + i * loops[0].source_stride +
                                       j * loops[1].source_stride + k * loops[2].source_stride,
                                   box.target + i * loops[0].target_stride +
                                       j * loops[1].target_stride + k * loops[2].target_stride);
            }
        }
    }
}

Pairs walked(const AxisLink& link, Index most) {
    Pairs pairs;
    for (AxisWalk walk(link); !walk.done();) {
        const AxisBox box = walk.box(most);
        EXPECT_LE(box.elements, most);
        add(box, pairs);
        walk.advance(box.elements);
    }
    return pairs;
}

Pairs sorted(Pairs pairs) {
    std::ranges::sort(pairs);
    return pairs;
}

TEST(AxisLink, random_pairs_of_distributions_and_regions_agree_with_looking_at_every_index) {
    Dice dice(1);
    const Index wanted = cases(20000);
    for (Index i = 0; i < wanted; ++i) {
        const bool strided = i % 4 == 3;
        const Index elements = dice.between(0, i % 3 == 0 ? 12 : 300);
        const Index factor = strided ? 4 : 1;
        const Axis source = random_axis(dice, elements * factor + dice.between(0, 9), 7);
        const Axis target = random_axis(dice, elements * factor + dice.between(0, 9), 7);
        const Slice from = random_slice(dice, source.n, elements, strided && dice.once_in(2));
        const Slice to = random_slice(dice, target.n, elements, strided);
        Index all = 0;
        for (Index p = 0; p < source.places; ++p) {
            for (Index q = 0; q < target.places; ++q) {
                SCOPED_TRACE(testing::Message() << "case " << i << " pair " << p << ' ' << q);
                const Pattern here = section(source.pattern(p), from);
                const Pattern there = section(target.pattern(q), to);
                const Pairs expected = obvious(source, p, from, target, q, to);
                const AxisLink link(here, there);
                ASSERT_EQ(link.elements(), std::ssize(expected));
                ASSERT_EQ(overlap(here, there), std::ssize(expected));
                ASSERT_EQ(overlap(there, here), std::ssize(expected));
                const Pairs one_by_one = walked(link, 1);
                ASSERT_EQ(sorted(one_by_one), sorted(expected));
                ASSERT_EQ(walked(link, dice.between(1, 70)), one_by_one)
                    << "the order does not depend on how much is taken at a time";
                const Index at = dice.between(0, link.elements());
                AxisWalk walk(link);
                walk.seek(at);
                ASSERT_EQ(walk.done(), at == link.elements());
                if (!walk.done()) {
                    const AxisBox box = walk.box(1);
                    ASSERT_EQ(std::pair(box.source, box.target),
                              one_by_one[static_cast<std::size_t>(at)]);
                }
                all += link.elements();
            }
        }
        const Index copies = (source.kind->replicates() ? source.places : 1) *
                             (target.kind->replicates() ? target.places : 1);
        ASSERT_EQ(all, elements * copies);
    }
}

Axis dealt(Index n, Index block, Index places, Index source = 0) {
    Axis axis(n, kind_named("cyclic"), places);
    axis.block = block;
    axis.source = source;
    return axis;
}

TEST(AxisLink, sizes_at_the_edges_of_blocks_and_periods_with_every_source_process_on_both_sides) {
    for (const auto& [bs, ps, bt, pt] :
         {std::array<Index, 4>{1, 7, 1, 8}, std::array<Index, 4>{1, 8, 1, 7},
          std::array<Index, 4>{2, 3, 3, 2}, std::array<Index, 4>{5, 1, 2, 6},
          std::array<Index, 4>{3, 4, 7, 1}, std::array<Index, 4>{4, 2, 4, 2},
          std::array<Index, 4>{2, 2, 8, 3}, std::array<Index, 4>{100, 2, 3, 2}}) {
        const Index both = std::lcm(bs * ps, bt * pt);
        for (const Index n :
             {Index{0}, Index{1}, Index{2}, Index{7}, Index{13}, bs - 1, bs * ps - 1, bs * ps,
              bs * ps + 1, bt * pt - 1, bt * pt + 1, both - 1, both, both + 1, 2 * both + 3}) {
            for (Index sources = 0; sources < ps * pt; ++sources) {
                const Axis source = dealt(n, bs, ps, sources % ps);
                const Axis target = dealt(n, bt, pt, sources / ps);
                const Slice all{.start = 0, .count = n};
                for (Index p = 0; p < ps; ++p) {
                    for (Index q = 0; q < pt; ++q) {
                        const AxisLink link(source.pattern(p), target.pattern(q));
                        ASSERT_EQ(sorted(walked(link, 64)),
                                  sorted(obvious(source, p, all, target, q, all)))
                            << n << ": " << bs << 'x' << ps << " -> " << bt << 'x' << pt;
                    }
                }
            }
        }
    }
}

TEST(AxisLink, very_long_lists_of_runs_are_drawn_in_windows_that_agree_wherever_one_starts) {
    // Coprime blocks: the patterns meet differently in each of thousands of blocks.
    const Axis source = dealt(300000, 13, 3, 1);
    const Axis target = dealt(300000, 17, 1031, 5);
    const Axis other = dealt(300000, 11, 7);
    Dice dice(2);
    for (const auto& [one, two] : {std::pair(source, target), std::pair(target, source),
                                   std::pair(source, other), std::pair(other, source)}) {
        const Slice all{.start = 0, .count = 300000};
        const AxisLink link(one.pattern(1), two.pattern(2));
        const Pairs expected = obvious(one, 1, all, two, 2, all);
        const Pairs one_by_one = walked(link, 1);
        ASSERT_EQ(sorted(one_by_one), sorted(expected));
        ASSERT_EQ(walked(link, 64), one_by_one);
        AxisWalk walk(link);
        for (int i = 0; i < 300 && !expected.empty(); ++i) {
            const Index at = dice.between(0, link.elements() - 1);
            const Index start = walk.seek_box(at, 64);
            const AxisBox box = walk.box(64);
            ASSERT_LE(start, at);
            ASSERT_GT(start + box.elements, at);
            Pairs told;
            add(box, told);
            ASSERT_EQ(told,
                      Pairs(one_by_one.begin() + start, one_by_one.begin() + start + box.elements));
        }
    }
}

TEST(AxisLink, a_section_that_is_drawn_repeats_and_has_windows_without_any_run) {
    // The longer period is the source's; 4099 of its teeth make one period of both.
    const Index n = 4099 * 4098 * 3;
    const Axis source = dealt(n, 1, 4098);
    const Axis target = dealt(n, 1, 4099);
    const AxisLink link(source.pattern(7), target.pattern(4000));
    EXPECT_EQ(link.elements(), 3);
    const Slice all{.start = 0, .count = n};
    EXPECT_EQ(walked(link, 5), obvious(source, 7, all, target, 4000, all));
    AxisWalk walk(link);
    walk.seek(2);
    EXPECT_EQ(walk.box(1).elements, 1);
}

TEST(AxisLink, the_size_of_the_array_does_not_matter) {
    const auto start = std::chrono::steady_clock::now();
    Index checked = 0;
    for (const Index n : {Index{8192}, Index{1000000007}, Index{1} << 40, Index{1} << 58}) {
        for (const auto& [bs, ps, bt, pt] :
             {std::array<Index, 4>{64, 16, 32, 24}, std::array<Index, 4>{1, 7, 1, 8},
              std::array<Index, 4>{100, 12, 128, 35}, std::array<Index, 4>{997, 31, 1009, 29},
              std::array<Index, 4>{1, 64, n / 63 + 1, 63}, std::array<Index, 4>{1, 1, n, 1},
              std::array<Index, 4>{999983, 3, 1000003, 5},
              std::array<Index, 4>{(Index{1} << 31) - 1, 3, (Index{1} << 29) + 11, 5}}) {
            const Axis source = dealt(n, bs, ps, ps - 1);
            const Axis target = dealt(n, bt, pt, pt / 2);
            // Of one place, what the others have of it is all it has.
            Index row = 0;
            for (Index q = 0; q < pt; ++q) row += overlap(source.pattern(0), target.pattern(q));
            ASSERT_EQ(row, source.count(0))
                << n << ' ' << bs << 'x' << ps << ' ' << bt << 'x' << pt;
            Index column = 0;
            for (Index p = 0; p < ps; ++p) column += overlap(source.pattern(p), target.pattern(0));
            ASSERT_EQ(column, target.count(0));
            const AxisLink link(source.pattern(ps - 1), target.pattern(0));
            ASSERT_EQ(link.elements(), overlap(source.pattern(ps - 1), target.pattern(0)));
            // The last element, by seeking, is where its owners say.
            AxisWalk walk(link);
            if (link.elements() > 0) {
                walk.seek(link.elements() - 1);
                const AxisBox box = walk.box(1);
                ASSERT_EQ(source.global(ps - 1, box.source), target.global(0, box.target));
            }
            ++checked;
        }
    }
    EXPECT_EQ(checked, 32);
    // A generous bound: what grew with n would take years.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(FloorSums, agree_with_adding_up) {
    Dice dice(7);
    for (int i = 0; i < 5000; ++i) {
        const Index count = dice.between(0, 40);
        const Index a = dice.between(0, 90);
        const Index b = dice.between(0, 90);
        const Index c = dice.between(1, 60);
        FloorSums expected;
        for (Index x = 0; x < count; ++x) {
            const Index f = (a * x + b) / c;
            expected.plain += f;
            expected.weighted += x * f;
            expected.squares += f * f;
        }
        const FloorSums sums = floor_sums(count, a, b, c);
        ASSERT_TRUE(sums.plain == expected.plain && sums.weighted == expected.weighted &&
                    sums.squares == expected.squares)
            << count << ' ' << a << ' ' << b << ' ' << c;
    }
}

TEST(Region, a_stride_that_meets_a_distribution_in_too_many_ways_is_refused) {
    const Axis axis = dealt(Index{1} << 40, 24576, 4);
    EXPECT_THROW(section(axis.pattern(1), {.start = 1, .count = 1 << 20, .stride = 99991}), Error);
    EXPECT_THROW(
        section(axis.pattern(1), {.start = 1, .count = 1000, .stride = (1 << 30) + 1, .block = 2}),
        Error);
}

}  // namespace
}  // namespace juxta::distribution
