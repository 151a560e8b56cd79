// Pieces of a distributed array in memory, with padding and guards round them, for tests that look
// at every byte.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "data_service/distribution/exchange.h"
#include "tests/unit/data_service/distribution/random_layouts.h"

namespace juxta::distribution {

// One place's piece: what stands round it and in its padding is poison.
struct TestPiece {
    std::vector<std::byte> memory;
    std::size_t base = 0;
    Indices strides;

    std::byte* data() { return memory.data() + base; }
};

constexpr std::byte kPoison{0xA5};

// Byte number `byte` of the element with this number in the array.
inline std::byte content(Index element, Index byte) {
    auto mixed = static_cast<std::uint64_t>(element + 1) * 0x9E3779B97F4A7C15u;
    mixed ^= mixed >> 29;
    return static_cast<std::byte>((mixed >> (8 * (byte % 8))) +
                                  static_cast<std::uint64_t>(byte / 8));
}

inline Index number_of(const Indices& index, const Indices& shape) {
    Index number = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) number = number * shape[i] + index[i];
    return number;
}

class TestArray {
public:
    // Leading dimensions and bases at random; all poison.
    TestArray(Layout layout, Dice& dice) : layout_(std::move(layout)) {
        for (Index place = 0; place < layout_.place_count(); ++place) {
            TestPiece piece;
            const Indices extents = layout_.local_shape(place);
            const Index fastest =
                layout_.local_order == Order::column_major ? extents.front() : extents.back();
            piece.strides = layout_.strides(
                place, dice.once_in(2) ? 0 : std::max<Index>(fastest, 1) + dice.between(0, 5));
            piece.base = static_cast<std::size_t>(dice.between(0, 80));
            const Index bytes = layout_.span_elements(place, piece.strides) * layout_.element_bytes;
            piece.memory.assign(piece.base + static_cast<std::size_t>(bytes) + 64, kPoison);
            pieces_.push_back(std::move(piece));
        }
    }

    const Layout& layout() const { return layout_; }
    TestPiece& piece(Index place) { return pieces_[static_cast<std::size_t>(place)]; }

    SourcePiece source(Index place) { return {piece(place).data(), piece(place).strides}; }
    TargetPiece target(Index place) { return {piece(place).data(), piece(place).strides}; }

    // Calls each(place, global index, address) for every element of every piece.
    template <class Each>
    void for_each(const Each& each) {
        for (Index place = 0; place < layout_.place_count(); ++place) {
            if (layout_.local_elements(place) == 0) continue;
            const Indices extents = layout_.local_shape(place);
            Indices local(extents.size());
            do {
                Index offset = 0;
                for (std::size_t i = 0; i < local.size(); ++i) {
                    offset += local[i] * piece(place).strides[i];
                }
                each(place, layout_.global(place, local),
                     piece(place).data() + offset * layout_.element_bytes);
            } while (next_index(local, extents));
        }
    }

    void fill() {
        for_each([&](Index, const Indices& global, std::byte* at) {
            for (Index byte = 0; byte < layout_.element_bytes; ++byte) {
                at[byte] = content(number_of(global, layout_.shape()), byte);
            }
        });
    }

    std::vector<std::vector<std::byte>> all_memory() const {
        std::vector<std::vector<std::byte>> memory;
        for (const TestPiece& piece : pieces_) memory.push_back(piece.memory);
        return memory;
    }

private:
    Layout layout_;
    std::vector<TestPiece> pieces_;
};

// The index that is element `nth` of a region along a dimension, or the other way round: -1 if it
// is none.
inline Index nth_of(const Slice& slice, Index nth) {
    return slice.start + nth / slice.block * slice.stride + nth % slice.block;
}
inline Index number_in(const Slice& slice, Index index) {
    const Index from = index - slice.start;
    if (from < 0 || slice.count == 0) return -1;
    const Index block = from / slice.stride;
    const Index in_block = from % slice.stride;
    if (block >= slice.count || in_block >= slice.block) return -1;
    return block * slice.block + in_block;
}

// The source's index that becomes the target's, if any.
inline std::optional<Indices> origin(const Plan& plan, const Indices& target) {
    Indices source(target.size());
    for (std::size_t i = 0; i < target.size(); ++i) {
        const Index number = number_in(plan.mapping().target[i], target[i]);
        if (number < 0) return std::nullopt;
        const std::size_t of_source = plan.mapping().order[i];
        source[of_source] = nth_of(plan.mapping().source[of_source], number);
    }
    return source;
}

// The memory that the target's pieces are to have: the region's elements from the source, every
// other byte poison.
inline std::vector<std::vector<std::byte>> expected_memory(const Plan& plan, TestArray target) {
    const Layout& layout = plan.source();
    target.for_each([&](Index, const Indices& global, std::byte* at) {
        const auto from = origin(plan, global);
        if (!from) return;
        const Index number = number_of(*from, layout.shape());
        for (Index byte = 0; byte < layout.element_bytes; ++byte) at[byte] = content(number, byte);
    });
    return target.all_memory();
}

}  // namespace juxta::distribution
