#include "tests/simulation/judge.h"

#include <algorithm>
#include <sstream>

namespace juxta::data::simulation {
namespace {

// Byte by byte: what overlay() and commit are held against.
void paint(Cells& cells, const Extents& extents) {
    cells.resize(kCells);
    for (const Extent& extent : extents) {
        for (std::uint64_t i = 0; i < extent.length && extent.offset + i < kCells; ++i) {
            cells[extent.offset + i] = {extent.segment, extent.segment_offset + i};
        }
    }
}

std::vector<Cells> paint(const Blocks& blocks) {
    std::vector<Cells> painted(blocks.size());
    for (std::size_t b = 0; b < blocks.size(); ++b) paint(painted[b], blocks[b]);
    return painted;
}

class Digest {
public:
    void add(std::uint64_t number) {
        value_ ^= number + 0x9e3779b97f4a7c15 + (value_ << 6) + (value_ >> 2);
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0;
};

std::uint64_t digest_of(const Ledger& ledger) {
    Digest d;
    for (auto n : {ledger.lsn, ledger.last_token, ledger.holder, ledger.holder_client.value,
                   static_cast<std::uint64_t>(ledger.holder_lease), ledger.newest}) {
        d.add(n);
    }
    for (const auto& [token, holder] : ledger.shared) {
        d.add(token);
        d.add(static_cast<std::uint64_t>(holder.lease));
    }
    for (const auto& [version, record] : ledger.versions) {
        d.add(version);
        d.add(record.token);
        for (const Extents& extents : record.blocks) {
            for (const Extent& e : extents) d.add(e.offset + 16 * e.segment.token);
        }
    }
    for (const auto& [client, row] : ledger.rows) {
        d.add(client.value);
        d.add(row.rid + (row.token << 8));
    }
    return d.value();
}

}  // namespace

void Figures::add(const Figures& o) {
    kills += o.kills, restarts += o.restarts, disks += o.disks, outages += o.outages;
    losses += o.losses, views += o.views, reinstated += o.reinstated;
    allocations += o.allocations, releases += o.releases, carried += o.carried, kept += o.kept;
    snapshots += o.snapshots, shared += o.shared, looks += o.looks, aborts += o.aborts;
    cancels += o.cancels, refused += o.refused, unknown += o.unknown, gone += o.gone;
    events += o.events, seconds += o.seconds;
}

std::string Figures::text() const {
    std::ostringstream text;
    text << "simulated seconds " << static_cast<std::int64_t>(seconds) << ", events " << events
         << ", kills " << kills << ", restarts " << restarts << " (" << disks
         << " with a disk), manager outages " << outages << ", views " << views << ", reinstated "
         << reinstated << ", data allocated " << allocations << ", lost " << losses
         << "; acknowledged releases " << releases << " (" << carried << " with carried segments, "
         << kept << " keeping the lock), snapshots " << snapshots << ", shared locks " << shared
         << ", looks " << looks << ", aborts " << aborts << ", cancels " << cancels << ", refused "
         << refused << ", unknown " << unknown << ", gone " << gone;
    return text.str();
}

// -- what clients are told
// -------------------------------------------------------------------------

void Judge::observed(const DataId& datum, Version version, const Blocks& blocks, Version at_least,
                     const char* what) {
    Story& s = story(datum);
    if (version < at_least) {
        fail(std::string("L, I10: ") + what + " saw version " + std::to_string(version) +
             " after " + std::to_string(at_least));
    }
    const auto [known, fresh] = s.truth.try_emplace(version, blocks);
    if (!fresh && known->second != blocks) {
        fail("I10: two contents of version " + std::to_string(version));
    }
    for (const Extents& extents : blocks) {
        for (const Extent& extent : extents) {
            if (s.never.contains(extent.segment)) fail("I6: a refused release took effect");
        }
    }
    if (version > s.acknowledged) news.insert(datum);
    s.acknowledged = std::max(s.acknowledged, version);
}

void Judge::attempts(const DataId& datum, Version version, Token token, const Blocks& before,
                     const std::vector<BlockChange>& changes) {
    std::vector<Cells> expected = paint(before);
    for (const BlockChange& change : changes) paint(expected[change.block], change.extents);
    story(datum).attempts[{version, token}] = std::move(expected);
}

void Judge::released(const DataId& datum, const Operation& operation, Token token, Version version,
                     Time now) {
    Story& s = story(datum);
    figures.releases += 1;
    if (healed) s.releases_after_heal += 1;
    if (!s.attempts.contains({version, token})) fail("I5: released on another base");
    if (const auto seen = s.truth.find(version); seen != s.truth.end()) {
        if (s.attempts[{version, token}] != paint(seen->second)) {
            fail("N: a release made another content");
        }
    }
    if (s.made_by.try_emplace(version, operation).first->second != operation) {
        fail("I6: two releases made one version");
    }
    if (s.makes.try_emplace(operation, version).first->second != version) {
        fail("I6: one release made two versions");
    }
    const auto made = s.made_under.insert_or_assign(version, token).first;
    const bool after = made == s.made_under.begin() || std::prev(made)->second <= token;
    const bool before = std::next(made) == s.made_under.end() || std::next(made)->second >= token;
    if (!after || !before) fail("I5: tokens of versions fall");
    if (version > s.acknowledged) news.insert(datum);
    s.acknowledged = std::max(s.acknowledged, version);
    s.releases[operation.first] = {operation.second, now};
}

void Judge::refused(const DataId& datum, const std::vector<BlockChange>& changes) {
    figures.refused += 1;
    Story& s = story(datum);
    for (const BlockChange& change : changes) {
        for (const Extent& extent : change.extents) s.never.insert(extent.segment);
    }
    for (const auto& [version, blocks] : s.truth) observed(datum, version, blocks, 0, "a refusal");
}

void Judge::looked(const DataId& datum, const Looked& looked, Version at_least, Time began,
                   Time now) {
    figures.looks += 1;
    if (looked.newest < at_least) fail("L: a look saw an old version");
    for (const Trust& trust : trusts_) {
        const bool all_along = trust.since < began && trust.until > now;
        if (trust.datum == datum && trust.exclusive && all_along && looked.holder != trust.token) {
            fail("L: a look did not see who holds the lock");
        }
    }
}

// -- what clients trust
// ----------------------------------------------------------------------------

void Judge::trusts_lock(const DataId& datum, ClientId client, Token token, bool exclusive,
                        Time until, Time now) {
    Time since = now;
    for (const Trust& t : trusts_) {
        if (t.client == client && t.token == token && t.datum == datum) since = t.since;
    }
    forget_trust(client);
    std::erase_if(trusts_, [&](const Trust& t) { return t.until <= now; });
    if (until <= now) return;
    for (const Trust& other : trusts_) {
        if (other.datum == datum && other.token != 0 && (exclusive || other.exclusive)) {
            fail("X, I9: two clients trust locks that exclude each other");
        }
    }
    trusts_.push_back({datum, client, token, exclusive, 0, since, until});
}

void Judge::trusts_pin(const DataId& datum, ClientId client, Version version, Time until,
                       Time now) {
    forget_trust(client);
    if (until > now) trusts_.push_back({datum, client, 0, false, version, now, until});
}

void Judge::forget_trust(ClientId client) {
    std::erase_if(trusts_, [&](const Trust& t) { return t.client == client; });
}

// -- what copies hold
// ------------------------------------------------------------------------------

// I1 and I8.
void Judge::check_holder(const GroupId& group, const GroupMember& member, bool in_view, Time now) {
    const Story& s = story(group.datum);
    if (group.block == 0) check_ledger(group.datum, member.ledger(), now);
    if (group.block == 0) check_same_history(group.datum, member);
    const auto holds = [&](const Blocks& blocks) {
        return std::ranges::all_of(blocks[group.block],
                                   [&](const Extent& e) { return member.holds(e.segment); });
    };
    const auto newest = s.truth.find(s.acknowledged);
    if (newest != s.truth.end() && !s.is_retired(s.acknowledged) && !holds(newest->second)) {
        fail("I1, N: a holder lacks an acknowledged segment");
    }
    if (!in_view) return;
    for (const Trust& pin : trusts_) {
        if (pin.datum != group.datum || pin.token != 0 || pin.until <= now) continue;
        if (group.block == 0 && !member.ledger().versions.contains(pin.version)) {
            fail("I8: a pinned version is gone");
        }
        if (!holds(s.truth.at(pin.version))) fail("I8: a segment of a pinned version is gone");
    }
}

// I1, and that every version is what its maker released, of all blocks or none.
void Judge::check_ledger(const DataId& datum, const Ledger& ledger, Time now) {
    Story& s = story(datum);
    if (ledger.newest < s.acknowledged) fail("I1, N: a holder lacks an acknowledged version");
    if (s.write_once && ledger.newest > 1) fail("an immutable datum was written twice");
    // Retired for good: for that a newer one must be committed.
    const Version oldest = ledger.versions.begin()->first;
    s.retired_below = std::max(s.retired_below, oldest);
    for (Version v = oldest; v < ledger.newest; ++v) {
        if (!ledger.versions.contains(v)) s.retired.insert(v);
    }
    for (const auto& [version, record] : ledger.versions) {
        const auto truth = s.truth.find(version);
        if (version <= s.acknowledged && truth != s.truth.end() && truth->second != record.blocks) {
            fail("I1, N: a holder has another content of an acknowledged version");
        }
        if (version == 0) continue;
        const auto [made, fresh] = s.made.try_emplace({version, record.token}, record.blocks);
        if (!fresh) {
            if (made->second != record.blocks) fail("I10: two contents of one version");
            continue;
        }
        const auto attempt = s.attempts.find({version, record.token});
        if (attempt == s.attempts.end()) {
            fail("I5, I6: a version that nobody released on that base");
        } else if (attempt->second != paint(record.blocks)) {
            fail("N: a version is not what its maker released, all of it");
        }
    }
    for (const auto& [client, last] : s.releases) {
        if (now - last.at > 4 * kSecond) continue;
        const auto row = ledger.rows.find(client);
        if (row == ledger.rows.end() || row->second.rid < last.rid) {
            fail("I1: a holder lacks the row of an acknowledged release");
        }
    }
}

// I4.
void Judge::check_same_history(const DataId& datum, const GroupMember& member) {
    if (member.synced() != member.view().tenure()) return;
    const std::pair at{member.synced(), member.ledger().lsn};
    const std::uint64_t digest = digest_of(member.ledger());
    if (story(datum).ledgers.try_emplace(at, digest).first->second != digest) {
        fail("I4: two members of one view have different histories");
    }
}

}  // namespace juxta::data::simulation
