// What the kernel says of this host, asked at most once a second.
//
// Threading: any thread.
#pragma once

#include "common/base/guarded.h"
#include "common/base/time.h"

namespace juxta::sed {

// How fast one core of this host is now: 1e9 multiply-adds a second. Takes a few milliseconds.
double core_speed();

class HostLoad {
public:
    struct Numbers {
        double free_memory = 0;  // bytes that can be had without swapping
        double free_cores = 0;   // cores less the load average of the last minute
    };

    Numbers numbers(Time now);

private:
    struct State {
        Numbers numbers;
        Time asked = 0;
        bool known = false;
    };
    Guarded<State> state_;
};

}  // namespace juxta::sed
