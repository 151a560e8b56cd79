// Sees everything and takes no part: what clients were told, held against the invariants of
// docs/protocol.md, section 15.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data_service/protocol/ledger.h"

namespace juxta::data::simulation {

constexpr std::uint64_t kCells = 8;  // bytes of a block; every one is followed

using Blocks = std::vector<Extents>;
using Cells = std::vector<std::pair<SegmentId, std::uint64_t>>;  // what each byte of a block is
using Operation = std::pair<ClientId, std::uint64_t>;

struct Figures {
    std::int64_t kills = 0, restarts = 0, outages = 0, losses = 0, views = 0, allocations = 0;
    std::int64_t releases = 0, snapshots = 0, shared = 0, aborts = 0, cancels = 0, refused = 0;
    std::int64_t unknown = 0, gone = 0;
    std::uint64_t events = 0;
    double seconds = 0;
    void add(const Figures& other);
    std::string text() const;
};

class Judge {
public:
    struct Acknowledged {
        std::uint64_t rid = 0;
        Time at = 0;
    };
    struct Story {                 // of one datum
        Version acknowledged = 0;  // the newest that anybody was told of
        std::map<Version, Blocks> truth;
        std::map<Version, std::vector<Cells>> expected;  // from what its maker released
        std::map<Version, Operation> made_by;
        std::map<Version, Token> made_under;
        std::map<ClientId, Acknowledged> releases;  // the last of each client
        std::set<SegmentId> never;                  // of refused releases
        std::int64_t writes_after_heal = 0;         // begun
        std::int64_t releases_after_heal = 0;
    };

    void fail(const std::string& why) {
        if (failure.empty()) failure = why;
    }

    void observed(const DataId& datum, Version version, const Blocks& blocks, Version at_least,
                  const char* what);
    void released(const DataId& datum, const Operation& operation, Token token, Version version,
                  const Blocks& before, const std::vector<BlockChange>& changes, Time now);
    void refused(const DataId& datum, const std::vector<BlockChange>& changes);

    // A client trusts its lock until then, in true time.
    void trusts_lock(const DataId& datum, ClientId client, bool exclusive, Time until, Time now);
    void forget_trust(ClientId client);

    void check_ledger(const DataId& datum, const Ledger& ledger, Time now);

    Story& story(const DataId& datum) { return stories[datum]; }

    std::string failure;
    Figures figures;
    bool healed = false;
    std::map<DataId, Story> stories;
    std::map<SegmentId, std::uint64_t> contents;

private:
    struct Trust {
        DataId datum;
        ClientId client;
        bool exclusive = false;
        Time until = 0;
    };
    std::vector<Trust> trusts_;
};

}  // namespace juxta::data::simulation
