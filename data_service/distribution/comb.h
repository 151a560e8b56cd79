// A periodic set of indices, and where its elements are in memory: what a place owns of one
// dimension.
//
// A pure value. A Comb has `count` teeth, each a run of `length` neighbouring indices, `period`
// apart, all of them whole: a part that is cut is a comb of its own. A Pattern is a list of
// combs that share no index.
#pragma once

#include <vector>

#include "data_service/distribution/arithmetic.h"

namespace juxta::distribution {

struct Comb {
    Index first = 0;         // the first index
    Index length = 0;        // of a tooth
    Index count = 1;         // teeth
    Index period = 0;        // from tooth to tooth, >= length; 0 if there is one
    Index local = 0;         // where `first` is, along this dimension of the local piece
    Index local_period = 0;  // from tooth to tooth; 0 if there is one
    Index local_step = 1;    // from index to index in a tooth

    Index end() const { return first + (count - 1) * period + length; }
    Index elements() const { return length * count; }
    // How many of its indices are below `index`.
    Index below(Index index) const;

    friend bool operator==(const Comb&, const Comb&) = default;
};

using Pattern = std::vector<Comb>;

// Adds a comb at the end, unless it is empty; joins what is one run in both respects, so that equal
// sets with equal places in memory get equal patterns.
void append(Pattern& pattern, Comb comb);

Index elements_of(const Pattern& pattern);

}  // namespace juxta::distribution
