// What moves where when an array changes its distribution: from which place to which, how many
// bytes, which elements.
//
// A pure value, immutable, for any thread. It holds two layouts and what is to be taken of each;
// everything else is computed when asked, in closed form and for the places asked about only, so
// that a plan costs the same for a thousand elements and for 2^40. Plans are equal if they are made
// of the same (PlanCache).
//
// Places of both layouts with the same holder share memory: what goes between them is a copy, not a
// transfer. Of a replicated source every target takes the copy that is nearest: its own holder's if
// it has one, else they are taken in turn.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data_service/distribution/axis_link.h"
#include "data_service/distribution/conversion.h"
#include "data_service/distribution/layout.h"
#include "data_service/distribution/region.h"

namespace juxta::distribution {

// Which elements of the source become which of the target. What the target has outside its region
// stays as it is.
struct Mapping {
    Region source = {};  // empty: all
    Region target = {};  // empty: all
    // Dimension i of the target is dimension order[i] of the source; empty: the same. {1, 0}
    // transposes.
    std::vector<std::size_t> order = {};
    Conversion conversion = {};

    friend bool operator==(const Mapping&, const Mapping&) = default;
};

// What one place sends to another: never empty.
struct LinkSize {
    Index source = 0, target = 0;  // places
    Index elements = 0;
    friend bool operator==(const LinkSize&, const LinkSize&) = default;
};

// The elements of a link, in an order that both ends know.
struct Link {
    Index source = 0, target = 0;
    std::vector<AxisLink> axes;        // one for each dimension of the target
    std::vector<std::size_t> order;    // Mapping::order, written out
    std::vector<std::size_t> nesting;  // the dimensions of the target, the innermost last
    // The innermost dimension is the source's fastest, the one around it the target's: they are
    // walked in tiles of the innermost.
    bool crossed = false;
    Index elements = 0;
    Conversion conversion;
    Index source_bytes = 0, target_bytes = 0;  // of an element

    // On the wire the smaller of the two: who has the greater one converts.
    Index wire_bytes() const { return std::min(source_bytes, target_bytes); }
    Index bytes() const { return elements * wire_bytes(); }
};

struct Cost {
    std::vector<LinkSize> links;                  // those between different holders
    Index bytes_moved = 0;                        // the sum over them
    Index bytes_kept = 0;                         // copied within a holder
    Index most_bytes_out = 0, most_bytes_in = 0;  // of any place
};

class Plan {
public:
    // How many links cost() tells about; more are refused.
    static constexpr Index kMostLinks = Index{1} << 22;

    // invalid_argument, before anything is touched: a layout that is none; regions that are not
    // inside or whose shapes differ; an order that is no permutation; sizes of elements that do not
    // agree with the conversion.
    Plan(Layout source, Layout target, Mapping mapping = {});

    const Layout& source() const { return source_; }
    const Layout& target() const { return target_; }
    const Mapping& mapping() const { return mapping_; }

    // The target's placement is the source's: it can be had by naming it, without a copy.
    bool moves_nothing() const { return nothing_; }

    // In order of the other place. kMostLinks bounds them.
    std::vector<LinkSize> incoming(Index target_place) const;
    std::vector<LinkSize> outgoing(Index source_place) const;
    Index elements(Index source_place, Index target_place) const;
    Cost cost() const;  // all 0 if moves_nothing()

    Link link(Index source_place, Index target_place) const;

    bool same_holder(Index source_place, Index target_place) const {
        return source_.holder(source_place) == target_.holder(target_place);
    }

    // Between the places of these two, in elements.
    friend bool operator==(const Plan& one, const Plan& other) {
        return one.source_ == other.source_ && one.target_ == other.target_ &&
               one.mapping_ == other.mapping_;
    }

private:
    // What a place has of a dimension of the target, counted as the regions count.
    Pattern source_section(std::size_t dimension, Index coordinate) const;
    Pattern target_section(std::size_t dimension, Index coordinate) const;
    bool source_replicates(std::size_t dimension) const;
    // The places that have the same elements as `source_place`: the one of them that serves.
    Index nearest(Indices source_coordinates, Index target_place) const;

    Layout source_, target_;
    Mapping mapping_;  // written out
    bool nothing_ = false;
};

}  // namespace juxta::distribution
