// A position in a link of one dimension, and what comes next as nested loops.
//
// A machine, for one thread; the AxisLink must outlive it. It keeps at most one window of runs.
#pragma once

#include <array>
#include <span>

#include "data_service/distribution/axis_link.h"

namespace juxta::distribution {

// `count` times, with so many units from one to the next.
struct Loop {
    Index count = 1;
    Index source_stride = 0, target_stride = 0;
};

// Elements in a regular arrangement: the last loop is the innermost.
struct AxisBox {
    Index source = 0, target = 0;  // local indices of the first
    Index elements = 0;
    std::array<Loop, 3> loops;
    std::size_t depth = 0;  // loops in use
};

class AxisWalk {
public:
    explicit AxisWalk(const AxisLink& link);

    // 0 <= element <= elements().
    void seek(Index element);
    // To the beginning of the box of at most `most` elements (box(most) from there on) in which
    // `element` is, wherever one started; returns its number.
    Index seek_box(Index element, Index most);

    bool done() const { return section_ == link_->sections().size(); }
    // The longest box of at most `most` >= 1 elements from here on, or from `skip` elements
    // further, within the same run. Precondition: !done().
    AxisBox box(Index most, Index skip = 0) const;
    // Over elements of a box that began here.
    void advance(Index elements);

private:
    using Section = AxisLink::Section;
    const Section& section() const { return link_->sections()[section_]; }
    bool drawn() const { return section().runs.empty(); }
    std::span<const Run> runs() const;
    Index repeats_together() const;
    void enter_section();
    void draw_window(Index first_tooth);
    void next_run();
    void next_repeats();
    Index seek_in_section(Index element);

    const AxisLink* link_;
    std::size_t section_ = 0;
    Index repeat_ = 0;                         // the first of those taken together
    Index window_first_ = 0, window_end_ = 0;  // teeth, of a drawn section
    std::size_t window_section_ = SIZE_MAX;    // whose teeth they are
    std::vector<Run> window_;
    std::size_t run_ = 0;
    Index in_run_ = 0;  // elements before this one in the run, all repeats together
};

}  // namespace juxta::distribution
