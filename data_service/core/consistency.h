// The consistency protocols: what a datum's readers may count on, chosen by name at allocation.
//
// Common to all: a datum's versions are one sequence, made under its exclusive lock; a reader gets
// one whole version; the versions that one session is given never go back. A protocol decides two
// things: whether there may be a second version at all, and when a plain read (acquire_read without
// a lock) may be answered with a version that this session already has, instead of asking the
// coordinator. A read under a lock, exclusive or shared, always asks: granting the lock tells the
// newest version.
//
//   sequential  Plain reads are linearizable per datum: each gives the newest committed version.
//   entry       The lock guards the data: the lock - access - unlock of RR-4924, section 4, under
//               entry consistency (Bershad, Zekauskas, Sawdon: Midway, 1993). What is read under a
//               lock is up to date with every release before its grant. A plain read may give the
//               version of this session's last plain read again, as long as none of the session's
//               own acquires and releases since then met a newer one.
//   relaxed     A plain read gives a version that was the newest at some moment of the last
//               second (`kRelaxedAge`) before the read, and none older than this session's own
//               acquires and releases met.
//   immutable   Written once. Before that, reads give version 0; afterwards version 1, which needs
//               nobody's word: it can be read wherever its bytes are. A second commit is refused.
//
// Stateless, for any thread. The table is fixed when the program is built.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

constexpr Duration kRelaxedAge = 1 * kSecond;

// A version that a session already has.
struct SeenVersion {
    Version version = 0;
    Version met = 0;   // the newest that the session's acquires, releases and reads have met
    Duration age = 0;  // since the request was sent to which the coordinator told it as the newest
    bool pinned = false;  // it is certain to be readable still
};

class ConsistencyProtocol {
public:
    virtual ~ConsistencyProtocol() = default;

    virtual std::string_view name() const = 0;
    // The coordinator refuses every commit after the first.
    virtual bool write_once() const = 0;
    // A version once read is worth keeping for later reads.
    virtual bool keeps_versions() const = 0;
    // Whether `seen` may answer a plain read now. Only asked where keeps_versions().
    virtual bool may_answer(const SeenVersion& seen) const = 0;
};

// nullptr: there is none of that name.
const ConsistencyProtocol* find_consistency(std::string_view name);

// All of them, the default first.
std::vector<std::string_view> consistency_names();

// "sequential, entry, relaxed, immutable": for texts.
std::string consistency_names_text();

}  // namespace juxta::data
