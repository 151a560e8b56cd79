#include "data_service/distribution/arithmetic.h"

namespace juxta::distribution {
namespace {

// Sums over x = 0 .. last.
FloorSums sums_to(Wide last, Wide a, Wide b, Wide c) {
    const Wide ones = last + 1;
    const Wide linear = last * ones / 2;
    if (a == 0) {
        const Wide f = b / c;
        return {ones * f, linear * f, ones * f * f};
    }
    if (a >= c || b >= c) {
        const Wide per_x = a / c;
        const Wide always = b / c;
        const FloorSums rest = sums_to(last, a % c, b % c, c);
        const Wide square = last * ones * (2 * last + 1) / 6;
        return {rest.plain + linear * per_x + ones * always,
                rest.weighted + square * per_x + linear * always,
                rest.squares + 2 * always * rest.plain + 2 * per_x * rest.weighted +
                    square * per_x * per_x + ones * always * always + 2 * linear * per_x * always};
    }
    // Count lattice points by rows instead of columns.
    const Wide rows = (a * last + b) / c;
    if (rows == 0) return {};
    const FloorSums flipped = sums_to(rows - 1, c, c - b - 1, a);
    const Wide plain = last * rows - flipped.plain;
    return {plain, (rows * last * ones - flipped.squares - flipped.plain) / 2,
            last * rows * (rows + 1) - 2 * flipped.weighted - 2 * flipped.plain - plain};
}

}  // namespace

FloorSums floor_sums(Wide count, Wide a, Wide b, Wide c) {
    return count <= 0 ? FloorSums{} : sums_to(count - 1, a, b, c);
}

}  // namespace juxta::distribution
