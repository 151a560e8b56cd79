#include "data_service/distribution/axis_link.h"

#include <algorithm>
#include <numeric>

namespace juxta::distribution {
namespace {

constexpr Index kFewTeeth = 48;        // are counted one by one
constexpr Index kTileElements = 4096;  // of repeats that are taken together

// Two combs, and which teeth of the driving one may meet the other one.
struct Meeting {
    const Comb& driver;
    const Comb& other;
    Index first = 0, end = 0;  // teeth of the driver
    // Those between which the other one is periodic: it has teeth before and behind.
    Index periodic_first = 0, periodic_end = 0;
};

// The comb with the longer period drives: a single tooth before all.
bool drives(const Comb& one, const Comb& other) {
    if (one.count == 1 || other.count == 1) return one.count == 1;
    return one.period >= other.period;
}

Meeting meeting(const Comb& driver, const Comb& other) {
    Meeting meeting{.driver = driver, .other = other};
    const Index period = std::max<Index>(driver.period, 1);
    meeting.first = std::clamp<Index>(
        floor_div(other.first - driver.length - driver.first, period) + 1, 0, driver.count);
    meeting.end = std::clamp<Index>(ceil_div(other.end() - driver.first, period), meeting.first,
                                    driver.count);
    if (driver.count == 1) {
        const bool apart = other.end() <= driver.first || driver.end() <= other.first;
        meeting.first = 0;
        meeting.end = apart ? 0 : 1;
    }
    meeting.periodic_first = meeting.periodic_end = meeting.end;
    if (driver.count == 1 || other.count == 1) return meeting;
    const Index until = other.first + other.count * other.period;
    meeting.periodic_first =
        std::clamp(ceil_div(other.first - driver.first, period), meeting.first, meeting.end);
    meeting.periodic_end = std::clamp(floor_div(until - driver.length - driver.first, period) + 1,
                                      meeting.periodic_first, meeting.end);
    return meeting;
}

Index tooth_overlap(const Comb& driver, const Comb& other, Index tooth) {
    const Index begin = driver.first + tooth * driver.period;
    return other.below(begin + driver.length) - other.below(begin);
}

// In one whole period of both: pairs of an offset in a tooth of each whose difference is congruent.
Index period_overlap(const Comb& driver, const Comb& other, Index common) {
    const Index whole_one = driver.length / common;
    const Index rest_one = driver.length % common;
    const Index whole_other = other.length / common;
    const Index rest_other = other.length % common;
    // Residues r < rest_one with (r + shift) mod common < rest_other.
    const Index shift = modulo(driver.first - other.first, common);
    const auto in_range = [&](Index begin, Index end) {  // of [0, rest_other)
        return std::max<Index>(std::min(end, rest_other) - std::max<Index>(begin, 0), 0);
    };
    const Index both = in_range(shift, std::min(shift + rest_one, common)) +
                       in_range(0, shift + rest_one - common);
    return common * whole_one * whole_other + whole_one * rest_other + whole_other * rest_one +
           both;
}

// The sum over x = 0 .. count - 1 of how many indices below begin + step x an endless comb has that
// starts at 0.
Wide endless_below(Index count, Index begin, Index step, Index period, Index length) {
    const Wide steps = Wide{count} * (count - 1) / 2;
    Wide sum = Wide{begin / period} * length * count + Wide{step / period} * length * steps;
    begin %= period;
    step %= period;
    // With r = (begin + step x) mod period: min(r, length) = (1 - h) r + h length, and h = 1 where
    // r >= length, which is the difference of two floors.
    const FloorSums low = floor_sums(count, step, begin, period);
    const FloorSums high = floor_sums(count, step, Wide{begin} + period - length, period);
    const Wide cut = high.plain - low.plain;
    const Wide weighted_cut = high.weighted - low.weighted;
    const Wide cut_floors = (high.squares - low.squares - cut) / 2;
    sum += low.plain * length + cut * length;
    sum += Wide{begin} * count + Wide{step} * steps - low.plain * period;
    sum -= begin * cut + step * weighted_cut - period * cut_floors;
    return sum;
}

// Teeth [first, end) of the driver, all of them where the other one is periodic.
Index periodic_overlap(const Comb& driver, const Comb& other, Index first, Index end) {
    const Index common = std::gcd(driver.period, other.period);
    const Index cycle = other.period / common;
    Index sum = 0;
    if (end - first >= cycle) {
        sum = (end - first) / cycle * period_overlap(driver, other, common);
        first += (end - first) / cycle * cycle;
    }
    if (end - first <= kFewTeeth) {
        for (; first < end; ++first) sum += tooth_overlap(driver, other, first);
        return sum;
    }
    const Index begin = driver.first + first * driver.period - other.first;
    const auto below = [&](Index from) {
        return endless_below(end - first, from, driver.period, other.period, other.length);
    };
    return sum + static_cast<Index>(below(begin + driver.length) - below(begin));
}

Index overlap_of(const Meeting& meeting, Index first, Index end) {
    Index sum = 0;
    Index tooth = first;
    for (; tooth < std::min(end, meeting.periodic_first); ++tooth) {
        sum += tooth_overlap(meeting.driver, meeting.other, tooth);
    }
    const Index periodic_end = std::min(end, meeting.periodic_end);
    if (tooth < periodic_end) {
        sum += periodic_overlap(meeting.driver, meeting.other, tooth, periodic_end);
        tooth = periodic_end;
    }
    for (; tooth < end; ++tooth) sum += tooth_overlap(meeting.driver, meeting.other, tooth);
    return sum;
}

// Adds a run at the end, joined with the one before where that is one progression.
void append(std::vector<Run>& runs, Run run) {
    if (run.length <= 0 || run.count <= 0) return;
    if (run.count > 1 && run.source_stride == run.length * run.source_step &&
        run.target_stride == run.length * run.target_step) {
        run.length *= run.count;
        run.count = 1;
    }
    if (run.count == 1) run.source_stride = run.target_stride = 0;
    if (run.length == 1) run.source_step = run.target_step = 1;
    if (!runs.empty()) {
        Run& last = runs.back();
        const bool same_steps =
            last.source_step == run.source_step && last.target_step == run.target_step;
        if (same_steps && last.count == 1 && run.count == 1 &&
            last.source + last.length * last.source_step == run.source &&
            last.target + last.length * last.target_step == run.target) {
            last.length += run.length;
            return;
        }
        if (same_steps && last.length == run.length) {
            const Index source_stride =
                last.count == 1 ? run.source - last.source : last.source_stride;
            const Index target_stride =
                last.count == 1 ? run.target - last.target : last.target_stride;
            const bool goes_on = last.source + last.count * source_stride == run.source &&
                                 last.target + last.count * target_stride == run.target;
            const bool alike = run.count == 1 || (run.source_stride == source_stride &&
                                                  run.target_stride == target_stride);
            if (goes_on && alike) {
                last.source_stride = source_stride;
                last.target_stride = target_stride;
                last.count += run.count;
                return;
            }
        }
    }
    runs.push_back(run);
}

// The runs of one tooth of the driver.
void draw_tooth(const Comb& driver, const Comb& other, bool source_drives, Index tooth,
                std::vector<Run>& runs) {
    const Index begin = driver.first + tooth * driver.period;
    const Index end = begin + driver.length;
    const Index local = driver.local + tooth * driver.local_period;
    const auto put = [&](Index from, Index of_other, Index length, Index count) {
        Run run{.length = length,
                .source_step = driver.local_step,
                .target_step = other.local_step,
                .count = count};
        run.source = local + (from - begin) * driver.local_step;
        run.target = of_other;
        run.source_stride = other.period * driver.local_step;
        run.target_stride = other.local_period;
        if (!source_drives) {
            std::swap(run.source, run.target);
            std::swap(run.source_step, run.target_step);
            std::swap(run.source_stride, run.target_stride);
        }
        append(runs, run);
    };
    const Index period = std::max<Index>(other.period, 1);
    Index at = std::max<Index>(floor_div(begin - other.length - other.first, period) + 1, 0);
    if (other.count == 1) at = other.end() <= begin ? 1 : 0;
    if (at >= other.count) return;
    Index first = other.first + at * other.period;
    if (first < begin) {
        put(begin, other.local + at * other.local_period + (begin - first) * other.local_step,
            std::min(first + other.length, end) - begin, 1);
        first = other.first + ++at * other.period;
        if (at == other.count) return;
    }
    if (end - first >= other.length) {
        const Index whole = std::min((end - first - other.length) / period + 1, other.count - at);
        put(first, other.local + at * other.local_period, other.length, whole);
        at += whole;
        first += whole * other.period;
        if (at == other.count) return;
    }
    if (first < end) put(first, other.local + at * other.local_period, end - first, 1);
}

Meeting meeting_of(const AxisLink::Section& section) {
    return section.source_drives ? meeting(section.source, section.target)
                                 : meeting(section.target, section.source);
}

}  // namespace

Index overlap(const Comb& one, const Comb& other) {
    const Meeting met = drives(one, other) ? meeting(one, other) : meeting(other, one);
    return overlap_of(met, met.first, met.end);
}

Index overlap(const Pattern& one, const Pattern& other) {
    Index sum = 0;
    for (const Comb& here : one) {
        for (const Comb& there : other) sum += overlap(here, there);
    }
    return sum;
}

AxisLink::AxisLink(const Pattern& source, const Pattern& target) {
    for (const Comb& here : source) {
        for (const Comb& there : target) add(here, there);
    }
    close();
}

void AxisLink::add(const Comb& source, const Comb& target) {
    Section section;
    section.source = source;
    section.target = target;
    section.source_drives = drives(source, target);
    const Meeting met = meeting_of(section);
    if (met.first == met.end) return;
    add_section(section, met.first, met.periodic_first, 1);
    Index tooth = met.periodic_first;
    if (met.periodic_first < met.periodic_end) {
        const Index cycle = met.other.period / std::gcd(met.driver.period, met.other.period);
        const Index repeats = (met.periodic_end - tooth) / cycle;
        if (repeats > 1) {
            const Index other_cycle = cycle * met.driver.period / met.other.period;
            section.source_period = cycle * met.driver.local_period;
            section.target_period = other_cycle * met.other.local_period;
            if (!section.source_drives) std::swap(section.source_period, section.target_period);
            add_section(section, tooth, tooth + cycle, repeats);
            tooth += repeats * cycle;
        }
    }
    section.source_period = section.target_period = 0;
    add_section(section, tooth, met.end, 1);
}

void AxisLink::add_section(Section section, Index first_tooth, Index end_tooth, Index repeats) {
    section.first_tooth = first_tooth;
    section.end_tooth = end_tooth;
    section.repeats = repeats;
    section.elements = count(section, first_tooth, end_tooth);
    if (section.elements == 0) return;
    if (end_tooth - first_tooth > kWindow) {
        sections_.push_back(std::move(section));
        return;
    }
    draw(section, first_tooth, end_tooth, section.runs);
    if (section.repeats > 1 && section.runs.size() == 1) {
        Run& run = section.runs.front();
        const bool goes_on = run.count > 1 &&
                             run.count * run.source_stride == section.source_period &&
                             run.count * run.target_stride == section.target_period;
        if (run.count == 1 || goes_on) {
            if (run.count == 1) {
                run.source_stride = section.source_period;
                run.target_stride = section.target_period;
            }
            run.count *= section.repeats;
            section.repeats = 1;
        }
    }
    const bool plain = section.repeats == 1;
    if (plain && !sections_.empty() && sections_.back().repeats == 1 &&
        !sections_.back().runs.empty()) {
        for (const Run& run : section.runs) append(sections_.back().runs, run);
        return;
    }
    if (plain) {
        const std::vector<Run> runs = std::move(section.runs);
        section.runs.clear();
        for (const Run& run : runs) append(section.runs, run);
    }
    sections_.push_back(std::move(section));
}

void AxisLink::close() {
    starts_ = {0};
    for (Section& section : sections_) {
        if (!section.runs.empty()) {
            section.elements = 0;
            for (const Run& run : section.runs) section.elements += run.elements();
            section.tile =
                section.runs.size() == 1
                    ? section.repeats
                    : std::clamp<Index>(kTileElements / section.elements, 1, section.repeats);
        }
        starts_.push_back(starts_.back() + section.elements * section.repeats);
    }
}

void AxisLink::draw(const Section& section, Index first_tooth, Index end_tooth,
                    std::vector<Run>& runs) {
    const Comb& driver = section.source_drives ? section.source : section.target;
    const Comb& other = section.source_drives ? section.target : section.source;
    for (Index tooth = first_tooth; tooth < end_tooth; ++tooth) {
        draw_tooth(driver, other, section.source_drives, tooth, runs);
    }
}

Index AxisLink::count(const Section& section, Index first_tooth, Index end_tooth) {
    return overlap_of(meeting_of(section), first_tooth, end_tooth);
}

}  // namespace juxta::distribution
