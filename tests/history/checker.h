// Judges a history: is there an order of its operations that the data service promised?
//
// Each datum must be linearizable. Its versions are numbered without gaps, so the order is known
// and is checked in O(n log n), not searched: versions and tokens grow in real time and with each
// other, every content read was written by exactly one release, of that version, that was invoked
// before; an acknowledged release is seen by all that begins after it; no two holders of a lock
// both commit. Across data, program order, reads-from, write order and from-read must be acyclic
// (sequential consistency). Operations of unknown outcome may or may not have happened, once.
//
// What cannot be judged is a finding too (inconclusive): malformed lines, a client that does two
// things at once, contents without a stamp, an empty history.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/history/operation.h"

namespace juxta::history {

enum class Fault {
    inconclusive,
    torn,           // a content that nobody wrote as a whole
    thin_air,       // a content or version that no release made, or one that was refused
    wrong_version,  // a release seen as two versions, two releases of one, a version skipped
    stale,          // something older than what was known to all, or from the future
    token_order,    // a token that does not grow
    two_holders,    // a token of two clients, or a commit after the lock had passed on
    cycle,          // across data
};

std::string_view name_of(Fault fault);

struct Finding {
    Fault fault = Fault::inconclusive;
    std::string text;
};

struct Verdict {
    std::vector<Finding> findings;          // at most a few of each kind
    std::map<Fault, std::size_t> how_many;  // all of them
    std::size_t operations = 0;
    std::size_t releases = 0;      // acknowledged
    std::size_t unknown_seen = 0;  // releases of unknown outcome that happened
    bool good() const { return how_many.empty(); }
};

struct CheckOptions {
    // False for data that may be read late (relaxed, or another cluster's cache): program order
    // and the graph still hold.
    bool real_time = true;
};

Verdict check(const History& history, const CheckOptions& options = {});

}  // namespace juxta::history
