// Every element of many redistributions, by each way that bytes go: copied by targets, by sources,
// or packed and unpacked in chunks of odd sizes.
#include "data_service/distribution/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <cstdlib>
#include <functional>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"
#include "tests/unit/data_service/distribution/array_world.h"

namespace juxta::distribution {
namespace {

Index cases(Index usual) {
    const char* wanted = std::getenv("JUXTA_DISTRIBUTION_CASES");
    return wanted == nullptr ? usual : std::atol(wanted) / 10;
}

enum class Way { pulled, pushed, sent, resumed };

// Packs at the source and unpacks at the target, in chunks of up to `most` bytes. Returns the
// bytes.
Index send(const Plan& plan, const LinkSize& size, TestArray& source, TestArray& target, Dice& dice,
           Index most, const Kernels& kernels) {
    const Link link = plan.link(size.source, size.target);
    LinkStream packing(link, source.piece(size.source).strides, {}, kernels);
    LinkStream unpacking(link, {}, target.piece(size.target).strides, kernels);
    std::vector<std::byte> chunk;
    while (packing.left() > 0) {
        chunk.assign(static_cast<std::size_t>(dice.between(1, most)), std::byte{});
        chunk.resize(packing.pack(source.piece(size.source).data(), chunk));
        // Taken in other portions than it was made.
        const auto cut = static_cast<std::size_t>(dice.between(0, std::ssize(chunk)));
        unpacking.unpack(std::span(chunk).first(cut), target.piece(size.target).data());
        unpacking.unpack(std::span(chunk).subspan(cut), target.piece(size.target).data());
    }
    EXPECT_EQ(unpacking.left(), 0);
    return packing.position();
}

// As after a broken connection: what comes next is made by a new stream from where the last one
// was.
void resume(const Plan& plan, const LinkSize& size, TestArray& source, TestArray& target,
            Dice& dice) {
    const Link link = plan.link(size.source, size.target);
    Index position = 0;
    while (position < link.bytes()) {
        LinkStream packing(link, source.piece(size.source).strides, {});
        LinkStream unpacking(link, {}, target.piece(size.target).strides);
        packing.seek(position);
        unpacking.seek(position);
        std::vector<std::byte> chunk(static_cast<std::size_t>(dice.between(1, 300)));
        chunk.resize(packing.pack(source.piece(size.source).data(), chunk));
        unpacking.unpack(chunk, target.piece(size.target).data());
        position = unpacking.position();
    }
}

void redistribute(const Plan& plan, TestArray& source, TestArray& target, Way way, Dice& dice,
                  const Kernels& kernels = best_kernels()) {
    const auto from = [&](Index place) { return source.source(place); };
    const auto to = [&](Index place) { return target.target(place); };
    Index bytes = 0;
    if (way == Way::pushed) {
        for (Index s = 0; s < plan.source().place_count(); ++s) {
            Exchange::push(plan, s).run(from, to, kernels);
            bytes += Exchange::push(plan, s).bytes();
        }
    } else if (way == Way::pulled) {
        for (Index t = 0; t < plan.target().place_count(); ++t) {
            Exchange::pull(plan, t).run(from, to, kernels);
            bytes += Exchange::pull(plan, t).bytes();
        }
    } else {
        for (Index t = 0; t < plan.target().place_count(); ++t) {
            for (const LinkSize& link : plan.incoming(t)) {
                if (way == Way::sent) {
                    bytes += send(plan, link, source, target, dice, dice.between(1, 3000), kernels);
                } else {
                    resume(plan, link, source, target, dice);
                    bytes += plan.link(link.source, t).bytes();
                }
            }
        }
    }
    const Cost cost = plan.cost();
    if (!plan.moves_nothing()) {
        ASSERT_EQ(bytes, cost.bytes_moved + cost.bytes_kept) << "the bytes are the plan's";
    }
}

Slice random_slice(Dice& dice, Index n, Index elements) {
    Slice slice{.start = 0, .count = elements};
    if (elements == 0) return {.start = dice.between(0, n)};
    if (dice.once_in(3) && elements % 2 == 0)
        slice = {.start = 0, .count = elements / 2, .block = 2};
    const Index room =
        slice.count > 1 ? (n - slice.block) / (slice.count - 1) : slice.block + dice.between(0, 3);
    slice.stride = room >= slice.block ? dice.between(slice.block, room) : 1;
    if (room < slice.block) slice = {.start = 0, .count = elements};
    const Index last = (slice.count - 1) * slice.stride + slice.block;
    slice.start = dice.between(0, n - last);
    return slice;
}

struct Case {
    Layout source, target;
    Mapping mapping;
};

Case random_case(Dice& dice) {
    Case drawn;
    const std::array<Index, 9> sizes{1, 2, 3, 4, 8, 12, 16, 24, 8};
    const auto dimensions = static_cast<std::size_t>(dice.between(1, 3));
    const Index most = dimensions == 1 ? 400 : dimensions == 2 ? 40 : 12;
    Indices shape;
    for (std::size_t i = 0; i < dimensions; ++i) shape.push_back(dice.between(0, most));
    Indices target_shape = shape;
    if (dice.once_in(3)) {
        drawn.mapping.order.resize(dimensions);
        for (std::size_t i = 0; i < dimensions; ++i) drawn.mapping.order[i] = dimensions - 1 - i;
        for (std::size_t i = 0; i < dimensions; ++i) target_shape[i] = shape[dimensions - 1 - i];
    }
    if (dice.once_in(3)) {
        drawn.mapping.source.resize(dimensions);
        for (std::size_t i = 0; i < dimensions; ++i) {
            const std::size_t j = drawn.mapping.order.empty() ? i : drawn.mapping.order[i];
            const Index elements = dice.between(0, shape[j]);
            target_shape[i] = elements + dice.between(0, most);
            drawn.mapping.source[j] = random_slice(dice, shape[j], elements);
            drawn.mapping.target.push_back(random_slice(dice, target_shape[i], elements));
        }
    }
    drawn.source = random_layout(dice, shape, 4);
    drawn.target = random_layout(dice, target_shape, 4);
    drawn.source.element_bytes = sizes[static_cast<std::size_t>(dice.between(0, 8))];
    drawn.target.element_bytes = drawn.source.element_bytes;
    return drawn;
}

TEST(Exchange, every_element_of_random_redistributions_arrives_and_nothing_else_is_touched) {
    Dice dice(77);
    const Index wanted = cases(1000);
    for (Index i = 0; i < wanted && !testing::Test::HasFailure(); ++i) {
        const Case drawn = random_case(dice);
        const Plan plan(drawn.source, drawn.target, drawn.mapping);
        TestArray source(drawn.source, dice);
        source.fill();
        const auto unchanged = source.all_memory();
        const TestArray empty(drawn.target, dice);
        const auto expected = expected_memory(plan, empty);
        for (const Way way : {Way::pulled, Way::pushed, Way::sent, Way::resumed}) {
            SCOPED_TRACE(testing::Message()
                         << "case " << i << " way " << static_cast<int>(way) << ": "
                         << to_string(drawn.source) << " -> " << to_string(drawn.target));
            TestArray target = empty;
            redistribute(plan, source, target, way, dice);
            ASSERT_EQ(target.all_memory(), expected);
            ASSERT_EQ(source.all_memory(), unchanged);
        }
    }
}

TEST(Exchange, there_and_back_and_by_a_third_layout_gives_the_same) {
    Dice dice(31);
    for (int i = 0; i < 60; ++i) {
        const Indices shape{dice.between(0, 30), dice.between(0, 30)};
        TestArray a(random_layout(dice, shape, 4), dice);
        TestArray b(random_layout(dice, shape, 4), dice);
        TestArray c(random_layout(dice, shape, 4), dice);
        const TestArray back_empty = [&] {
            Dice same(1000 + i);
            return TestArray(a.layout(), same);
        }();
        TestArray back = back_empty;
        TestArray direct = c;
        a.fill();
        redistribute(Plan(a.layout(), b.layout()), a, b, Way::pulled, dice);
        redistribute(Plan(b.layout(), a.layout()), b, back, Way::sent, dice);
        ASSERT_EQ(back.all_memory(), expected_memory(Plan(b.layout(), a.layout()), back_empty));
        redistribute(Plan(b.layout(), c.layout()), b, c, Way::sent, dice);
        redistribute(Plan(a.layout(), direct.layout()), a, direct, Way::pushed, dice);
        ASSERT_EQ(c.all_memory(), direct.all_memory());
    }
}

TEST(Exchange, both_grid_orders_every_source_process_and_places_that_share_nothing) {
    Dice dice(41);
    for (Index ps = 0; ps < 3; ++ps) {
        for (Index qs = 0; qs < 2; ++qs) {
            for (Index pt = 0; pt < 2; ++pt) {
                const auto layout = [&](Index p, Index q, Index b, Index sp, Index sq) {
                    Layout made = parse_layout({"cyclic:" + std::to_string(b), "", ""},
                                               {ElementType::float64, {29, 23}});
                    made.axes[0].places = p;
                    made.axes[1].places = q;
                    made.axes[0].source = sp;
                    made.axes[1].source = sq;
                    return made;
                };
                Layout from = layout(3, 2, 4, ps, qs);
                Layout to = layout(2, 5, 3, pt, (ps + qs) % 5);
                from.grid_order = Order::column_major;
                to.holders = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
                const Plan plan(from, to);
                EXPECT_EQ(plan.cost().bytes_kept, 0);
                TestArray source(from, dice);
                source.fill();
                const TestArray empty(to, dice);
                TestArray target = empty;
                redistribute(plan, source, target, Way::sent, dice);
                ASSERT_EQ(target.all_memory(), expected_memory(plan, empty));
            }
        }
    }
}

TEST(Exchange, every_set_of_kernels_does_the_same) {
    Dice dice(51);
    for (int i = 0; i < 40; ++i) {
        Indices shape{dice.between(1, 150), dice.between(1, 150)};
        Layout from = random_layout(dice, shape, 3);
        Layout to = random_layout(dice, shape, 3);
        from.element_bytes = to.element_bytes = dice.once_in(2) ? 8 : 4;
        const Plan plan(from, to);
        TestArray source(from, dice);
        source.fill();
        const TestArray empty(to, dice);
        const auto expected = expected_memory(plan, empty);
        for (const Kernels* kernels : available_kernels()) {
            for (const Way way : {Way::pulled, Way::sent}) {
                TestArray target = empty;
                redistribute(plan, source, target, way, dice, *kernels);
                ASSERT_EQ(target.all_memory(), expected) << kernels->name;
            }
        }
    }
}

// Arrays of numbers, redistributed with a conversion by every way; `expect` tells from a source
// index what the target has.
template <class From, class To, class Value, class Expect>
void converts(ElementType from_type, ElementType to_type, bool conjugate, bool transpose,
              const Value& value, const Expect& expect) {
    Dice dice(71);
    for (int i = 0; i < 12; ++i) {
        const Indices shape{dice.between(1, 40), dice.between(1, 40)};
        Layout from = random_layout(dice, shape, 3);
        Layout to = random_layout(dice, transpose ? Indices{shape[1], shape[0]} : shape, 3);
        from.element_bytes = sizeof(From);
        to.element_bytes = sizeof(To);
        Mapping mapping;
        mapping.conversion = conversion_between(from_type, to_type, conjugate);
        if (transpose) mapping.order = {1, 0};
        const Plan plan(from, to, mapping);
        TestArray source(from, dice);
        source.for_each([&](Index, const Indices& global, std::byte* at) {
            const From number = value(global);
            std::memcpy(at, &number, sizeof number);
        });
        for (const Way way : {Way::pulled, Way::pushed, Way::sent}) {
            TestArray target(to, dice);
            redistribute(plan, source, target, way, dice);
            Index wrong = 0;
            target.for_each([&](Index, const Indices& global, std::byte* at) {
                To number;
                std::memcpy(&number, at, sizeof number);
                const To wanted = expect(transpose ? Indices{global[1], global[0]} : global);
                wrong += number == wanted ? 0 : 1;
            });
            ASSERT_EQ(wrong, 0);
        }
    }
}

double real(const Indices& at) {
    return static_cast<double>(at[0]) / 3 + static_cast<double>(at[1]);
}
std::complex<double> complex_of(const Indices& at) {
    return {real(at), static_cast<double>(at[1]) - 0.7};
}

TEST(Conversion, float_to_double_and_back) {
    const auto single = [](const Indices& at) { return static_cast<float>(real(at)); };
    converts<float, double>(ElementType::float32, ElementType::float64, false, false, single,
                            [&](const Indices& at) { return double{single(at)}; });
    converts<double, float>(ElementType::float64, ElementType::float32, false, false, real, single);
    converts<double, float>(ElementType::float64, ElementType::float32, false, true, real, single);
}

TEST(Conversion, complex_numbers_change_precision_and_are_conjugated_on_their_way) {
    const auto single = [](const Indices& at) { return std::complex<float>(complex_of(at)); };
    const auto conjugate = [](const Indices& at) { return std::conj(complex_of(at)); };
    using Single = std::complex<float>;
    using Double = std::complex<double>;
    converts<Double, Double>(ElementType::complex128, ElementType::complex128, true, true,
                             complex_of, conjugate);
    converts<Double, Single>(ElementType::complex128, ElementType::complex64, false, false,
                             complex_of, single);
    converts<Double, Single>(ElementType::complex128, ElementType::complex64, true, false,
                             complex_of, [&](const Indices& at) { return Single(conjugate(at)); });
    converts<Single, Double>(ElementType::complex64, ElementType::complex128, true, true, single,
                             [&](const Indices& at) { return Double(std::conj(single(at))); });
    converts<Single, Single>(ElementType::complex64, ElementType::complex64, true, false, single,
                             [&](const Indices& at) { return std::conj(single(at)); });
}

TEST(Conversion, on_the_wire_are_the_smaller_numbers) {
    Layout wide = parse_layout({"block", "2", ""}, {ElementType::float64, {100}});
    Layout narrow = parse_layout({"cyclic", "4", ""}, {ElementType::float32, {100}});
    const auto bytes = [](const Layout& from, const Layout& to, ElementType a, ElementType b) {
        Mapping mapping;
        mapping.conversion = conversion_between(a, b);
        const Plan plan(from, to, mapping);
        return std::pair(plan.cost().bytes_moved + plan.cost().bytes_kept,
                         plan.link(0, 0).wire_bytes());
    };
    EXPECT_EQ(bytes(wide, narrow, ElementType::float64, ElementType::float32),
              std::pair(Index{400}, Index{4}));
    EXPECT_EQ(bytes(narrow, wide, ElementType::float32, ElementType::float64),
              std::pair(Index{400}, Index{4}));
}

TEST(Exchange, memory_of_a_source_that_is_a_target_too_is_refused_before_anything_is_copied) {
    Dice dice(1);
    const Layout rows = parse_layout({"block,*", "2x1", ""}, {ElementType::float64, {8, 8}});
    const Layout columns = parse_layout({"*,block", "1x2", ""}, {ElementType::float64, {8, 8}});
    const Plan plan(rows, columns);
    TestArray source(rows, dice);
    source.fill();
    const auto before = source.all_memory();
    const auto from = [&](Index place) { return source.source(place); };
    for (const Index shift : {0, 8, -8}) {
        const auto to = [&](Index) {
            return TargetPiece{source.piece(0).data() + shift, columns.strides(0)};
        };
        EXPECT_THROW(Exchange::pull(plan, 0).run(from, to), Error);
    }
    EXPECT_EQ(source.all_memory(), before);
}

TEST(Exchange, the_side_whose_lines_more_places_share_drives) {
    const DataType vector{ElementType::float64, {1 << 16}};
    const Layout block = parse_layout({"block", "4", ""}, vector);
    const Layout cyclic = parse_layout({"cyclic", "4", ""}, vector);
    EXPECT_EQ(better_driver(Plan(block, cyclic)), Driver::source);
    EXPECT_EQ(better_driver(Plan(cyclic, block)), Driver::target);
    EXPECT_EQ(better_driver(Plan(block, parse_layout({"block", "2", ""}, vector))), Driver::target);
}

}  // namespace
}  // namespace juxta::distribution
