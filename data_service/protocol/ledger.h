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

struct Entry {
    Lsn lsn = 0;
    EntryKind kind = EntryKind::commit;
    ClientId client;  // 0: nobody's request (expire, retire)
    std::uint64_t rid = 0;
    Token token = 0;
    Version version = 0;               // retire: which
    std::vector<BlockChange> changes;  // commit: what is new
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

struct Ledger {
    Lsn lsn = 0;
    Token last_token = 0;
    Token holder = 0;  // of the exclusive lock; 0: nobody
    ClientId holder_client;
    std::map<Token, ClientId> shared;
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
