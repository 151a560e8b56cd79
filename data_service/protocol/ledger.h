// The ledger of a datum: who holds its lock, its versions, the answers already given. Kept by its
// home group alone. Changed only by entries, through apply(): a pure function, the same on every
// member (docs/protocol.md, sections 4 and 9).
#pragma once

#include <map>
#include <vector>

#include "data_service/protocol/types.h"

namespace juxta::data {

// The same order as in idl/data_group.idl.
enum class EntryKind : std::uint8_t {
    grant_exclusive,
    grant_shared,
    commit,
    abort,
    drop_shared,
    expire,
    retire,
    forget,  // the row of a client that has been silent for T_row
};

// A small segment that came with the release itself; its bytes go with the entry (C10).
struct CarriedSegment {
    SegmentId segment;
    std::uint64_t bytes = 0;
    friend bool operator==(const CarriedSegment&, const CarriedSegment&) = default;
};

struct Entry {
    Lsn lsn = 0;
    EntryKind kind = EntryKind::commit;
    ClientId client;  // 0: nobody's request (expire, retire)
    std::uint64_t rid = 0;
    Token token = 0;
    Version version = 0;                       // retire: the last
    std::vector<BlockChange> changes;          // commit: what is new
    Duration lease = 0;                        // grant: of this lock; 0: Durations::lock
    bool keeps_lock = false;                   // commit: the token goes on holding the lock
    std::vector<CarriedSegment> carried = {};  // commit: of block 0
    Version first = 0;                         // retire: it, and all up to `version`
    friend bool operator==(const Entry&, const Entry&) = default;
};

struct VersionRecord {
    Token token = 0;
    std::vector<Extents> blocks;  // by block number
    friend bool operator==(const VersionRecord&, const VersionRecord&) = default;
};

// The last answer given to a client.
struct Row {
    std::uint64_t rid = 0;
    EntryKind kind = EntryKind::commit;
    Token token = 0;
    Version version = 0;
    friend bool operator==(const Row&, const Row&) = default;
};

struct SharedHolder {
    ClientId client;
    Duration lease = 0;  // 0: Durations::lock
    friend bool operator==(const SharedHolder&, const SharedHolder&) = default;
};

struct Ledger {
    Lsn lsn = 0;
    Token last_token = 0;
    Token holder = 0;  // of the exclusive lock; 0: nobody
    ClientId holder_client;
    Duration holder_lease = 0;  // 0: Durations::lock
    std::map<Token, SharedHolder> shared;
    Version newest = 0;
    std::map<Version, VersionRecord> versions;  // 0 is there from the start: every block empty
    std::map<ClientId, Row> rows;

    // A datum that nobody has written yet.
    static Ledger fresh(std::uint32_t block_count);

    friend bool operator==(const Ledger&, const Ledger&) = default;
};

// Requires entry.lsn == ledger.lsn + 1.
void apply(Ledger& ledger, const Entry& entry);

}  // namespace juxta::data
