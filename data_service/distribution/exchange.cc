#include "data_service/distribution/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

constexpr Index kStep = 4096;                  // bytes of each link in turn, where lines are shared
constexpr Index kLongStep = Index{128} << 10;  // where they are not
constexpr Index kLine = 64;
constexpr Index kPastCaches = Index{8} << 20;  // bytes of a piece from which caches do not help

// How many places share a line of memory of one side, as far as the runs of this link tell.
double sharing(const Link& link, bool of_source) {
    if (link.nesting.empty()) return 1;
    const std::size_t inner = of_source || link.nesting.size() < 2 || !link.crossed
                                  ? link.nesting.back()
                                  : link.nesting[link.nesting.size() - 2];
    double share = 1;
    for (const AxisLink::Section& section : link.axes[inner].sections()) {
        for (const Run& run : section.runs) {
            const Index stride = of_source ? run.source_stride : run.target_stride;
            const Index period = of_source ? section.source_period : section.target_period;
            const Index bytes = of_source ? link.source_bytes : link.target_bytes;
            if (run.length * bytes >= 4 * kLine) continue;
            const Index next = run.count > 1 ? stride : section.repeats > 1 ? period : run.length;
            share = std::max(share, static_cast<double>(next) / static_cast<double>(run.length));
        }
    }
    return share;
}

struct Range {
    const std::byte* begin;
    const std::byte* end;
};

Range range_of(const Layout& layout, Index place, const std::byte* memory, const Indices& strides) {
    return {memory, memory + layout.span_elements(place, strides) * layout.element_bytes};
}

void expect_apart(const Range& source, Index source_place, const Range& target,
                  Index target_place) {
    if (std::less_equal<>{}(source.end, target.begin) ||
        std::less_equal<>{}(target.end, source.begin)) {
        return;
    }
    throw Error(ErrorCode::invalid_argument,
                fmt::format("the memory of source place {} and target place {} overlaps: a new "
                            "distribution needs memory of its own; nothing was moved",
                            source_place, target_place));
}

}  // namespace

Driver better_driver(const Plan& plan) {
    for (Index target = 0; target < plan.target().place_count(); ++target) {
        const auto links = plan.incoming(target);
        if (links.empty()) continue;
        const Link link = plan.link(links.front().source, target);
        return sharing(link, true) > sharing(link, false) ? Driver::source : Driver::target;
    }
    return Driver::target;
}

Exchange::Exchange(const Plan& plan, const std::vector<LinkSize>& links) : plan_(&plan) {
    for (const LinkSize& link : links) links_.push_back(plan.link(link.source, link.target));
}

Exchange Exchange::pull(const Plan& plan, Index target_place) {
    return Exchange(plan, plan.incoming(target_place));
}

Exchange Exchange::push(const Plan& plan, Index source_place) {
    return Exchange(plan, plan.outgoing(source_place));
}

Index Exchange::bytes() const {
    Index sum = 0;
    for (const Link& link : links_) sum += link.bytes();
    return sum;
}

void Exchange::run(const std::function<SourcePiece(Index place)>& source,
                   const std::function<TargetPiece(Index place)>& target,
                   const Kernels& kernels) const {
    struct Part {
        LinkStream stream;
        const std::byte* from;
        std::byte* to;
    };
    std::vector<Part> parts;
    bool shared = false;
    for (const Link& link : links_) {
        const SourcePiece from = source(link.source);
        const TargetPiece to = target(link.target);
        const Range target_range = range_of(plan_->target(), link.target, to.memory, to.strides);
        expect_apart(range_of(plan_->source(), link.source, from.memory, from.strides), link.source,
                     target_range, link.target);
        parts.push_back(
            {LinkStream(link, from.strides, to.strides, kernels), from.memory, to.memory});
        parts.back().stream.stream_past_caches(target_range.end - target_range.begin >=
                                               kPastCaches);
        shared = shared || sharing(link, true) > 1 || sharing(link, false) > 1;
    }
    const Index step = shared ? kStep : kLongStep;
    for (bool more = true; more;) {
        more = false;
        for (Part& part : parts) {
            if (part.stream.left() == 0) continue;
            part.stream.copy(part.from, part.to, step);
            more = more || part.stream.left() > 0;
        }
    }
}

}  // namespace juxta::distribution
