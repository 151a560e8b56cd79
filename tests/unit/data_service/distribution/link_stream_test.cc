// The bytes of a link as a transfer has them: in order, with positions.
#include "data_service/distribution/link_stream.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"
#include "tests/unit/data_service/distribution/array_world.h"

namespace juxta::distribution {
namespace {

TEST(LinkStream, bytes_that_are_too_many_are_refused_before_any_is_taken) {
    Dice dice(1);
    const Layout layout = parse_layout({"block", "2", ""}, {ElementType::float64, {10}});
    const Plan plan(layout, parse_layout({"cyclic", "2", ""}, {ElementType::float64, {10}}));
    const Link link = plan.link(0, 1);
    TestArray target(plan.target(), dice);
    const auto before = target.all_memory();
    LinkStream stream(link, {}, target.piece(1).strides);
    const std::vector<std::byte> chunk(static_cast<std::size_t>(link.bytes()) + 1);
    EXPECT_THROW(stream.unpack(chunk, target.piece(1).data()), Error);
    EXPECT_EQ(target.all_memory(), before);
    EXPECT_EQ(stream.position(), 0);
}

TEST(LinkStream, a_converted_element_is_resumed_at_its_beginning) {
    Mapping mapping;
    mapping.conversion = conversion_between(ElementType::float32, ElementType::float64);
    const Plan plan(parse_layout({"block", "2", ""}, {ElementType::float32, {10}}),
                    parse_layout({"cyclic", "2", ""}, {ElementType::float64, {10}}), mapping);
    const Link link = plan.link(0, 1);
    LinkStream stream(link, {}, {});
    stream.seek(4);
    EXPECT_EQ(stream.position(), 4);
    EXPECT_THROW(stream.seek(6), Error);
}

TEST(LinkStream, a_transfer_that_broke_off_goes_on_at_another_copy_with_what_is_missing_alone) {
    Dice dice(3);
    const DataType type{ElementType::float64, {97, 61}};
    const Plan plan(parse_layout({"cyclic:5,cyclic:3", "2x3", ""}, type),
                    parse_layout({"block,cyclic", "3x2", "1,1"}, type));
    TestArray source(plan.source(), dice);
    source.fill();
    Dice other(4);
    TestArray copy(plan.source(), other);  // the same elements, padded otherwise
    copy.fill();
    const TestArray empty(plan.target(), dice);
    const auto expected = expected_memory(plan, empty);
    for (const Index percent : {0, 50, 99}) {
        TestArray target = empty;
        Index sent = 0;
        for (Index t = 0; t < plan.target().place_count(); ++t) {
            for (const LinkSize& size : plan.incoming(t)) {
                const Link link = plan.link(size.source, t);
                LinkStream taking(link, {}, target.piece(t).strides);
                const auto send = [&](TestArray& from, Index bytes) {
                    LinkStream giving(link, from.piece(size.source).strides, {});
                    giving.seek(taking.position());
                    std::vector<std::byte> chunk(static_cast<std::size_t>(bytes));
                    ASSERT_EQ(giving.pack(from.piece(size.source).data(), chunk), chunk.size());
                    taking.unpack(chunk, target.piece(t).data());
                    sent += bytes;
                };
                send(source, link.bytes() * percent / 100);
                send(copy, taking.left());
            }
        }
        EXPECT_EQ(sent, 97 * 61 * 8);
        EXPECT_EQ(target.all_memory(), expected);
    }
}

TEST(LinkStream, offsets_beyond_32_bits_are_walked_without_the_memory) {
    const Index n = (Index{1} << 33) + 5;
    const DataType type{ElementType::float64, {static_cast<std::uint64_t>(n), 3}};
    const Plan plan(parse_layout({"cyclic:1000,*", "3x1", ""}, type),
                    parse_layout({"block,*", "2x1", ""}, type));
    const Link link = plan.link(1, 1);
    const Indices from = plan.source().strides(1);
    const Indices to = plan.target().strides(1);
    LinkWalk walk(link, from, to);
    walk.seek(link.elements - 1);
    const Box box = walk.box(1);
    const Index source = box.source / 8;
    const Index target = box.target / 8;
    EXPECT_EQ(plan.source().global(1, Indices{source % from[1], source / from[1]}),
              plan.target().global(1, Indices{target % to[1], target / to[1]}));
    EXPECT_GT(target, Index{1} << 32);
}

}  // namespace
}  // namespace juxta::distribution
