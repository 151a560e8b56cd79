// What every kind of distribution promises. A new kind is run by being in the table of kinds().
#include <gtest/gtest.h>

#include <map>

#include "data_service/distribution/layout_text.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {
namespace {

class EveryKind : public testing::TestWithParam<std::string_view> {
protected:
    const Kind& kind() const { return kind_named(GetParam()); }
    // `check` sees many axes of this kind, empty and odd ones among them.
    template <class Check>
    void for_many(const Check& check) const {
        Dice dice(17);
        for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
            const Index n = dice.between(0, i % 3 == 0 ? 5 : 120);
            const Axis axis = random_axis(dice, n, 9, kind());
            SCOPED_TRACE(testing::Message() << "axis " << i << ": " << n << " over " << axis.places
                                            << ", " << kind().written(axis));
            ASSERT_EQ(kind().objection(axis), "");
            check(axis);
        }
    }
};

std::vector<std::string_view> kind_names() {
    std::vector<std::string_view> names;
    for (const Kind* each : kinds()) names.push_back(each->name());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Distributions, EveryKind, testing::ValuesIn(kind_names()),
                         [](const auto& each) {
                             return each.param == "*" ? "whole" : std::string(each.param);
                         });

TEST_P(EveryKind, is_found_by_its_name) { EXPECT_EQ(find_kind(GetParam()), &kind()); }

TEST_P(EveryKind, every_index_has_one_owner_or_all) {
    for_many([&](const Axis& axis) {
        for (Index g = 0; g < axis.n; ++g) {
            Index owners = 0;
            for (Index p = 0; p < axis.places; ++p) owners += axis.owns(p, g) ? 1 : 0;
            ASSERT_EQ(owners, kind().replicates() ? axis.places : 1);
            ASSERT_TRUE(axis.owns(axis.owner(g), g));
        }
    });
}

TEST_P(EveryKind, local_and_global_are_inverse_and_local_indices_are_dense_and_ascending) {
    for_many([&](const Axis& axis) {
        std::map<Index, Index> next;  // local index expected, of each place
        for (Index g = 0; g < axis.n; ++g) {
            for (Index p = 0; p < axis.places; ++p) {
                if (!axis.owns(p, g)) continue;
                ASSERT_EQ(axis.local(g), next[p]++);
                ASSERT_EQ(axis.global(p, axis.local(g)), g);
            }
        }
        for (Index p = 0; p < axis.places; ++p) ASSERT_EQ(axis.count(p), next[p]);
    });
}

TEST_P(EveryKind, the_pattern_of_a_place_is_what_it_owns_in_ascending_order) {
    for_many([&](const Axis& axis) {
        for (Index p = 0; p < axis.places; ++p) {
            std::vector<std::pair<Index, Index>> owned;
            for (Index g = 0; g < axis.n; ++g) {
                if (axis.owns(p, g)) owned.emplace_back(g, axis.local(g));
            }
            std::vector<std::pair<Index, Index>> told;
            const Pattern pattern = axis.pattern(p);
            ASSERT_LE(pattern.size(), 2u) << "a handful, whatever n is";
            for (const Comb& comb : pattern) {
                for (Index tooth = 0; tooth < comb.count; ++tooth) {
                    for (Index i = 0; i < comb.length; ++i) {
                        told.emplace_back(
                            comb.first + tooth * comb.period + i,
                            comb.local + tooth * comb.local_period + i * comb.local_step);
                    }
                }
            }
            ASSERT_EQ(told, owned);
            for (Index g = 0; g <= axis.n; ++g) {
                Index below = 0;
                for (const Comb& comb : pattern) below += comb.below(g);
                ASSERT_EQ(below, std::ranges::count_if(
                                     owned, [g](const auto& each) { return each.first < g; }));
            }
        }
    });
}

TEST_P(EveryKind, the_source_process_owns_the_first_block) {
    for_many([&](const Axis& axis) {
        if (axis.n == 0 || kind().replicates()) return;
        if (axis.count(axis.source) > 0) {
            ASSERT_EQ(axis.owner(0), axis.source);
        }
        Axis unmoved = axis;
        unmoved.source = 0;
        for (Index p = 0; p < axis.places; ++p) {
            ASSERT_EQ(axis.count((p + axis.source) % axis.places), unmoved.count(p));
        }
    });
}

TEST_P(EveryKind, its_words_parse_to_itself) {
    for_many([&](const Axis& axis) {
        Layout layout;
        layout.axes = {axis};
        const DataType type{ElementType::float64, {static_cast<std::uint64_t>(axis.n)}};
        ASSERT_EQ(parse_layout(text_of(layout), type), layout);
    });
}

TEST_P(EveryKind, holds_for_more_elements_than_32_bits_count) {
    const Index n = (Index{1} << 40) + 12345;
    for (const Index places : {1, 3, 64}) {
        Axis axis(n, kind(), places);
        axis.block = kind().name() == "cyclic" ? (Index{1} << 31) + 7 : 0;
        if (kind().name() == "gen") {
            axis.parts.assign(static_cast<std::size_t>(places), 0);
            axis.parts.back() = n;
        }
        axis.source = places - 1;
        ASSERT_EQ(kind().objection(axis), "");
        Index sum = 0;
        for (Index p = 0; p < places; ++p) sum += elements_of(axis.pattern(p));
        EXPECT_EQ(sum, kind().replicates() ? n * places : n);
        for (const Index g : {Index{0}, n / 3, (Index{1} << 31) + 6, (Index{1} << 33), n - 1}) {
            EXPECT_EQ(axis.global(axis.owner(g), axis.local(g)), g);
        }
    }
}

}  // namespace
}  // namespace juxta::distribution
