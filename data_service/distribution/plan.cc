#include "data_service/distribution/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, why + "; nothing was moved");
}

void check_order(const std::vector<std::size_t>& order, std::size_t dimensions) {
    std::vector<bool> used(dimensions);
    for (const std::size_t each : order) {
        if (each >= dimensions || used[each]) break;
        used[each] = true;
    }
    if (order.size() != dimensions || std::ranges::count(used, true) != std::ssize(used)) {
        refuse("the order of dimensions is no permutation of those of the source");
    }
}

void check_elements(const Layout& layout, Index wanted, const char* which) {
    if (wanted == 0 || wanted == layout.element_bytes) return;
    refuse(fmt::format("elements of the {} have {} bytes, and are to be converted as numbers of {}",
                       which, layout.element_bytes, wanted));
}

// What one dimension contributes to the links of a place.
struct Share {
    Index coordinate = 0;  // of the other place
    Index elements = 0;
};

// Calls visit(coordinates, elements) for every combination of one share of each dimension.
template <class Visit>
void for_each_combination(const std::vector<std::vector<Share>>& shares, const Visit& visit) {
    Index combinations = 1;
    for (const auto& list : shares) {
        if (list.empty()) return;
        combinations *= std::ssize(list);
        if (combinations > Plan::kMostLinks) {
            refuse(fmt::format("one place would have over {} links", Plan::kMostLinks));
        }
    }
    std::vector<std::size_t> chosen(shares.size());
    Indices coordinates(shares.size());
    for (;;) {
        Index elements = 1;
        for (std::size_t i = 0; i < shares.size(); ++i) {
            coordinates[i] = shares[i][chosen[i]].coordinate;
            elements *= shares[i][chosen[i]].elements;
        }
        visit(coordinates, elements);
        std::size_t at = shares.size();
        while (at > 0 && ++chosen[at - 1] == shares[at - 1].size()) chosen[--at] = 0;
        if (at == 0) return;
    }
}

}  // namespace

Plan::Plan(Layout source, Layout target, Mapping mapping)
    : source_(std::move(source)), target_(std::move(target)), mapping_(std::move(mapping)) {
    source_.check();
    target_.check();
    const std::size_t dimensions = source_.dimensions();
    if (target_.dimensions() != dimensions) {
        refuse(fmt::format("an array of {} dimensions does not become one of {}", dimensions,
                           target_.dimensions()));
    }
    if (mapping_.order.empty()) {
        mapping_.order.resize(dimensions);
        std::iota(mapping_.order.begin(), mapping_.order.end(), std::size_t{0});
    }
    check_order(mapping_.order, dimensions);
    const Indices source_shape = source_.shape();
    const Indices target_shape = target_.shape();
    if (mapping_.source.empty()) mapping_.source = whole_region(source_shape);
    if (mapping_.target.empty()) mapping_.target = whole_region(target_shape);
    check_region(mapping_.source, source_shape, "source");
    check_region(mapping_.target, target_shape, "target");
    for (std::size_t i = 0; i < dimensions; ++i) {
        const Index from = mapping_.source[mapping_.order[i]].elements();
        const Index to = mapping_.target[i].elements();
        if (from != to) {
            refuse(fmt::format("{} elements do not become the {} of dimension {} of the target",
                               from, to, i));
        }
    }
    const Conversion& conversion = mapping_.conversion;
    check_elements(source_, conversion.source_bytes(), "source");
    check_elements(target_, conversion.target_bytes(), "target");
    if (conversion.copies() && source_.element_bytes != target_.element_bytes) {
        refuse(fmt::format("elements of {} bytes do not become such of {} without a conversion",
                           source_.element_bytes, target_.element_bytes));
    }
    nothing_ = conversion.copies() && std::ranges::is_sorted(mapping_.order) &&
               mapping_.source == whole_region(source_shape) &&
               mapping_.target == whole_region(target_shape) && same_placement(source_, target_);
}

Pattern Plan::source_section(std::size_t dimension, Index coordinate) const {
    const std::size_t of_source = mapping_.order[dimension];
    return section(source_.axes[of_source].pattern(coordinate), mapping_.source[of_source]);
}

Pattern Plan::target_section(std::size_t dimension, Index coordinate) const {
    return section(target_.axes[dimension].pattern(coordinate), mapping_.target[dimension]);
}

bool Plan::source_replicates(std::size_t dimension) const {
    const Axis& axis = source_.axes[mapping_.order[dimension]];
    return axis.kind->replicates() && axis.places > 1;
}

Index Plan::nearest(Indices coordinates, Index target_place) const {
    // The replicas: all combinations of coordinates of replicated dimensions.
    Index replicas = 1;
    for (const Axis& axis : source_.axes) {
        if (axis.kind->replicates()) replicas *= axis.places;
    }
    if (replicas == 1) return source_.place_at(coordinates);
    const auto replica = [&](Index number) {
        for (std::size_t i = 0; i < coordinates.size(); ++i) {
            const Axis& axis = source_.axes[i];
            if (!axis.kind->replicates()) continue;
            coordinates[i] = number % axis.places;
            number /= axis.places;
        }
        return source_.place_at(coordinates);
    };
    for (Index number = 0; number < replicas; ++number) {
        const Index place = replica(number);
        if (same_holder(place, target_place)) return place;
    }
    return replica(target_place % replicas);
}

std::vector<LinkSize> Plan::incoming(Index target_place) const {
    const Indices here = target_.coordinates(target_place);
    std::vector<std::vector<Share>> shares(here.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
        const Pattern mine = target_section(i, here[i]);
        const Axis& axis = source_.axes[mapping_.order[i]];
        // Of replicas one serves: which, is decided below.
        const Index others = axis.kind->replicates() ? 1 : axis.places;
        for (Index p = 0; p < others && !mine.empty(); ++p) {
            const Index elements = overlap(source_section(i, p), mine);
            if (elements > 0) shares[mapping_.order[i]].push_back({p, elements});
        }
    }
    std::vector<LinkSize> links;
    for_each_combination(shares, [&](const Indices& coordinates, Index elements) {
        links.push_back({nearest(coordinates, target_place), target_place, elements});
    });
    std::ranges::sort(links, {}, &LinkSize::source);
    return links;
}

std::vector<LinkSize> Plan::outgoing(Index source_place) const {
    const Indices here = source_.coordinates(source_place);
    std::vector<std::vector<Share>> shares(here.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
        const Pattern mine = source_section(i, here[mapping_.order[i]]);
        const Axis& axis = target_.axes[i];
        Index elements = 0;
        for (Index p = 0; p < axis.places && !mine.empty(); ++p) {
            // All replicas take the same.
            if (p == 0 || !axis.kind->replicates()) elements = overlap(mine, target_section(i, p));
            if (elements > 0) shares[i].push_back({p, elements});
        }
    }
    std::vector<LinkSize> links;
    for_each_combination(shares, [&](const Indices& coordinates, Index elements) {
        const Index target_place = target_.place_at(coordinates);
        if (nearest(here, target_place) == source_place) {
            links.push_back({source_place, target_place, elements});
        }
    });
    std::ranges::sort(links, {}, &LinkSize::target);
    return links;
}

Index Plan::elements(Index source_place, Index target_place) const {
    const Indices from = source_.coordinates(source_place);
    const Indices to = target_.coordinates(target_place);
    if (nearest(from, target_place) != source_place) return 0;
    Index product = 1;
    for (std::size_t i = 0; i < to.size(); ++i) {
        product *= overlap(source_section(i, from[mapping_.order[i]]), target_section(i, to[i]));
    }
    return product;
}

Cost Plan::cost() const {
    Cost cost;
    if (nothing_) return cost;
    const Index wire = std::min(source_.element_bytes, target_.element_bytes);
    std::vector<Index> out(static_cast<std::size_t>(source_.place_count()));
    Index links = 0;
    for (Index target = 0; target < target_.place_count(); ++target) {
        Index in = 0;
        for (const LinkSize& link : incoming(target)) {
            if (++links > kMostLinks) {
                refuse(fmt::format("the plan has over {} links: ask place by place", kMostLinks));
            }
            const Index bytes = link.elements * wire;
            if (same_holder(link.source, target)) {
                cost.bytes_kept += bytes;
                continue;
            }
            cost.links.push_back(link);
            cost.bytes_moved += bytes;
            in += bytes;
            out[static_cast<std::size_t>(link.source)] += bytes;
        }
        cost.most_bytes_in = std::max(cost.most_bytes_in, in);
    }
    cost.most_bytes_out = *std::ranges::max_element(out);
    return cost;
}

Link Plan::link(Index source_place, Index target_place) const {
    const Indices from = source_.coordinates(source_place);
    const Indices to = target_.coordinates(target_place);
    const bool serves = nearest(from, target_place) == source_place;
    Link link;
    link.source = source_place;
    link.target = target_place;
    link.order = mapping_.order;
    link.conversion = mapping_.conversion;
    link.source_bytes = source_.element_bytes;
    link.target_bytes = target_.element_bytes;
    link.elements = 1;
    for (std::size_t i = 0; i < to.size(); ++i) {
        link.axes.emplace_back(serves ? source_section(i, from[mapping_.order[i]]) : Pattern{},
                               target_section(i, to[i]));
        link.elements *= link.axes.back().elements();
    }

    // The target's slowest dimension outermost. Dimensions of one element do not matter.
    link.nesting.resize(to.size());
    std::iota(link.nesting.begin(), link.nesting.end(), std::size_t{0});
    if (target_.local_order == Order::column_major) std::ranges::reverse(link.nesting);
    const auto divided = std::ranges::stable_partition(
        link.nesting, [&](std::size_t i) { return link.axes[i].elements() <= 1; });
    // The position among the source's dimensions, the fastest greatest.
    const auto source_speed = [&](std::size_t i) {
        const std::size_t dimension = link.order[i];
        return source_.local_order == Order::row_major ? dimension : to.size() - dimension;
    };
    if (divided.size() < 2) return link;
    const auto fastest = std::ranges::max_element(divided, {}, source_speed);
    link.crossed = *fastest != link.nesting.back();
    if (link.crossed) std::ranges::rotate(fastest, fastest + 1, link.nesting.end());
    return link;
}

}  // namespace juxta::distribution
