#include "data_service/distribution/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, why + "; nothing was moved");
}

void check_axis(const Axis& axis, std::size_t number) {
    const auto refuse_here = [&](const std::string& why) {
        refuse(fmt::format("dimension {} of the distribution has {}", number, why));
    };
    if (axis.n < 0 || axis.n >= kIndexLimit) {
        refuse_here(fmt::format("{} elements: it has 0 to 2^62", axis.n));
    }
    if (axis.places < 1 || axis.places > kMostPlaces) {
        refuse_here(fmt::format("{} places: it has 1 to {}", axis.places, kMostPlaces));
    }
    if (axis.source < 0 || axis.source >= axis.places) {
        refuse_here(fmt::format("its source at place {}, and its places are 0 to {}", axis.source,
                                axis.places - 1));
    }
    const std::string why = axis.kind->objection(axis);
    if (!why.empty()) refuse_here(why);
}

void check_holders(const std::vector<std::uint64_t>& holders, Index places) {
    if (holders.empty()) return;
    if (holders.size() != static_cast<std::size_t>(places)) {
        refuse(fmt::format("{} holders are named for {} places", holders.size(), places));
    }
    if (std::set(holders.begin(), holders.end()).size() != holders.size()) {
        refuse("one holder is named for two places of a distribution");
    }
}

// The dimensions, the one that runs fastest first.
std::vector<std::size_t> fastest_first(std::size_t dimensions, Order order) {
    std::vector<std::size_t> list(dimensions);
    std::iota(list.begin(), list.end(), std::size_t{0});
    if (order == Order::row_major) std::ranges::reverse(list);
    return list;
}

}  // namespace

Layout Layout::whole(const Shape& shape, Index element_bytes, Order order) {
    Layout layout;
    layout.element_bytes = element_bytes;
    layout.local_order = order;
    for (const std::uint64_t extent : shape) {
        Axis axis;
        axis.n = extent >= static_cast<std::uint64_t>(kIndexLimit) ? kIndexLimit
                                                                   : static_cast<Index>(extent);
        layout.axes.push_back(axis);
    }
    return layout;
}

void Layout::check() const {
    if (axes.empty() || axes.size() > kMostDimensions) {
        refuse(fmt::format("an array of {} dimensions cannot be distributed: it has 1 to {}",
                           axes.size(), kMostDimensions));
    }
    if (element_bytes < 1 || element_bytes > kMostElementBytes) {
        refuse(fmt::format("elements of {} bytes cannot be distributed: they have 1 to {}",
                           element_bytes, kMostElementBytes));
    }
    Wide bytes = element_bytes;
    Wide places = 1;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        check_axis(axes[i], i);
        // Extents beside a 0 count too: strides are made of them.
        bytes *= std::max<Index>(axes[i].n, 1);
        places *= axes[i].places;
        if (bytes >= kIndexLimit) refuse("the array has 2^62 bytes or more");
        if (places > kMostPlaces) refuse(fmt::format("the grid has over {} places", kMostPlaces));
    }
    check_holders(holders, static_cast<Index>(places));
}

Indices Layout::shape() const {
    Indices extents;
    for (const Axis& axis : axes) extents.push_back(axis.n);
    return extents;
}

Index Layout::elements() const {
    Index product = 1;
    for (const Axis& axis : axes) product *= axis.n;
    return product;
}

Index Layout::place_count() const {
    Index product = 1;
    for (const Axis& axis : axes) product *= axis.places;
    return product;
}

std::uint64_t Layout::holder(Index place) const {
    return holders.empty() ? static_cast<std::uint64_t>(place)
                           : holders[static_cast<std::size_t>(place)];
}

bool Layout::replicates() const {
    return std::ranges::any_of(
        axes, [](const Axis& axis) { return axis.kind->replicates() && axis.places > 1; });
}

Indices Layout::coordinates(Index place) const {
    Indices all(axes.size());
    for (const std::size_t i : fastest_first(axes.size(), grid_order)) {
        all[i] = place % axes[i].places;
        place /= axes[i].places;
    }
    return all;
}

Index Layout::place_at(std::span<const Index> coordinates) const {
    Index place = 0;
    Index step = 1;
    for (const std::size_t i : fastest_first(axes.size(), grid_order)) {
        place += coordinates[i] * step;
        step *= axes[i].places;
    }
    return place;
}

Indices Layout::local_shape(Index place) const {
    Indices extents = coordinates(place);
    for (std::size_t i = 0; i < axes.size(); ++i) extents[i] = axes[i].count(extents[i]);
    return extents;
}

Index Layout::local_elements(Index place) const {
    Index product = 1;
    for (const Index extent : local_shape(place)) product *= extent;
    return product;
}

Indices Layout::strides(Index place, Index leading) const {
    const Indices extents = local_shape(place);
    Indices strides(axes.size());
    Wide step = 1;
    bool fastest = true;
    for (const std::size_t i : fastest_first(axes.size(), local_order)) {
        strides[i] = static_cast<Index>(step);
        Index extent = extents[i];
        if (fastest && leading != 0) {
            if (leading < std::max<Index>(extent, 1)) {
                refuse(
                    fmt::format("a leading dimension of {} at place {}, which has {} elements "
                                "along dimension {}",
                                leading, place, extent, i));
            }
            extent = leading;
        }
        fastest = false;
        step *= std::max<Index>(extent, 1);
        if (step * element_bytes >= kIndexLimit) {
            refuse(fmt::format("with a leading dimension of {}, place {} has 2^62 bytes or more",
                               leading, place));
        }
    }
    return strides;
}

Index Layout::span_elements(Index place, std::span<const Index> strides) const {
    const Indices extents = local_shape(place);
    Index last = 0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (extents[i] == 0) return 0;
        last += (extents[i] - 1) * strides[i];
    }
    return last + 1;
}

Index Layout::owner(std::span<const Index> global) const {
    Indices all(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
        all[i] = axes[i].kind->replicates() ? 0 : axes[i].owner(global[i]);
    }
    return place_at(all);
}

Indices Layout::local(std::span<const Index> global) const {
    Indices all(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) all[i] = axes[i].local(global[i]);
    return all;
}

Indices Layout::global(Index place, std::span<const Index> local) const {
    Indices all = coordinates(place);
    for (std::size_t i = 0; i < axes.size(); ++i) all[i] = axes[i].global(all[i], local[i]);
    return all;
}

namespace {

// Of dimensions that matter: others do not move an element in memory.
bool same_order(const Layout& one, const Layout& other, const Indices& extents) {
    if (one.local_order == other.local_order) return true;
    return std::ranges::count_if(extents, [](Index extent) { return extent > 1; }) <= 1;
}

}  // namespace

bool same_placement(const Layout& one, const Layout& other) {
    const Index places = one.place_count();
    if (one.element_bytes != other.element_bytes || one.shape() != other.shape() ||
        other.place_count() != places) {
        return false;
    }
    for (Index place = 0; place < places; ++place) {
        const Indices extents = one.local_shape(place);
        if (one.holder(place) != other.holder(place)) return false;
        if (other.local_shape(place) != extents) {
            if (one.local_elements(place) == 0 && other.local_elements(place) == 0) continue;
            return false;
        }
        if (std::ranges::count(extents, 0) > 0) continue;
        if (!same_order(one, other, extents)) return false;
        const Indices here = one.coordinates(place);
        const Indices there = other.coordinates(place);
        for (std::size_t i = 0; i < extents.size(); ++i) {
            if (one.axes[i].pattern(here[i]) != other.axes[i].pattern(there[i])) return false;
        }
    }
    return true;
}

}  // namespace juxta::distribution
