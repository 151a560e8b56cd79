#include "data_service/distribution/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"
#include "data_service/distribution/scalapack.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {
namespace {

DataType doubles(Shape shape) { return {ElementType::float64, std::move(shape)}; }

Layout parsed(const std::string& dist, const std::string& grid, Shape shape,
              const std::string& src = {}) {
    return parse_layout({dist, grid, src}, doubles(std::move(shape)));
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

TEST(Layout, block_rows_are_dealt_as_by_hpf_and_the_last_places_may_be_empty) {
    const Layout layout = parsed("block,*", "4x1", {9, 5});
    EXPECT_EQ(layout.local_shape(0), (Indices{3, 5}));
    EXPECT_EQ(layout.local_shape(2), (Indices{3, 5}));
    EXPECT_EQ(layout.local_shape(3), (Indices{0, 5}));
    EXPECT_EQ(layout.local_bytes(3), 0);
}

TEST(Layout, places_are_numbered_along_rows_or_columns_of_the_grid) {
    EXPECT_EQ(parsed("block", "2x3", {6, 6}).coordinates(1), (Indices{0, 1}));
    EXPECT_EQ(parsed("block", "2x3:R", {6, 6}).coordinates(3), (Indices{1, 0}));
    EXPECT_EQ(parsed("block", "2x3:C", {6, 6}).coordinates(1), (Indices{1, 0}));
    EXPECT_EQ(parsed("block", "2x3x4:C", {6, 6, 6}).coordinates(7), (Indices{1, 0, 1}));
}

TEST(Layout, every_element_is_found_at_its_owner_and_nowhere_else_in_any_dimensions) {
    Dice dice(5);
    for (int i = 0; i < 300; ++i) {
        Indices shape;
        for (Index d = dice.between(1, 4); d > 0; --d) shape.push_back(dice.between(0, 6));
        const Layout layout = random_layout(dice, shape, 3);
        layout.check();
        Index held = 0;
        for (Index place = 0; place < layout.place_count(); ++place) {
            ASSERT_EQ(layout.place_at(layout.coordinates(place)), place);
            held += layout.local_elements(place);
        }
        Index replicas = 1;
        for (const Axis& axis : layout.axes) {
            if (axis.kind->replicates()) replicas *= axis.places;
        }
        ASSERT_EQ(held, layout.elements() * replicas);
        ASSERT_EQ(layout.replicates(), replicas > 1);
        if (layout.elements() == 0) continue;
        Indices index(shape.size());
        do {
            const Index owner = layout.owner(index);
            const Indices local = layout.local(index);
            const Indices extents = layout.local_shape(owner);
            for (std::size_t d = 0; d < shape.size(); ++d) ASSERT_LT(local[d], extents[d]);
            ASSERT_EQ(layout.global(owner, local), index);
        } while (next_index(index, shape));
    }
}

TEST(Layout, a_local_piece_is_column_major_with_a_leading_dimension_as_scalapacks) {
    const Layout layout = parsed("cyclic:2,cyclic:3", "2x2", {7, 11});
    EXPECT_EQ(layout.local_shape(0), (Indices{4, 6}));
    EXPECT_EQ(layout.strides(0), (Indices{1, 4}));
    EXPECT_EQ(layout.strides(0, 10), (Indices{1, 10}));
    EXPECT_EQ(layout.span_elements(0, layout.strides(0, 10)), 54);
    Layout rows = layout;
    rows.local_order = Order::row_major;
    EXPECT_EQ(rows.strides(0), (Indices{6, 1}));
    EXPECT_EQ(rows.strides(0, 8), (Indices{8, 1}));
}

TEST(Layout, pieces_of_three_dimensions_have_either_order) {
    Layout layout = parsed("block,*,cyclic", "2x1x2", {4, 5, 6});
    EXPECT_EQ(layout.strides(0), (Indices{1, 2, 10}));
    layout.local_order = Order::row_major;
    EXPECT_EQ(layout.strides(0), (Indices{15, 3, 1}));
}

TEST(Layout, a_leading_dimension_below_the_local_one_is_refused) {
    const Layout layout = parsed("block", "2x2", {8, 8});
    EXPECT_THAT(refusal_of([&] { layout.strides(1, 3); }),
                testing::HasSubstr("leading dimension of 3 at place 1, which has 4 elements"));
    EXPECT_THAT(refusal_of([&] { layout.strides(1, Index{1} << 60); }),
                testing::HasSubstr("2^62 bytes"));
    EXPECT_THAT(refusal_of([&] { layout.strides(1, -1); }), testing::HasSubstr("-1"));
}

TEST(Layout, equal_placements_are_seen_through_different_descriptions) {
    const auto same = [](const Layout& one, const Layout& other) {
        EXPECT_EQ(same_placement(one, other), same_placement(other, one));
        return same_placement(one, other);
    };
    EXPECT_TRUE(same(parsed("block", "4", {12}), parsed("cyclic:3", "4", {12})));
    EXPECT_TRUE(same(parsed("block", "4", {12}), parsed("gen:3/3/3/3", "4", {12})));
    EXPECT_TRUE(same(parsed("block", "2x2", {1, 8}), parsed("cyclic:1,cyclic:4", "2x2", {1, 8})));
    EXPECT_TRUE(same(parsed("cyclic:7", "1", {12}), parsed("*", "1", {12})));
    EXPECT_TRUE(same(parsed("cyclic:5", "3", {5}, "1"), parsed("gen:0/5/0", "3", {5})));
    EXPECT_TRUE(same(parsed("block,*", "4x1", {8, 3}), parsed("block,*", "4x1:C", {8, 3})));
    EXPECT_FALSE(same(parsed("block", "2x2", {8, 8}), parsed("block", "2x2:C", {8, 8})));
    EXPECT_FALSE(same(parsed("block", "4", {12}), parsed("cyclic", "4", {12})));
    EXPECT_FALSE(same(parsed("block", "4", {12}), parsed("block", "3", {12})));
    EXPECT_FALSE(same(parsed("block", "4", {12}), parsed("block", "4", {12}, "1")));
    Layout held = parsed("block", "4", {12});
    held.holders = {0, 1, 2, 3};
    EXPECT_TRUE(same(parsed("block", "4", {12}), held));
    held.holders = {1, 0, 2, 3};
    EXPECT_FALSE(same(parsed("block", "4", {12}), held));
    Layout rows = parsed("block,*", "4x1", {8, 3});
    rows.local_order = Order::row_major;
    EXPECT_FALSE(same(parsed("block,*", "4x1", {8, 3}), rows));
}

TEST(Layout, the_order_of_pieces_with_one_long_dimension_does_not_matter) {
    Layout columns = parsed("block,*", "8x1", {8, 3});
    Layout rows = columns;
    rows.local_order = Order::row_major;
    EXPECT_TRUE(same_placement(columns, rows));
}

TEST(Layout, random_layouts_are_the_same_exactly_if_all_elements_are_at_the_same_places) {
    Dice dice(23);
    int same = 0;
    for (int i = 0; i < 20000; ++i) {
        const Indices shape{dice.between(0, 3), dice.between(0, 4)};
        const Layout one = random_layout(dice, shape, 3);
        const Layout other = random_layout(dice, shape, 3);
        bool expected = one.place_count() == other.place_count();
        for (Index place = 0; expected && place < one.place_count(); ++place) {
            const auto content = [&](const Layout& layout) {
                std::map<Index, Indices> elements;
                const Indices extents = layout.local_shape(place);
                if (layout.local_elements(place) == 0) return elements;
                const Indices strides = layout.strides(place);
                Indices local(extents.size());
                do {
                    elements[local[0] * strides[0] + local[1] * strides[1]] =
                        layout.global(place, local);
                } while (next_index(local, extents));
                return elements;
            };
            expected = content(one) == content(other);
        }
        ASSERT_EQ(same_placement(one, other), expected)
            << shape[0] << "x" << shape[1] << ": " << to_string(one) << " and " << to_string(other);
        same += expected ? 1 : 0;
    }
    EXPECT_GT(same, 100);
}

TEST(LayoutText, the_words_of_the_command_line) {
    const Layout layout = parsed("cyclic:2,block", "2x3:C", {10, 12}, "1,2");
    EXPECT_EQ(to_string(layout), "cyclic:2,block on 2x3:C from 1,2");
    EXPECT_EQ(layout.axes[0].source, 1);
    EXPECT_EQ(layout.axes[1].places, 3);
    EXPECT_EQ(to_string(parsed("cyclic:1", "2x2:R", {4, 4})), "cyclic on 2x2");
    EXPECT_EQ(to_string(parsed("gen:1/0/3", "3", {4}, "0")), "gen:1/0/3 on 3");
    EXPECT_EQ(to_string(parsed("*,cyclic", "4", {4, 4})), "*,cyclic on 1x4");
    EXPECT_EQ(to_string(parsed("*,cyclic", "2x4", {4, 4})), "*,cyclic on 2x4");
    EXPECT_EQ(to_string(parsed("block,*", "4", {4, 4}, "3")), "block,* on 4x1 from 3,0");
}

TEST(LayoutText, without_a_grid_the_places_are_shared_evenly_by_the_divided_dimensions) {
    const auto grid = [](const std::string& dist, Shape shape, Index places) {
        return text_of(parse_layout({dist, "", ""}, doubles(std::move(shape)), places)).grid;
    };
    EXPECT_EQ(grid("block", {9, 9}, 6), "3x2");
    EXPECT_EQ(grid("block", {9, 9}, 16), "4x4");
    EXPECT_EQ(grid("block,*", {9, 9}, 6), "6x1");
    EXPECT_EQ(grid("*", {9, 9}, 6), "1x1");
    EXPECT_EQ(grid("gen:4/5,block", {9, 9}, 6), "2x3");
    EXPECT_EQ(grid("block", {9}, 7), "7");
    EXPECT_EQ(grid("block", {9}, 0), "1");
}

TEST(LayoutText, words_that_are_no_distribution_are_refused_with_those_that_are) {
    const auto says = [](const std::string& dist, const std::string& grid, Shape shape,
                         const std::string& src = {}) {
        return refusal_of([&] { parsed(dist, grid, shape, src); });
    };
    using testing::HasSubstr;
    EXPECT_THAT(says("blok", "2", {4}), HasSubstr("there are: *, block, cyclic[:B], gen:"));
    EXPECT_THAT(says("", "2", {4}), HasSubstr("'' is no distribution"));
    EXPECT_THAT(says("cyclic:", "2", {4}), HasSubstr("'cyclic:' is no distribution"));
    EXPECT_THAT(says("cyclic:x", "2", {4}), HasSubstr("cyclic[:B]"));
    EXPECT_THAT(says("cyclic:-1", "2", {4}), HasSubstr("cyclic[:B]"));
    EXPECT_THAT(says("cyclic:0", "2", {4}), HasSubstr("blocks of 0 elements"));
    EXPECT_THAT(says("cyclic:99999999999999999999", "2", {4}), HasSubstr("cyclic[:B]"));
    EXPECT_THAT(says("block:2", "2", {4}), HasSubstr("it is written block"));
    EXPECT_THAT(says("gen:1//3", "3", {4}), HasSubstr("gen:N1/N2/..."));
    EXPECT_THAT(says("gen:1/2", "2", {4}), HasSubstr("add up to 3, not to 4"));
    EXPECT_THAT(says("gen:1/3", "3", {4}), HasSubstr("2 lengths for 3 places"));
    EXPECT_THAT(says("block,block", "2", {4}), HasSubstr("2 kinds for double 4"));
    EXPECT_THAT(says("block", "2", {4, 4}), HasSubstr("--grid 2 has 1 dimensions"));
    EXPECT_THAT(says("block", "2x2", {4}), HasSubstr("--grid 2x2 has 2 dimensions"));
    EXPECT_THAT(says("block", "2xx2", {4, 4}), HasSubstr("it is written PxQ"));
    EXPECT_THAT(says("block", "2x2:D", {4, 4}), HasSubstr("PxQ:C"));
    EXPECT_THAT(says("block", "2x2:R:C", {4, 4}), HasSubstr("PxQ:C"));
    EXPECT_THAT(says("block", "0x2", {4, 4}), HasSubstr("0 places"));
    EXPECT_THAT(says("block", "2", {4}, "2"), HasSubstr("its source at place 2"));
    EXPECT_THAT(says("block", "2", {4}, "0,0"), HasSubstr("--src 0,0 has 2 numbers"));
    EXPECT_THAT(says("block", "2", {4}, "x"), HasSubstr("it is written p,q"));
    EXPECT_THAT(says("block", "1", {}), HasSubstr("scalar"));
}

TEST(LayoutText, random_layouts_parse_to_themselves) {
    Dice dice(3);
    for (int i = 0; i < 3000; ++i) {
        Indices shape;
        DataType type = doubles({});
        for (Index d = dice.between(1, 4); d > 0; --d) {
            shape.push_back(dice.between(0, 60));
            type.shape.push_back(static_cast<std::uint64_t>(shape.back()));
        }
        Layout layout = random_layout(dice, shape, 5);
        layout.local_order = Order::column_major;
        ASSERT_EQ(parse_layout(text_of(layout), type), layout) << to_string(layout);
    }
}

TEST(HostileLayout, sizes_beyond_all_bounds_are_refused_at_once) {
    const Index most = std::numeric_limits<Index>::max();
    const auto refused = [](const std::function<void(Layout&)>& spoil) {
        Layout layout = parsed("cyclic:2,cyclic:2", "2x2", {8, 8});
        spoil(layout);
        return refusal_of([&] { layout.check(); });
    };
    using testing::HasSubstr;
    EXPECT_THAT(refused([&](Layout& l) { l.axes[0].n = most; }), HasSubstr("0 to 2^62"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].n = -1; }), HasSubstr("-1 elements"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].n = l.axes[1].n = Index{1} << 40; }),
                HasSubstr("2^62 bytes"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].n = Index{1} << 59; }), HasSubstr("2^62 bytes"));
    EXPECT_THAT(refused([&](Layout& l) { l.axes[1].places = most; }), HasSubstr("dimension 1"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].places = l.axes[1].places = kMostPlaces; }),
                HasSubstr("the grid has over"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].places = 0; }), HasSubstr("0 places"));
    EXPECT_THAT(refused([](Layout& l) { l.axes[0].source = -1; }), HasSubstr("source"));
    EXPECT_THAT(refused([&](Layout& l) { l.axes[0].block = most; }), HasSubstr("blocks of"));
    EXPECT_THAT(refused([](Layout& l) { l.element_bytes = 0; }), HasSubstr("0 bytes"));
    EXPECT_THAT(refused([&](Layout& l) { l.element_bytes = most; }), HasSubstr("bytes"));
    EXPECT_THAT(refused([](Layout& l) { l.axes.clear(); }), HasSubstr("0 dimensions"));
    EXPECT_THAT(refused([](Layout& l) { l.axes.resize(17, l.axes[0]); }), HasSubstr("17"));
    EXPECT_THAT(refused([](Layout& l) { l.holders = {1, 2}; }), HasSubstr("2 holders"));
    EXPECT_THAT(refused([](Layout& l) { l.holders = {1, 2, 3, 1}; }), HasSubstr("one holder"));
    EXPECT_THAT(refused([&](Layout& l) {
                    l.axes[0] = Axis(4, kind_named("gen"), 3);
                    l.axes[0].parts = {most, most, 6};
                }),
                HasSubstr("more than 2^62"));
    EXPECT_THAT(refusal_of([] {
                    parsed("block", "2x2", {~std::uint64_t{0}, 2});
                }),
                HasSubstr("0 to 2^62"));
}

TEST(HostileLayout, what_is_huge_but_sound_is_described_at_once) {
    const Layout layout = parsed("cyclic:1073741823,block", "1048576x1", {1ull << 40, 3});
    EXPECT_EQ(layout.place_count(), kMostPlaces);
    EXPECT_EQ(layout.local_shape(1023), (Indices{1073741823, 3}));
    EXPECT_EQ(layout.local_shape(1024), (Indices{1024, 3}));
    EXPECT_EQ(layout.local_bytes(1025), 0);
    EXPECT_EQ(layout.coordinates(kMostPlaces - 1), (Indices{kMostPlaces - 1, 0}));
}

TEST(Scalapack, descriptors_go_in_and_out) {
    const std::array<std::int32_t, 9> numbers{1, 42, 100, 70, 8, 16, 1, 2, 60};
    const Descriptor descriptor = Descriptor::from(numbers);
    EXPECT_EQ(descriptor.narrow(), numbers);
    const Layout layout = layout_of(descriptor, {2, 3, Order::column_major}, 8);
    EXPECT_EQ(to_string(layout), "cyclic:8,cyclic:16 on 2x3:C from 1,2");
    for (Index place = 0; place < 6; ++place) {
        EXPECT_EQ(descriptor_of(layout, place, 60, 42), descriptor);
    }
    EXPECT_EQ(descriptor_of(layout, 0).leading, layout.local_shape(0)[0]);
}

TEST(Scalapack, blocks_and_undivided_dimensions_have_descriptors_too) {
    const Layout layout = parsed("block,*", "4x1", {10, 6});
    const Descriptor descriptor = descriptor_of(layout, 3);
    EXPECT_EQ(descriptor.row_block, 3);
    EXPECT_EQ(descriptor.column_block, 6);
    EXPECT_EQ(descriptor.leading, 1);
    EXPECT_TRUE(same_placement(layout_of(descriptor, {4, 1, Order::row_major}, 8), layout));
    const Descriptor column = descriptor_of(parsed("cyclic:4", "3", {20}, "1"), 1);
    EXPECT_EQ(column.columns, 1);
    EXPECT_EQ(column.row_source, 1);
    EXPECT_EQ(column.leading, 8);
}

TEST(Scalapack, what_its_descriptors_cannot_say_is_refused) {
    using testing::HasSubstr;
    const auto out = [](const Layout& layout, Index leading = 0) {
        return refusal_of([&] { descriptor_of(layout, 0, leading); });
    };
    EXPECT_THAT(out(parsed("gen:1/3,block", "2x1", {4, 4})), HasSubstr("dimension 0 is 'gen'"));
    EXPECT_THAT(out(parsed("*,block", "2x2", {4, 4})), HasSubstr("'*' over 2 places"));
    EXPECT_THAT(out(parsed("block", "1x1x1", {4, 4, 4})), HasSubstr("3 dimensions"));
    EXPECT_THAT(out(parsed("block", "2x2", {8, 8}), 3), HasSubstr("LLD_ is 3 at place 0"));
    EXPECT_THAT(out(Layout::whole({8, 8}, 8)), HasSubstr("row-major"));
    EXPECT_THAT(refusal_of([] {
                    descriptor_of(parsed("block", "1x1", {1ull << 33, 1}), 0).narrow();
                }),
                HasSubstr("32 bits"));
}

TEST(Scalapack, bad_descriptors_are_refused_by_the_name_of_the_entry) {
    const std::array<std::int32_t, 9> sound{1, 0, 10, 10, 2, 2, 0, 0, 10};
    const auto refused = [&](std::size_t entry, std::int32_t value) {
        auto numbers = sound;
        numbers[entry] = value;
        return refusal_of([&] { layout_of(Descriptor::from(numbers), {2, 2}, 8); });
    };
    using testing::HasSubstr;
    EXPECT_THAT(refused(0, 2), HasSubstr("DTYPE_ is 2"));
    EXPECT_THAT(refused(0, 501), HasSubstr("DTYPE_ is 501"));
    EXPECT_THAT(refused(2, -1), HasSubstr("M_ is -1"));
    EXPECT_THAT(refused(3, -5), HasSubstr("N_ is -5"));
    EXPECT_THAT(refused(4, 0), HasSubstr("MB_ is 0"));
    EXPECT_THAT(refused(5, -2), HasSubstr("NB_ is -2"));
    EXPECT_THAT(refused(6, 2), HasSubstr("RSRC_ is 2"));
    EXPECT_THAT(refused(7, -1), HasSubstr("CSRC_ is -1"));
    EXPECT_THAT(refused(8, 0), HasSubstr("LLD_ is 0"));
    EXPECT_EQ(refused(8, 4), "(nothing was refused)") << "enough for some places";
    auto numbers = sound;
    numbers[8] = 4;
    const Descriptor descriptor = Descriptor::from(numbers);
    const Layout layout = layout_of(descriptor, {2, 2}, 8);
    EXPECT_THAT(refusal_of([&] { check_leading(descriptor, layout, 0); }),
                HasSubstr("LLD_ is 4 at place 0, which has 6 local rows"));
    check_leading(descriptor, layout, 2);
}

}  // namespace
}  // namespace juxta::distribution
