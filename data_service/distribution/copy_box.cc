#include "data_service/distribution/copy_box.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace juxta::distribution {
namespace {

constexpr Index kStreamedRun = 512;  // bytes from which a run is worth going past the caches

// Loops that are yet to be done, outer ones first.
struct Nest {
    std::array<Loop, Box::kMostLoops> loops;
    std::size_t depth = 0;

    explicit Nest(const Box& box) {
        for (const Loop& loop : box.nest()) {
            if (loop.count > 1) loops[depth++] = loop;
        }
        // Two loops are one where the outer one goes on where the inner one ends.
        for (std::size_t i = depth; i-- > 1;) {
            const Loop& inner = loops[i];
            Loop& outer = loops[i - 1];
            if (outer.source_stride == inner.count * inner.source_stride &&
                outer.target_stride == inner.count * inner.target_stride) {
                outer = {outer.count * inner.count, inner.source_stride, inner.target_stride};
                std::copy(loops.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                          loops.begin() + static_cast<std::ptrdiff_t>(depth),
                          loops.begin() + static_cast<std::ptrdiff_t>(i));
                --depth;
            }
        }
    }

    // Takes out the loop for which `wanted` holds.
    template <class Wanted>
    std::optional<Loop> take(const Wanted& wanted) {
        for (std::size_t i = depth; i-- > 0;) {
            if (!wanted(loops[i])) continue;
            const Loop found = loops[i];
            std::copy(loops.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      loops.begin() + static_cast<std::ptrdiff_t>(depth),
                      loops.begin() + static_cast<std::ptrdiff_t>(i));
            --depth;
            return found;
        }
        return std::nullopt;
    }

    // The innermost of those that are left; one round without strides if there is none.
    Loop take_last() { return depth == 0 ? Loop{} : loops[--depth]; }

    // Calls each(source offset, target offset) for every round of the loops that are left.
    template <class Each>
    void run(const Each& each, std::size_t at = 0, Index source = 0, Index target = 0) const {
        if (at == depth) return each(source, target);
        const Loop& loop = loops[at];
        for (Index i = 0; i < loop.count; ++i) {
            run(each, at + 1, source + i * loop.source_stride, target + i * loop.target_stride);
        }
    }
};

template <std::size_t bytes>
void copy_short(std::byte* target, const std::byte* source, const Loop& loop) {
    for (Index i = 0; i < loop.count; ++i) {
        std::memcpy(target + i * loop.target_stride, source + i * loop.source_stride, bytes);
    }
}

void copy_runs(std::byte* target, const std::byte* source, Index bytes, const Loop& loop) {
    switch (bytes) {
        case 1: return copy_short<1>(target, source, loop);
        case 2: return copy_short<2>(target, source, loop);
        case 4: return copy_short<4>(target, source, loop);
        case 8: return copy_short<8>(target, source, loop);
        case 12: return copy_short<12>(target, source, loop);
        case 16: return copy_short<16>(target, source, loop);
        case 24: return copy_short<24>(target, source, loop);
        case 32: return copy_short<32>(target, source, loop);
        case 48: return copy_short<48>(target, source, loop);
        case 64: return copy_short<64>(target, source, loop);
        default: break;
    }
    for (Index i = 0; i < loop.count; ++i) {
        std::memcpy(target + i * loop.target_stride, source + i * loop.source_stride,
                    static_cast<std::size_t>(bytes));
    }
}

void copy_as_is(Nest nest, const std::byte* source, std::byte* target, const CopyWay& way) {
    const Index size = way.source_bytes;
    const Kernels& kernels = *way.kernels;
    const auto contiguous_source = [size](const Loop& loop) { return loop.source_stride == size; };
    const auto contiguous_target = [size](const Loop& loop) { return loop.target_stride == size; };

    const auto along_both = nest.take(
        [&](const Loop& loop) { return contiguous_source(loop) && contiguous_target(loop); });
    if (along_both) {
        const Index bytes = along_both->count * size;
        const Loop runs = nest.take_last();
        nest.run([&](Index from, Index to) {
            if (way.streaming && bytes >= kStreamedRun) {
                kernels.stream_runs(target + to, runs.target_stride, source + from,
                                    runs.source_stride, bytes, runs.count);
            } else {
                copy_runs(target + to, source + from, bytes, runs);
            }
        });
        return;
    }
    const auto row = nest.take(contiguous_source);
    const auto column = nest.take(contiguous_target);
    if (row && column && (size == 8 || size == 4)) {
        const auto transpose = size == 8 ? kernels.transpose_8 : kernels.transpose_4;
        nest.run([&](Index from, Index to) {
            transpose(target + to, row->target_stride, source + from, column->source_stride,
                      column->count, row->count);
        });
        return;
    }
    if (column && !row && size == 8 && column->source_stride % 8 == 0) {
        nest.run([&](Index from, Index to) {
            kernels.gather_8(target + to, source + from, column->source_stride / 8, column->count,
                             way.streaming && column->count * 8 >= kStreamedRun);
        });
        return;
    }
    // One element at a time: the inner loop is the one with contiguous writes, if any.
    const Loop inner = column ? *column : row ? *row : nest.take_last();
    const Loop outer = column && row ? *row : Loop{};
    nest.run([&](Index from, Index to) {
        for (Index i = 0; i < outer.count; ++i) {
            copy_runs(target + to + i * outer.target_stride,
                      source + from + i * outer.source_stride, size, inner);
        }
    });
}

template <class From, class To>
void convert_elements(std::byte* target, const std::byte* source, const Loop& loop,
                      const Conversion& conversion) {
    for (Index i = 0; i < loop.count; ++i) {
        const std::byte* from = source + i * loop.source_stride;
        std::byte* to = target + i * loop.target_stride;
        for (int part = 0; part < (conversion.complex ? 2 : 1); ++part) {
            From value;
            std::memcpy(&value, from + part * Index{sizeof value}, sizeof value);
            To changed = static_cast<To>(value);
            if (conversion.conjugate && part == 1) changed = -changed;
            std::memcpy(to + part * Index{sizeof changed}, &changed, sizeof changed);
        }
    }
}

void convert(Nest nest, const std::byte* source, std::byte* target, const CopyWay& way) {
    const Conversion& conversion = way.conversion;
    const bool from_float = conversion.source == Conversion::Real::float32;
    const bool to_float = conversion.target == Conversion::Real::float32;
    const Loop inner = nest.take_last();
    const bool contiguous = inner.source_stride == way.source_bytes &&
                            inner.target_stride == way.target_bytes && !conversion.conjugate;
    const Index numbers = inner.count * (conversion.complex ? 2 : 1);
    nest.run([&](Index from, Index to) {
        if (from_float && to_float) {
            convert_elements<float, float>(target + to, source + from, inner, conversion);
        } else if (from_float) {
            if (contiguous) return way.kernels->widen(target + to, source + from, numbers);
            convert_elements<float, double>(target + to, source + from, inner, conversion);
        } else if (to_float) {
            if (contiguous) return way.kernels->narrow(target + to, source + from, numbers);
            convert_elements<double, float>(target + to, source + from, inner, conversion);
        } else {
            convert_elements<double, double>(target + to, source + from, inner, conversion);
        }
    });
}

}  // namespace

void copy_box(const Box& box, const std::byte* source, std::byte* target, const CopyWay& way) {
    const Nest nest(box);
    if (way.conversion.copies()) {
        copy_as_is(nest, source + box.source, target + box.target, way);
    } else {
        convert(nest, source + box.source, target + box.target, way);
    }
}

Box packed_target(const Box& box, Index element_bytes) {
    Box packed = box;
    packed.target = 0;
    for (std::size_t i = packed.depth; i-- > 0;) {
        packed.loops[i].target_stride = element_bytes;
        element_bytes *= packed.loops[i].count;
    }
    return packed;
}

Box packed_source(const Box& box, Index element_bytes) {
    Box packed = box;
    packed.source = 0;
    for (std::size_t i = packed.depth; i-- > 0;) {
        packed.loops[i].source_stride = element_bytes;
        element_bytes *= packed.loops[i].count;
    }
    return packed;
}

}  // namespace juxta::distribution
