#include "bench/measure.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace juxta::bench {

using Clock = std::chrono::steady_clock;

Row described(Row row, std::string what, std::string unit, std::string reference_is, double bar,
              bool at_most) {
    row.what = std::move(what);
    row.unit = std::move(unit);
    row.reference_is = std::move(reference_is);
    row.bar = bar;
    row.at_most = at_most;
    return row;
}

Row itself(std::string what, double value, std::string unit, double bar) {
    Row row;
    row.value = row.ratio = value;
    row.reference = 1;
    return described(std::move(row), std::move(what), std::move(unit), "itself", bar);
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double median_seconds(std::size_t times, const std::function<void()>& operation) {
    std::vector<double> seconds;
    seconds.reserve(times);
    for (std::size_t i = 0; i < times; ++i) {
        const auto begun = Clock::now();
        operation();
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
    }
    return median(std::move(seconds));
}

double per_second(std::size_t threads, std::size_t times, const std::function<void()>& operation) {
    std::vector<std::future<void>> all;
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < threads; ++i) {
        all.push_back(std::async(std::launch::async, [&] {
            for (std::size_t n = 0; n < times; ++n) operation();
        }));
    }
    for (std::future<void>& one : all) one.wait();
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    for (std::future<void>& one : all) one.get();
    return static_cast<double>(threads * times) / seconds;
}

Row measure_pairs(std::size_t pairs, const std::function<double()>& value,
                  const std::function<double()>& reference) {
    std::vector<double> values, references, ratios;
    for (std::size_t i = 0; i < pairs; ++i) {
        values.push_back(value());
        references.push_back(reference());
        ratios.push_back(references.back() > 0 ? values.back() / references.back() : 0);
    }
    Row row;
    row.value = median(std::move(values));
    row.reference = median(std::move(references));
    row.ratio = median(std::move(ratios));
    return row;
}

}  // namespace juxta::bench
