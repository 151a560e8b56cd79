#include "data_service/distribution/region.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

constexpr Index kMostCuts = Index{1} << 20;  // of teeth that are looked at, whether taken or not

// What of a comb is in [begin, end), indices unchanged: cut teeth become combs of their own.
void clip(const Comb& comb, Index begin, Index end, Pattern& into) {
    if (comb.end() <= begin || comb.first >= end) return;
    const Index period = std::max<Index>(comb.period, 1);
    const auto tooth_part = [&](Index tooth) {
        Comb part = comb;
        part.count = 1;
        const Index first = comb.first + tooth * comb.period;
        const Index cut = std::max<Index>(begin - first, 0);
        part.first = first + cut;
        part.local += tooth * comb.local_period + cut * comb.local_step;
        part.length = std::min(comb.length, end - first) - cut;
        append(into, part);
    };
    // Whole teeth: [first_whole, end_whole).
    const Index first_whole =
        std::clamp<Index>(ceil_div(begin - comb.first, period), 0, comb.count);
    const Index end_whole =
        std::clamp<Index>(floor_div(end - comb.length - comb.first, period) + 1, 0, comb.count);
    if (first_whole > 0) tooth_part(first_whole - 1);
    if (first_whole < end_whole) {
        Comb whole = comb;
        whole.first += first_whole * comb.period;
        whole.local += first_whole * comb.local_period;
        whole.count = end_whole - first_whole;
        append(into, whole);
    }
    if (std::max(first_whole, end_whole) < comb.count && end_whole >= first_whole) {
        tooth_part(end_whole);
    }
}

[[noreturn]] void refuse_stride() {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("a region with this stride meets the distribution in over {} different "
                            "ways: take the region without a stride, or another distribution; "
                            "nothing was moved",
                            kMostCombs));
}

void add(Pattern& pattern, const Comb& comb) {
    append(pattern, comb);
    if (pattern.size() > kMostCombs) refuse_stride();
}

// The parts of the teeth of `comb` that the blocks of a slice take; all its teeth have the same
// position relative to the blocks, `count_period` elements of the slice apart.
void cut_alike(const Comb& comb, const Slice& slice, Index count_period, Pattern& into) {
    const Index begin = comb.first - slice.start;  // of the first tooth, from the first block on
    const Index end = begin + comb.length;
    // The piece [from, to) of the tooth, at count `at`, with so many blocks in a row like it.
    const auto piece = [&](Index from, Index to, Index at, Index step) {
        add(into, Comb{.first = at,
                       .length = (to - from + step - 1) / step,
                       .count = comb.count,
                       .period = count_period,
                       .local = comb.local + (from - begin) * comb.local_step,
                       .local_period = comb.local_period,
                       .local_step = comb.local_step * step});
    };
    if (slice.block == 1) {
        const Index first = ceil_div(begin, slice.stride);
        if (first * slice.stride < end) {
            piece(first * slice.stride, end, first, slice.stride);
        }
        return;
    }
    Index block = begin / slice.stride;
    if (begin > block * slice.stride) {  // begins inside a block, or between two
        const Index to = std::min(block * slice.stride + slice.block, end);
        if (to > begin) piece(begin, to, block * slice.block + begin - block * slice.stride, 1);
        ++block;
    }
    const Index whole =
        std::max<Index>(floor_div(end - slice.block - block * slice.stride, slice.stride) + 1, 0);
    if (comb.count == 1) {
        if (whole > 0) {
            add(into, Comb{.first = block * slice.block,
                           .length = slice.block,
                           .count = whole,
                           .period = slice.block,
                           .local = comb.local + (block * slice.stride - begin) * comb.local_step,
                           .local_period = slice.stride * comb.local_step,
                           .local_step = comb.local_step});
        }
    } else {
        for (Index i = 0; i < whole; ++i) {
            const Index from = (block + i) * slice.stride;
            piece(from, from + slice.block, (block + i) * slice.block, 1);
        }
    }
    block += whole;
    if (block * slice.stride < end) piece(block * slice.stride, end, block * slice.block, 1);
}

}  // namespace

Region whole_region(std::span<const Index> shape) {
    Region region;
    for (const Index n : shape) region.push_back({.start = 0, .count = n});
    return region;
}

void check_region(const Region& region, std::span<const Index> shape, const char* which) {
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("the {} region {}; nothing was moved", which, why));
    };
    if (region.size() != shape.size()) {
        refuse(fmt::format("has {} dimensions, the array {}", region.size(), shape.size()));
    }
    for (std::size_t i = 0; i < region.size(); ++i) {
        const Slice& slice = region[i];
        if (slice.block < 1 || slice.stride < slice.block) {
            refuse(
                fmt::format("has blocks of {} elements {} apart in dimension {}: they have 1 or "
                            "more, and do not overlap",
                            slice.block, slice.stride, i));
        }
        const Wide end = slice.count <= 0
                             ? Wide{slice.start}
                             : slice.start + (Wide{slice.count} - 1) * slice.stride + slice.block;
        if (slice.start < 0 || slice.count < 0 || slice.start > shape[i] || end > shape[i]) {
            refuse(
                fmt::format("does not lie in dimension {}: {} blocks of {} elements, {} apart, "
                            "from {} on, in {} elements",
                            i, slice.count, slice.block, slice.stride, slice.start, shape[i]));
        }
    }
}

Pattern section(const Pattern& pattern, const Slice& slice) {
    const Index elements = slice.elements();
    Pattern result;
    if (elements == 0) return result;
    const Index last = slice.start + (slice.count - 1) * slice.stride + slice.block;
    Pattern inside;
    for (const Comb& comb : pattern) clip(comb, slice.start, last, inside);
    if (slice.count == 1 || slice.stride == slice.block) {
        for (Comb& comb : inside) {
            comb.first -= slice.start;
            append(result, comb);
        }
        return result;
    }
    for (const Comb& comb : inside) {
        // Teeth so many apart have the same position relative to the blocks.
        const Index alike =
            comb.count == 1 ? 1 : slice.stride / std::gcd(comb.period, slice.stride);
        if (std::min(alike, comb.count) > kMostCuts) refuse_stride();
        for (Index first = 0; first < std::min(alike, comb.count); ++first) {
            Comb teeth = comb;
            teeth.first += first * comb.period;
            teeth.local += first * comb.local_period;
            teeth.count = (comb.count - first + alike - 1) / alike;
            teeth.local_period *= alike;
            Index count_period = 0;
            if (teeth.count > 1) {
                count_period = comb.period / (slice.stride / alike) * slice.block;
            }
            cut_alike(teeth, slice, count_period, result);
        }
    }
    return result;
}

}  // namespace juxta::distribution
