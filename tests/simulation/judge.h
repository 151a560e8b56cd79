// Sees everything and takes no part: what clients were told and what copies hold, against the
// invariants of docs/protocol.md, section 15.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data_service/protocol/group_member.h"

namespace juxta::data::simulation {

constexpr std::uint64_t kCells = 8;  // bytes of a block; every one is followed

using Blocks = std::vector<Extents>;
using Cells = std::vector<std::pair<SegmentId, std::uint64_t>>;  // what each byte of a block is
using Operation = std::pair<ClientId, std::uint64_t>;

struct Figures {
    std::int64_t kills = 0, restarts = 0, disks = 0, outages = 0, losses = 0, views = 0;
    std::int64_t reinstated = 0, allocations = 0, releases = 0, carried = 0, kept = 0;
    std::int64_t snapshots = 0, shared = 0, looks = 0, aborts = 0, cancels = 0, refused = 0;
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
        bool write_once = false;
        std::map<Version, Blocks> truth;  // as clients were told
        // What each release would make, and what was found to be made of it.
        std::map<std::pair<Version, Token>, std::vector<Cells>> attempts;
        std::map<std::pair<Version, Token>, Blocks> made;
        std::map<Version, Operation> made_by;
        std::map<Operation, Version> makes;
        Version retired_below = 0;
        std::set<Version> retired;
        bool is_retired(Version version) const {
            return version < retired_below || retired.contains(version);
        }
        std::map<Version, Token> made_under;
        std::map<ClientId, Acknowledged> releases;  // the last of each client
        std::set<SegmentId> never;                  // of refused releases
        // What a member that is synced at an epoch has at an lsn (I4).
        std::map<std::pair<Epoch, Lsn>, std::uint64_t> ledgers;
        std::int64_t writes_after_heal = 0;  // begun
        std::int64_t releases_after_heal = 0;
    };

    void fail(const std::string& why) {
        if (failure.empty()) failure = why;
    }

    // -- what clients do and are told
    void observed(const DataId& datum, Version version, const Blocks& blocks, Version at_least,
                  const char* what);
    void attempts(const DataId& datum, Version version, Token token, const Blocks& before,
                  const std::vector<BlockChange>& changes);
    void released(const DataId& datum, const Operation& operation, Token token, Version version,
                  Time now);
    void refused(const DataId& datum, const std::vector<BlockChange>& changes);
    void looked(const DataId& datum, const Looked& looked, Version at_least, Time began, Time now);

    // A client trusts its lock, or its pin, until then, in true time.
    void trusts_lock(const DataId& datum, ClientId client, Token token, bool exclusive, Time until,
                     Time now);
    void trusts_pin(const DataId& datum, ClientId client, Version version, Time until, Time now);
    void forget_trust(ClientId client);

    // -- what copies hold: `member` is a holder of the group, in the present view or not
    void check_holder(const GroupId& group, const GroupMember& member, bool in_view, Time now);

    // Under which the newest acknowledged version was made; 0: none yet.
    Token newest_token(const DataId& datum) {
        const auto& made = story(datum).made_under;
        return made.empty() ? 0 : made.rbegin()->second;
    }
    Story& story(const DataId& datum) { return stories[datum]; }

    std::string failure;
    Figures figures;
    bool healed = false;
    std::map<DataId, Story> stories;
    std::map<SegmentId, std::uint64_t> contents;
    std::set<DataId> news;  // whose holders have more to hold than before

private:
    struct Trust {
        DataId datum;
        ClientId client;
        Token token = 0;  // 0: a pin
        bool exclusive = false;
        Version version = 0;  // of a pin
        Time since = 0;
        Time until = 0;
    };
    void check_ledger(const DataId& datum, const Ledger& ledger, Time now);
    void check_same_history(const DataId& datum, const GroupMember& member);

    std::vector<Trust> trusts_;
};

}  // namespace juxta::data::simulation
