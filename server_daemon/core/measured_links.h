// How fast data have come to this SeD, by how far they came: what its own transfers took.
//
// Transfers count by their bytes, older ones less and less. Short ones do not count: they tell of
// delays, not of rates. A machine.
#pragma once

#include <cstdint>

#include "common/model/scheduling.h"

namespace juxta::sed {

// One transfer, from another host.
struct Transfer {
    bool from_afar = false;  // from another cluster
    std::uint64_t bytes = 0;
    double seconds = 0;
};

class MeasuredLinks {
public:
    void note(const Transfer& transfer);
    LinkRates rates() const;

private:
    struct Link {
        double bytes = 0;  // both decayed alike
        double seconds = 0;
    };
    static void add(Link& link, const Transfer& transfer);

    Link cluster_, afar_;
};

}  // namespace juxta::sed
