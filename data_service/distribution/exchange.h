// All that one place gets or gives, where this process sees the memory of both sides: providers of
// one host, a client and its file, tests.
//
// A machine, for one thread. Links are not worked off one after the other but all in step, a little
// of each in turn: where a line of memory holds elements of many places (cyclic distributions), it
// is in the cache for all of them. Which side drives decides which memory is gone through once and
// in order: the one whose lines more places share (better_driver()).
#pragma once

#include <functional>
#include <vector>

#include "data_service/distribution/link_stream.h"

namespace juxta::distribution {

// Where a place's piece is: of local index 0, and Layout::strides of the place.
struct SourcePiece {
    const std::byte* memory = nullptr;
    Indices strides;
};
struct TargetPiece {
    std::byte* memory = nullptr;
    Indices strides;
};

enum class Driver : std::uint8_t {
    source,  // each source place pushes to its targets: block to cyclic
    target,  // each target place pulls from its sources: cyclic to block, and where both are alike
};
// For as much of the plan as a look at one place of each side shows.
Driver better_driver(const Plan& plan);

class Exchange {
public:
    // What a target gets from all its sources, or only from `links` of them.
    static Exchange pull(const Plan& plan, Index target_place);
    static Exchange push(const Plan& plan, Index source_place);
    Exchange(const Plan& plan, const std::vector<LinkSize>& links);

    Index bytes() const;  // of all its links

    // Pieces by place. invalid_argument, before anything is copied, if a source's memory overlaps
    // a target's.
    void run(const std::function<SourcePiece(Index place)>& source,
             const std::function<TargetPiece(Index place)>& target,
             const Kernels& kernels = best_kernels()) const;

private:
    const Plan* plan_;
    std::vector<Link> links_;
};

}  // namespace juxta::distribution
