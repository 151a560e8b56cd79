// In which order the links of a plan are worked off so that no place is asked by all at once.
//
// Pure functions. An order only: nobody waits for a round to end.
#pragma once

#include <vector>

#include "data_service/distribution/plan.h"

namespace juxta::distribution {

// The links of one target, as in the caterpillar (Prylli and Tourancheau, 1997): it begins with the
// source that has its own number and goes round from there, so that at any moment the targets are
// at different sources. Needs no more than the place's own links; links within a holder come last.
std::vector<LinkSize> pull_order(const Plan& plan, Index target_place);

// Rounds for any set of links: in no round has a place two links as a source or two as a target. As
// many rounds as the busiest place has links, the fewest there can be (König: a bipartite graph is
// coloured by its degree). O(links * places).
std::vector<std::vector<LinkSize>> rounds(const std::vector<LinkSize>& links);

}  // namespace juxta::distribution
