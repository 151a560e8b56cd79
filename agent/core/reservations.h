// Calls that were placed at SeDs which do not know of them yet, so that a burst spreads: a request
// is ranked as if those placed before it had arrived already.
//
// A SeD counts what it has accepted, and every estimation says so: what was placed since a count
// was seen and is not in a later one is outstanding. A call that goes elsewhere, or never comes, is
// forgotten after a while. A machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

class Reservations {
public:
    // Adds what is outstanding to the queues and backlogs of `candidates`.
    void add_to(std::vector<Candidate>& candidates, Time now);

    // A call is placed at `candidate`, as add_to has left it.
    void note(const Candidate& candidate, Time now);

    std::size_t size() const { return places_.size(); }

private:
    struct Place {
        Incarnation incarnation = 0;
        std::uint64_t accepted = 0;  // by the SeD, when the first of `placed` was placed
        std::vector<Time> placed;    // oldest first
    };
    void settle(Place& place, const Candidate& seen, Time now);

    std::map<std::string, Place> places_;  // by SeD; those with something outstanding
};

}  // namespace juxta::agent
