#include "data_service/distribution/comb.h"

#include <algorithm>

namespace juxta::distribution {

Index Comb::below(Index index) const {
    if (index <= first) return 0;
    const Index from_first = index - first;
    if (count == 1) return std::min(from_first, length);
    const Index tooth = from_first / period;
    if (tooth >= count) return elements();
    return tooth * length + std::min(from_first - tooth * period, length);
}

void append(Pattern& pattern, Comb comb) {
    if (comb.length <= 0 || comb.count <= 0) return;
    if (comb.count > 1 && comb.period == comb.length &&
        comb.local_period == comb.length * comb.local_step) {
        comb.length *= comb.count;
        comb.count = 1;
    }
    if (comb.count == 1) comb.period = comb.local_period = 0;
    if (comb.length == 1) comb.local_step = 1;
    if (!pattern.empty()) {
        Comb& last = pattern.back();
        if (last.count == 1 && comb.count == 1 && last.local_step == comb.local_step &&
            last.end() == comb.first && last.local + last.length * last.local_step == comb.local) {
            last.length += comb.length;
            return;
        }
    }
    pattern.push_back(comb);
}

Index elements_of(const Pattern& pattern) {
    Index sum = 0;
    for (const Comb& comb : pattern) sum += comb.elements();
    return sum;
}

}  // namespace juxta::distribution
