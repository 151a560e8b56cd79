// What every benchmark needs: interleaved pairs of a value and its reference, medians, rows.
//
// A row's ratio is the median over pairs of value / reference, each pair measured one right after
// the other, so that what the machine does beside hits both.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace juxta::bench {

struct Row {
    std::string what;  // the case
    double value = 0;  // median
    std::string unit;
    double reference = 0;      // median
    std::string reference_is;  // what the reference is
    double ratio = 0;          // median of the pairs
    double bar = 0;            // what this repository promises of the ratio
    bool at_most = true;       // false: the ratio is to be at least the bar

    bool holds() const { return at_most ? ratio <= bar : ratio >= bar; }
};

// `row`, whose value, reference and ratio are known, with the rest.
Row described(Row row, std::string what, std::string unit, std::string reference_is, double bar,
              bool at_most = true);
// A value that is bounded by itself: its reference is 1.
Row itself(std::string what, double value, std::string unit, double bar);

double median(std::vector<double> values);

// The median time of one `operation`, in seconds, over `times` runs.
double median_seconds(std::size_t times, const std::function<void()>& operation);

// Operations a second, `times` of them by each of `threads` at once. The first Error is thrown.
double per_second(std::size_t threads, std::size_t times, const std::function<void()>& operation);

// `pairs` times: value(), then reference(). The rest of the row is filled in by the caller.
Row measure_pairs(std::size_t pairs, const std::function<double()>& value,
                  const std::function<double()>& reference);

}  // namespace juxta::bench
