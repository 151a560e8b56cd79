// The kinds of distribution of one dimension: who owns which index, and where it stands there.
//
// A Kind speaks of coordinates that are already counted from the source process: coordinate 0 is
// the place that owns the first block. Adding one: a class and one line of the table in kind.cc;
// the contract suite (tests/unit/data_service/distribution/kind_contract_test.cc) runs it.
//
// Stateless, for any thread. All indices are 0-based. Preconditions (checked by check()): see Axis.
//
//   *       Not divided. On a grid with more than one place along the dimension: replicated.
//   block   Contiguous blocks of ceil(n/P), as in HPF and MPI: the last places may have fewer, or
//           none.
//   cyclic  Blocks of `block` elements dealt out in turn (block-cyclic, as ScaLAPACK).
//   gen     Contiguous blocks of given lengths (HPF's GEN_BLOCK).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data_service/distribution/comb.h"

namespace juxta::distribution {

struct Axis;

class Kind {
public:
    virtual ~Kind() = default;

    virtual std::string_view name() const = 0;  // as in --dist
    virtual std::string_view form() const = 0;  // for texts: "cyclic[:B]"

    // What stands behind "name:" in --dist into the axis. invalid_argument if it is none.
    virtual void read(std::string_view arguments, Axis& axis) const = 0;
    // The opposite: empty, or what stands behind the colon.
    virtual std::string written(const Axis& axis) const = 0;

    // Why the axis cannot have this kind; empty if it can. n, places and source are sound.
    virtual std::string objection(const Axis& axis) const = 0;

    // Every place owns all indices. owner() is 0 then.
    virtual bool replicates() const { return false; }

    virtual Index owner(const Axis& axis, Index global) const = 0;
    virtual Index local(const Axis& axis, Index global) const = 0;  // at whoever owns it
    virtual Index global(const Axis& axis, Index coordinate, Index local) const = 0;
    virtual Index count(const Axis& axis, Index coordinate) const = 0;
    // What the place owns, in ascending order; a handful of combs, whatever n is.
    virtual Pattern pattern(const Axis& axis, Index coordinate) const = 0;
};

// One dimension of a distributed array.
struct Axis {
    Index n = 0;               // elements
    const Kind* kind;          // never null
    Index block = 0;           // cyclic: elements of a block, >= 1
    std::vector<Index> parts;  // gen: of each place from the source on; their sum is n
    Index places = 1;          // of the grid along this dimension
    Index source = 0;          // the coordinate that owns the first block

    Axis();  // not divided
    Axis(Index elements, const Kind& how, Index over_places = 1);

    // Coordinates on the grid, 0 <= p < places. Preconditions: 0 <= global < n; local < count(p).
    Index owner(Index global) const;  // the source, if all own it
    bool owns(Index p, Index global) const;
    Index local(Index global) const { return kind->local(*this, global); }
    Index global(Index p, Index local) const;
    Index count(Index p) const { return kind->count(*this, from_source(p)); }
    Pattern pattern(Index p) const { return kind->pattern(*this, from_source(p)); }

    Index from_source(Index p) const { return p >= source ? p - source : p - source + places; }

    friend bool operator==(const Axis&, const Axis&) = default;
};

// nullptr: there is none of that name.
const Kind* find_kind(std::string_view name);
const Kind& kind_named(std::string_view name);  // one of those there are, or it aborts

// All of them, in a fixed order.
const std::vector<const Kind*>& kinds();

// "*, block, cyclic[:B], gen:N1/N2/...": for texts.
std::string kind_forms_text();

}  // namespace juxta::distribution
