#include "data_service/distribution/axis_walk.h"

#include <algorithm>

namespace juxta::distribution {

AxisWalk::AxisWalk(const AxisLink& link) : link_(&link) { seek(0); }

std::span<const Run> AxisWalk::runs() const {
    return drawn() ? std::span<const Run>(window_) : std::span<const Run>(section().runs);
}

Index AxisWalk::repeats_together() const {
    return drawn() ? 1 : std::min(section().tile, section().repeats - repeat_);
}

void AxisWalk::enter_section() {
    repeat_ = 0;
    run_ = 0;
    in_run_ = 0;
    if (drawn()) draw_window(section().first_tooth);
}

void AxisWalk::draw_window(Index first_tooth) {
    const Index end = std::min(first_tooth + AxisLink::kWindow, section().end_tooth);
    run_ = 0;
    if (window_section_ == section_ && window_first_ == first_tooth) return;
    window_.clear();
    AxisLink::draw(section(), first_tooth, end, window_);
    window_section_ = section_;
    window_first_ = first_tooth;
    window_end_ = end;
}

void AxisWalk::next_run() {
    in_run_ = 0;
    if (++run_ < runs().size()) return;
    if (drawn()) {
        // A window may hold nothing: the patterns miss each other there.
        while (window_end_ < section().end_tooth) {
            draw_window(window_end_);
            if (!window_.empty()) return;
        }
    }
    next_repeats();
}

void AxisWalk::next_repeats() {
    repeat_ += repeats_together();
    run_ = 0;
    in_run_ = 0;
    if (repeat_ == section().repeats) {
        ++section_;
        if (done()) return;
        enter_section();
    } else if (drawn()) {
        draw_window(section().first_tooth);
    }
    if (runs().empty()) next_run();
}

AxisBox AxisWalk::box(Index most, Index skip) const {
    const Run& run = runs()[run_];
    const Index per_repeat = run.elements();
    const Index at = in_run_ + skip;
    const Index repeat = at / per_repeat;
    const Index in_repeat = at - repeat * per_repeat;
    const Index nth = in_repeat / run.length;
    const Index in_length = in_repeat - nth * run.length;
    AxisBox box;
    box.source = run.source + (repeat_ + repeat) * section().source_period +
                 nth * run.source_stride + in_length * run.source_step;
    box.target = run.target + (repeat_ + repeat) * section().target_period +
                 nth * run.target_stride + in_length * run.target_step;
    box.elements = 1;
    const auto loop = [&](Index count, Index source_stride, Index target_stride) {
        box.elements *= count;
        if (count > 1) box.loops[box.depth++] = {count, source_stride, target_stride};
    };
    if (in_length > 0 || most < run.length) {
        loop(std::min(most, run.length - in_length), run.source_step, run.target_step);
        return box;
    }
    if (in_repeat > 0 || most < per_repeat) {
        loop(std::min(most / run.length, run.count - nth), run.source_stride, run.target_stride);
    } else {
        loop(std::min(most / per_repeat, repeats_together() - repeat), section().source_period,
             section().target_period);
        loop(run.count, run.source_stride, run.target_stride);
    }
    loop(run.length, run.source_step, run.target_step);
    return box;
}

void AxisWalk::advance(Index elements) {
    in_run_ += elements;
    if (in_run_ == runs()[run_].elements() * repeats_together()) next_run();
}

Index AxisWalk::seek_in_section(Index element) {
    const Section& here = section();
    repeat_ = element / here.elements;
    if (drawn()) {
        element -= repeat_ * here.elements;
        // The last window that has no more elements before it.
        Index low = 0;
        Index high = (here.end_tooth - here.first_tooth - 1) / AxisLink::kWindow;
        const auto before = [&](Index window) {
            return AxisLink::count(here, here.first_tooth,
                                   here.first_tooth + window * AxisLink::kWindow);
        };
        while (low < high) {
            const Index middle = low + (high - low + 1) / 2;
            if (before(middle) <= element) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        element -= before(low);
        draw_window(here.first_tooth + low * AxisLink::kWindow);
    } else {
        repeat_ = repeat_ / here.tile * here.tile;
        element -= repeat_ * here.elements;
    }
    const auto all = runs();
    for (run_ = 0;; ++run_) {
        const Index in_this = all[run_].elements() * repeats_together();
        if (element < in_this) return element;
        element -= in_this;
    }
}

void AxisWalk::seek(Index element) {
    section_ = 0;
    while (!done() && element >= link_->start(section_ + 1)) ++section_;
    if (done()) return;
    in_run_ = seek_in_section(element - link_->start(section_));
}

Index AxisWalk::seek_box(Index element, Index most) {
    seek(element);
    const Run& run = runs()[run_];
    const Index per_repeat = run.elements();
    // Boxes of whole repeats, else of whole runs, else of parts of a run.
    Index before = 0;
    Index length = 0;
    if (per_repeat <= most) {
        length = most / per_repeat * per_repeat;
    } else if (run.length <= most) {
        before = in_run_ / per_repeat * per_repeat;
        length = most / run.length * run.length;
    } else {
        before = in_run_ / run.length * run.length;
        length = most;
    }
    const Index back = (in_run_ - before) % length;
    in_run_ -= back;
    return element - back;
}

}  // namespace juxta::distribution
