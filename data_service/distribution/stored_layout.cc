#include "data_service/distribution/stored_layout.h"

#include <fmt/format.h>

#include "common/base/error.h"
#include "data_service/distribution/layout_text.h"

namespace juxta::distribution {
namespace {

void expect_divided(const Layout& layout) {
    if (!layout.replicates()) return;
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{} gives several places the same elements: a datum is stored once at "
                            "one place each, and --copies says how often; let the grid have 1 "
                            "along every '*'; nothing was stored",
                            to_string(layout)));
}

// One dimension in contiguous parts, in order.
bool is_array_order(const Layout& layout) {
    Index next = 0;
    for (const Axis& axis : layout.axes) {
        // Of matrices only those that are a column or a row.
        if (&axis != &layout.axes.front() && axis.n != 1) return false;
    }
    if (layout.axes.size() > 1 && layout.place_count() != layout.axes.front().places) return false;
    for (Index place = 0; place < layout.axes.front().places; ++place) {
        for (const Comb& comb : layout.axes.front().pattern(place)) {
            if (comb.count != 1 || comb.first != next) return false;
            next = comb.end();
        }
    }
    return true;
}

}  // namespace

std::optional<Layout> stored_layout(const DataSpec& spec) {
    if (spec.layout.dist.empty()) return std::nullopt;
    Layout layout = parse_layout(spec.layout, spec.type);
    expect_divided(layout);
    return layout;
}

Layout layout_as_stored(const DataSpec& spec) {
    if (const auto layout = stored_layout(spec)) return *layout;
    const auto element_bytes = static_cast<Index>(size_of(spec.type.element));
    Layout layout = Layout::whole(spec.type.shape, element_bytes);
    if (spec.block_bytes.empty() || layout.axes.size() != 1) return layout;
    Layout blocks = layout;
    Axis& axis = blocks.axes.front();
    axis.kind = &kind_named("block");
    axis.places = static_cast<Index>(spec.block_bytes.size());
    if (piece_bytes(blocks) == spec.block_bytes) return blocks;
    axis.kind = &kind_named("gen");
    for (const std::uint64_t bytes : spec.block_bytes) {
        if (bytes % static_cast<std::uint64_t>(element_bytes) != 0) return layout;
        axis.parts.push_back(static_cast<Index>(bytes) / element_bytes);
    }
    return blocks;
}

std::vector<std::uint64_t> piece_bytes(const Layout& layout) {
    std::vector<std::uint64_t> sizes;
    for (Index place = 0; place < layout.place_count(); ++place) {
        sizes.push_back(static_cast<std::uint64_t>(layout.local_bytes(place)));
    }
    return sizes;
}

void distribute(DataSpec& spec, const LayoutText& words, Index places) {
    const Layout layout = parse_layout(words, spec.type, places);
    expect_divided(layout);
    spec.block_bytes = piece_bytes(layout);
    spec.layout = is_array_order(layout) ? LayoutText{} : text_of(layout);
}

std::string layout_objection(const DataSpec& spec) {
    try {
        const auto layout = stored_layout(spec);
        if (!layout) return {};
        if (static_cast<std::size_t>(layout->place_count()) == spec.block_bytes.size() &&
            piece_bytes(*layout) == spec.block_bytes) {
            return {};
        }
        return fmt::format(
            "the blocks of a datum distributed as {} have to be the pieces of its {} "
            "places",
            to_string(*layout), layout->place_count());
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace juxta::distribution
