#include "data_service/distribution/pull_order.h"

#include <algorithm>
#include <map>

namespace juxta::distribution {

std::vector<LinkSize> pull_order(const Plan& plan, Index target_place) {
    std::vector<LinkSize> links = plan.incoming(target_place);
    const auto first = std::ranges::find_if(links, [&](const LinkSize& link) {
        return link.source >= target_place % plan.source().place_count();
    });
    std::ranges::rotate(links, first);
    std::ranges::stable_partition(
        links, [&](const LinkSize& link) { return !plan.same_holder(link.source, link.target); });
    return links;
}

namespace {

// Edges of a bipartite graph, coloured one after the other; a colour is a round.
class Colouring {
public:
    explicit Colouring(const std::vector<LinkSize>& links) : links_(links), colour_(links.size()) {
        std::map<Index, std::size_t> of_source;
        std::map<Index, std::size_t> of_target;
        for (const LinkSize& link : links) {
            of_source[link.source]++;
            of_target[link.target]++;
        }
        for (const auto& [place, degree] : of_source) most_ = std::max(most_, degree);
        for (const auto& [place, degree] : of_target) most_ = std::max(most_, degree);
        for (std::size_t edge = 0; edge < links.size(); ++edge) colour(edge);
    }

    std::vector<std::vector<LinkSize>> rounds() const {
        std::vector<std::vector<LinkSize>> rounds(most_);
        for (std::size_t edge = 0; edge < links_.size(); ++edge) {
            rounds[colour_[edge]].push_back(links_[edge]);
        }
        return rounds;
    }

private:
    static constexpr std::size_t kNone = SIZE_MAX;
    // The edge of each colour at a place.
    using Edges = std::map<Index, std::vector<std::size_t>>;

    std::vector<std::size_t>& at(Edges& edges, Index place) {
        auto& list = edges[place];
        if (list.empty()) list.assign(most_, kNone);
        return list;
    }
    static std::size_t free_in(const std::vector<std::size_t>& edges) {
        return static_cast<std::size_t>(std::ranges::find(edges, kNone) - edges.begin());
    }

    void colour(std::size_t edge) {
        const LinkSize& link = links_[edge];
        auto& source = at(sources_, link.source);
        auto& target = at(targets_, link.target);
        const std::size_t free_here = free_in(source);
        const std::size_t free_there = free_in(target);
        // Along the path of both colours from the target on, they are exchanged: it never comes
        // back to the source.
        if (target[free_here] != kNone) exchange(link.target, free_here, free_there);
        source[free_here] = target[free_here] = edge;
        colour_[edge] = free_here;
    }

    void exchange(Index target_place, std::size_t taken, std::size_t free) {
        std::vector<std::size_t> path;
        bool at_target = true;
        Index place = target_place;
        std::size_t wanted = taken;
        for (;;) {
            const std::size_t edge = at(at_target ? targets_ : sources_, place)[wanted];
            if (edge == kNone) break;
            path.push_back(edge);
            place = at_target ? links_[edge].source : links_[edge].target;
            at_target = !at_target;
            wanted = wanted == taken ? free : taken;
        }
        for (const std::size_t edge : path) {
            at(sources_, links_[edge].source)[colour_[edge]] = kNone;
            at(targets_, links_[edge].target)[colour_[edge]] = kNone;
        }
        for (const std::size_t edge : path) {
            colour_[edge] = colour_[edge] == taken ? free : taken;
            at(sources_, links_[edge].source)[colour_[edge]] = edge;
            at(targets_, links_[edge].target)[colour_[edge]] = edge;
        }
    }

    const std::vector<LinkSize>& links_;
    std::vector<std::size_t> colour_;
    std::size_t most_ = 0;
    Edges sources_, targets_;
};

}  // namespace

std::vector<std::vector<LinkSize>> rounds(const std::vector<LinkSize>& links) {
    return Colouring(links).rounds();
}

}  // namespace juxta::distribution
