#include "bench/measure.h"

#include <algorithm>
#include <chrono>

namespace juxta::bench {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double median_seconds(std::size_t times, const std::function<void()>& operation) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> seconds;
    seconds.reserve(times);
    for (std::size_t i = 0; i < times; ++i) {
        const auto begun = Clock::now();
        operation();
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
    }
    return median(std::move(seconds));
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
