#include "data_service/client/piece_access.h"

#include <algorithm>
#include <limits>

#include "data_service/distribution/exchange.h"

namespace juxta::data {

using namespace distribution;

namespace {

constexpr Index kFewRuns = 16;
constexpr Index kLongRun = 32 << 10;  // bytes: worth a request of its own

// Elements [first, end) of an array in row-major order as regions, in order.
void add_regions(const Indices& shape, std::size_t dimension, Region prefix, Index first, Index end,
                 std::vector<Region>& regions) {
    if (first >= end) return;
    Index inner = 1;
    for (std::size_t i = dimension + 1; i < shape.size(); ++i) inner *= shape[i];
    const auto slab = [&](Index start, Index count) {
        Region region = prefix;
        region.push_back({.start = start, .count = count});
        for (std::size_t i = dimension + 1; i < shape.size(); ++i) {
            region.push_back({.start = 0, .count = shape[i]});
        }
        regions.push_back(std::move(region));
    };
    const auto inside = [&](Index row, Index from, Index to) {
        Region further = prefix;
        further.push_back({.start = row, .count = 1});
        add_regions(shape, dimension + 1, std::move(further), from, to, regions);
    };
    Index row = first / inner;
    if (first % inner != 0) {
        inside(row, first % inner, std::min(end - row * inner, inner));
        ++row;
    }
    const Index whole_end = end / inner;
    if (row < whole_end) slab(row, whole_end - row);
    if (end % inner != 0 && whole_end >= row) inside(whole_end, 0, end % inner);
}

Box shifted(Box box, Index source, Index target) {
    box.source -= source;
    box.target -= target;
    return box;
}

// Calls each(box) for parts of the box that are one run of the target (the piece).
template <class Each>
void for_each_run(const Box& box, Index element_bytes, const Each& each, std::size_t at = 0) {
    Index run = element_bytes;
    for (std::size_t i = box.depth; i-- > at;) {
        if (box.loops[i].target_stride != run) {
            // Not one run: by the loop at `at`.
            Box part = box;
            const Loop loop = box.loops[at];
            part.loops[at] = {1, 0, 0};
            for (Index k = 0; k < loop.count; ++k) {
                for_each_run(part, element_bytes, each, at + 1);
                part.source += loop.source_stride;
                part.target += loop.target_stride;
            }
            return;
        }
        run *= box.loops[i].count;
    }
    each(box, run);
}

}  // namespace

struct PieceAccess::Touched {
    const Plan& plan;  // from the array to the pieces
    const Link& link;
    std::uint64_t start;       // of the piece among the stored bytes
    Index first = 0, end = 0;  // bytes of the piece between which it is touched
    Index runs = 0;

    // Calls each(box, bytes) for every run of the piece.
    template <class Each>
    void for_each_run(const Each& each) const {
        LinkWalk walk(link, plan.source().strides(0), plan.target().strides(link.target));
        while (walk.left() > 0) {
            const Box box = walk.box(walk.left());
            data::for_each_run(box, link.target_bytes, each);
            walk.advance(box);
        }
    }
    bool few_runs() const { return runs <= kFewRuns + link.bytes() / kLongRun; }
};

PieceAccess::PieceAccess(Layout layout, const DataSpec& spec)
    : layout_(std::move(layout)),
      whole_(Layout::whole(spec.type.shape, layout_.element_bytes)),
      starts_{0},
      element_bytes_(static_cast<std::uint64_t>(layout_.element_bytes)) {
    for (const std::uint64_t bytes : piece_bytes(layout_)) {
        starts_.push_back(starts_.back() + bytes);
    }
}

std::uint64_t PieceAccess::stored_offset(std::uint64_t element) const {
    Indices index(layout_.dimensions());
    auto rest = static_cast<Index>(element);
    for (std::size_t i = index.size(); i-- > 0;) {
        index[i] = rest % layout_.axes[i].n;
        rest /= layout_.axes[i].n;
    }
    const Index place = layout_.owner(index);
    const Indices local = layout_.local(index);
    const Indices strides = layout_.strides(place);
    Index offset = 0;
    for (std::size_t i = 0; i < index.size(); ++i) offset += local[i] * strides[i];
    return starts_[static_cast<std::size_t>(place)] +
           static_cast<std::uint64_t>(offset) * element_bytes_;
}

// Calls each(stored offset, offset in the range, bytes) for elements of which the range has a part.
template <class Each>
void PieceAccess::for_each_cut_element(std::uint64_t offset, std::uint64_t length,
                                       const Each& each) const {
    const std::uint64_t end = offset + length;
    const std::uint64_t first_end =
        std::min(end, (offset + element_bytes_ - 1) / element_bytes_ * element_bytes_);
    if (offset < first_end) {
        each(stored_offset(offset / element_bytes_) + offset % element_bytes_, std::uint64_t{0},
             first_end - offset);
    }
    const std::uint64_t last_begin = end / element_bytes_ * element_bytes_;
    if (last_begin >= first_end && last_begin < end) {
        each(stored_offset(last_begin / element_bytes_), last_begin - offset, end - last_begin);
    }
}

template <class Each>
void PieceAccess::for_each_touched(std::uint64_t offset, std::uint64_t length,
                                   const Each& each) const {
    const auto first = static_cast<Index>((offset + element_bytes_ - 1) / element_bytes_);
    const auto end = static_cast<Index>((offset + length) / element_bytes_);
    std::vector<Region> regions;
    add_regions(layout_.shape(), 0, {}, first, end, regions);
    for (const Region& region : regions) {
        const Plan plan(whole_, layout_, {.source = region, .target = region});
        for (const LinkSize& size : plan.outgoing(0)) {
            const Link link = plan.link(0, size.target);
            Touched touched{plan, link, starts_[static_cast<std::size_t>(size.target)]};
            touched.first = std::numeric_limits<Index>::max();
            touched.for_each_run([&](const Box& box, Index bytes) {
                touched.first = std::min(touched.first, box.target);
                touched.end = std::max(touched.end, box.target + bytes);
                ++touched.runs;
            });
            each(touched);
        }
    }
}

bool PieceAccess::scattered(std::uint64_t offset, std::uint64_t length) const {
    if (length >= bytes() / 2) return true;
    bool few = true;
    for_each_touched(offset, length,
                     [&](const Touched& touched) { few = few && touched.few_runs(); });
    return !few;
}

void PieceAccess::read(std::uint64_t offset, std::span<std::byte> into,
                       const ReadStored& stored) const {
    for_each_cut_element(offset, into.size(),
                         [&](std::uint64_t at, std::uint64_t to, std::uint64_t bytes) {
                             stored(at, into.subspan(to, bytes));
                         });
    for_each_touched(offset, into.size(), [&](const Touched& touched) {
        const CopyWay way{.source_bytes = touched.link.target_bytes,
                          .target_bytes = touched.link.target_bytes};
        std::vector<std::byte> piece;
        // From the piece to the array: the box of the plan, turned round.
        const auto take = [&](Box box, Index from) {
            box = shifted(box, static_cast<Index>(offset), from);
            std::swap(box.source, box.target);
            for (Loop& loop : box.loops) std::swap(loop.source_stride, loop.target_stride);
            copy_box(box, piece.data(), into.data(), way);
        };
        if (touched.few_runs()) {
            touched.for_each_run([&](const Box& box, Index bytes) {
                piece.resize(static_cast<std::size_t>(bytes));
                stored(touched.start + static_cast<std::uint64_t>(box.target), piece);
                take(box, box.target);
            });
        } else {
            piece.resize(static_cast<std::size_t>(touched.end - touched.first));
            stored(touched.start + static_cast<std::uint64_t>(touched.first), piece);
            touched.for_each_run([&](const Box& box, Index) { take(box, touched.first); });
        }
    });
}

void PieceAccess::write(std::uint64_t offset, std::span<const std::byte> from,
                        const ReadStored& stored, const WriteStored& store) const {
    if (offset == 0 && from.size() == bytes()) return write_whole(from, store);
    for_each_cut_element(offset, from.size(),
                         [&](std::uint64_t at, std::uint64_t begin, std::uint64_t bytes) {
                             store(at, from.subspan(begin, bytes));
                         });
    for_each_touched(offset, from.size(), [&](const Touched& touched) {
        const CopyWay way{.source_bytes = touched.link.target_bytes,
                          .target_bytes = touched.link.target_bytes};
        std::vector<std::byte> piece;
        const auto take = [&](const Box& box, Index to) {
            copy_box(shifted(box, static_cast<Index>(offset), to), from.data(), piece.data(), way);
        };
        if (touched.few_runs()) {
            touched.for_each_run([&](const Box& box, Index bytes) {
                piece.resize(static_cast<std::size_t>(bytes));
                take(box, box.target);
                store(touched.start + static_cast<std::uint64_t>(box.target), piece);
            });
        } else {
            piece.resize(static_cast<std::size_t>(touched.end - touched.first));
            stored(touched.start + static_cast<std::uint64_t>(touched.first), piece);
            touched.for_each_run([&](const Box& box, Index) { take(box, touched.first); });
            store(touched.start + static_cast<std::uint64_t>(touched.first), piece);
        }
    });
}

void PieceAccess::read_whole(std::span<std::byte> into, const ReadStored& stored) const {
    const Plan plan(layout_, whole_);
    std::vector<std::byte> piece;
    for (Index place = 0; place < layout_.place_count(); ++place) {
        const auto number = static_cast<std::size_t>(place);
        piece.resize(starts_[number + 1] - starts_[number]);
        if (piece.empty()) continue;
        stored(starts_[number], piece);
        Exchange::push(plan, place)
            .run(
                [&](Index) {
                    return SourcePiece{piece.data(), layout_.strides(place)};
                },
                [&](Index) {
                    return TargetPiece{into.data(), whole_.strides(0)};
                });
    }
}

void PieceAccess::write_whole(std::span<const std::byte> from, const WriteStored& store) const {
    const Plan plan(whole_, layout_);
    std::vector<std::byte> piece;
    for (Index place = 0; place < layout_.place_count(); ++place) {
        const auto number = static_cast<std::size_t>(place);
        piece.resize(starts_[number + 1] - starts_[number]);
        if (piece.empty()) continue;
        Exchange::pull(plan, place)
            .run(
                [&](Index) {
                    return SourcePiece{from.data(), whole_.strides(0)};
                },
                [&](Index) {
                    return TargetPiece{piece.data(), layout_.strides(place)};
                });
        store(starts_[number], piece);
    }
}

}  // namespace juxta::data
