#include "data_service/distribution/layout_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/error.h"
#include "data_service/distribution/numbers.h"

namespace juxta::distribution {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, why + "; nothing was moved");
}

Axis parse_axis(std::string_view word) {
    const std::size_t colon = word.find(':');
    const Kind* kind = find_kind(word.substr(0, colon));
    if (kind == nullptr || (colon != word.npos && colon + 1 == word.size())) {
        refuse(
            fmt::format("--dist: '{}' is no distribution; there are: {}", word, kind_forms_text()));
    }
    Axis axis;
    axis.kind = kind;
    kind->read(colon == word.npos ? std::string_view{} : word.substr(colon + 1), axis);
    return axis;
}

std::vector<Axis> parse_axes(const std::string& dist, const DataType& type) {
    const auto words = split(dist, ',');
    if (words.size() != 1 && words.size() != type.shape.size()) {
        refuse(
            fmt::format("--dist {}: {} kinds for {}, which has {} dimensions; give one for all, "
                        "or one for each",
                        dist, words.size(), to_string(type), type.shape.size()));
    }
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < type.shape.size(); ++i) {
        axes.push_back(parse_axis(words[words.size() == 1 ? 0 : i]));
        axes.back().n = type.shape[i] >= static_cast<std::uint64_t>(kIndexLimit)
                            ? kIndexLimit
                            : static_cast<Index>(type.shape[i]);
    }
    return axes;
}

// The dimensions that the numbers of --grid and --src stand for: all of them, or those that are
// divided. Empty: neither fits.
std::vector<std::size_t> meant(std::size_t numbers, const std::vector<Axis>& axes) {
    std::vector<std::size_t> all;
    std::vector<std::size_t> divided;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        all.push_back(i);
        if (!axes[i].kind->replicates()) divided.push_back(i);
    }
    if (numbers == all.size()) return all;
    return numbers == divided.size() ? divided : std::vector<std::size_t>{};
}

void parse_grid(const std::string& grid, const DataType& type, Layout& layout) {
    const auto parts = split(grid, ':');
    const auto extents = parse_list(parts.front(), 'x');
    const bool ordered = parts.size() == 2 && (parts[1] == "R" || parts[1] == "C");
    if (!extents || parts.size() > 2 || (parts.size() == 2 && !ordered)) {
        refuse(fmt::format("--grid {}: it is written PxQ, PxQ:R or PxQ:C", grid));
    }
    const auto dimensions = meant(extents->size(), layout.axes);
    if (dimensions.empty()) {
        refuse(
            fmt::format("--grid {} has {} dimensions, {} has {}; give the number of places "
                        "along each, 1 where it is not divided",
                        grid, extents->size(), to_string(type), type.shape.size()));
    }
    if (ordered && parts[1] == "C") layout.grid_order = Order::column_major;
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        layout.axes[dimensions[i]].places = (*extents)[i];
    }
}

void parse_source(const std::string& src, Layout& layout) {
    const auto sources = parse_list(src, ',');
    if (!sources) refuse(fmt::format("--src {}: it is written p,q", src));
    const auto dimensions = meant(sources->size(), layout.axes);
    if (dimensions.empty()) {
        refuse(fmt::format("--src {} has {} numbers for {} dimensions: give one for each", src,
                           sources->size(), layout.axes.size()));
    }
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        layout.axes[dimensions[i]].source = (*sources)[i];
    }
}

// Prime factors of `places`, the greatest first, each to the dimension that has fewest so far.
// Lengths that are given say themselves how many places there are.
void balance(Index places, std::vector<Axis>& axes) {
    std::vector<Axis*> divided;
    for (Axis& axis : axes) {
        if (!axis.parts.empty()) {
            axis.places = static_cast<Index>(axis.parts.size());
            places = places % axis.places == 0 ? places / axis.places : 1;
        } else if (!axis.kind->replicates()) {
            divided.push_back(&axis);
        }
    }
    std::vector<Index> factors;
    for (Index factor = 2; places > 1; ++factor) {
        if (factor * factor > places) factor = places;
        for (; places % factor == 0; places /= factor) factors.push_back(factor);
    }
    for (auto factor = factors.rbegin(); factor != factors.rend() && !divided.empty(); ++factor) {
        (*std::ranges::min_element(divided, {}, [](const Axis* axis) {
            return axis->places;
        }))->places *= *factor;
    }
}

}  // namespace

Layout parse_layout(const LayoutText& text, const DataType& type, Index places) {
    Layout layout;
    layout.element_bytes = static_cast<Index>(size_of(type.element));
    layout.axes = parse_axes(text.dist, type);
    if (text.grid.empty()) {
        balance(std::clamp<Index>(places, 1, kMostPlaces), layout.axes);
    } else {
        parse_grid(text.grid, type, layout);
    }
    if (!text.src.empty()) parse_source(text.src, layout);
    layout.check();
    return layout;
}

LayoutText text_of(const Layout& layout) {
    LayoutText text;
    std::vector<std::string> kinds;
    Indices grid;
    Indices sources;
    for (const Axis& axis : layout.axes) {
        const std::string arguments = axis.kind->written(axis);
        kinds.push_back(std::string(axis.kind->name()) + (arguments.empty() ? "" : ":") +
                        arguments);
        if (kinds.back() == "cyclic:1") kinds.back() = "cyclic";
        grid.push_back(axis.places);
        sources.push_back(axis.source);
    }
    if (std::ranges::count(kinds, kinds.front()) == std::ssize(kinds)) kinds.resize(1);
    text.dist = fmt::format("{}", fmt::join(kinds, ","));
    text.grid = list_text(grid, 'x') + (layout.grid_order == Order::column_major ? ":C" : "");
    const bool moved = std::ranges::any_of(sources, [](Index source) { return source != 0; });
    if (moved) text.src = list_text(sources, ',');
    return text;
}

std::string to_string(const Layout& layout) {
    const LayoutText text = text_of(layout);
    return text.dist + " on " + text.grid + (text.src.empty() ? "" : " from " + text.src);
}

}  // namespace juxta::distribution
