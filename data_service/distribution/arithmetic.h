// Whole numbers as distributions need them: no overflow, floor division, sums of floors.
//
// Pure functions, for any thread. Indices are 64-bit and below 2^62 (kMostElements); products of
// two of them are Wide.
#pragma once

#include <cstdint>

namespace juxta::distribution {

using Index = std::int64_t;
__extension__ typedef __int128 Wide;

// Neither an array nor its bytes reach this.
constexpr Index kIndexLimit = Index{1} << 62;

constexpr Index floor_div(Index a, Index b) {  // b > 0
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}
constexpr Index ceil_div(Index a, Index b) { return -floor_div(-a, b); }      // b > 0
constexpr Index modulo(Index a, Index b) { return a - floor_div(a, b) * b; }  // b > 0

// Over x = 0 .. count - 1, with f(x) = floor((a x + b) / c); a, b >= 0, c > 0. In O(log) steps, by
// the Euclidean reduction of Graham, Knuth, Patashnik, Concrete Mathematics, section 3.5. Exact
// where the sums themselves stay below 2^125.
struct FloorSums {
    Wide plain = 0;     // of f(x)
    Wide weighted = 0;  // of x f(x)
    Wide squares = 0;   // of f(x)^2
};
FloorSums floor_sums(Wide count, Wide a, Wide b, Wide c);

}  // namespace juxta::distribution
