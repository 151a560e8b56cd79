// What of one dimension goes from one place to another: the intersection of two patterns, in closed
// form, whatever the number of elements.
//
// An immutable value. Two combs of periods A and B meet in a pattern of period lcm(A, B); within
// one tooth of the comb with the longer period there are at most three runs: a cut one, a
// progression of whole teeth, a cut one (redistribution of block-cyclic arrays: Prylli and
// Tourancheau, 1997). A link of the dimension is a list of sections: some runs, repeated. A section
// of very many runs is not written out: it is drawn a window at a time (AxisWalk).
//
// The order of the elements of a link is fixed by both patterns alone, so that both ends know it.
#pragma once

#include <vector>

#include "data_service/distribution/comb.h"

namespace juxta::distribution {

// `count` runs of `length` elements each. Positions are local indices along the dimension.
struct Run {
    Index source = 0, target = 0;  // of the first element
    Index length = 1;
    Index source_step = 1, target_step = 1;  // from element to element
    Index count = 1;
    Index source_stride = 0, target_stride = 0;  // from run to run

    Index elements() const { return length * count; }
    friend bool operator==(const Run&, const Run&) = default;
};

// How many indices both have; O(log) steps.
Index overlap(const Comb& one, const Comb& other);
Index overlap(const Pattern& one, const Pattern& other);

class AxisLink {
public:
    // Teeth of the comb with the longer period that are drawn at a time.
    static constexpr Index kWindow = 1024;

    struct Section {
        std::vector<Run> runs;  // of one repeat; empty: to be drawn
        Index elements = 0;     // of one repeat
        Index repeats = 1;
        Index source_period = 0, target_period = 0;  // from repeat to repeat
        // Of a section that was written out: so many repeats are taken together, run by run, so
        // that short runs become long progressions.
        Index tile = 1;
        // To draw runs: these teeth of the driving comb.
        Comb source, target;
        bool source_drives = false;
        Index first_tooth = 0, end_tooth = 0;
    };

    AxisLink(const Pattern& source, const Pattern& target);

    Index elements() const { return starts_.back(); }
    const std::vector<Section>& sections() const { return sections_; }
    // Elements before a section.
    Index start(std::size_t section) const { return starts_[section]; }

    // The runs of these teeth of a section, in order.
    static void draw(const Section& section, Index first_tooth, Index end_tooth,
                     std::vector<Run>& runs);
    // How many elements they have.
    static Index count(const Section& section, Index first_tooth, Index end_tooth);

private:
    void add(const Comb& source, const Comb& target);
    void add_section(Section section, Index first_tooth, Index end_tooth, Index repeats);
    void close();

    std::vector<Section> sections_;
    std::vector<Index> starts_;  // of each section, and the end
};

}  // namespace juxta::distribution
