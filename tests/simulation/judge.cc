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

}  // namespace

void Figures::add(const Figures& o) {
    kills += o.kills, restarts += o.restarts, outages += o.outages, losses += o.losses;
    views += o.views, allocations += o.allocations, releases += o.releases;
    snapshots += o.snapshots, shared += o.shared, aborts += o.aborts, cancels += o.cancels;
    refused += o.refused, unknown += o.unknown, gone += o.gone, events += o.events;
    seconds += o.seconds;
}

std::string Figures::text() const {
    std::ostringstream text;
    text << "simulated seconds " << static_cast<std::int64_t>(seconds) << ", events " << events
         << ", kills " << kills << ", restarts " << restarts << ", manager outages " << outages
         << ", views " << views << ", data allocated " << allocations << ", lost " << losses
         << "; releases " << releases << ", snapshots " << snapshots << ", shared locks " << shared
         << ", aborts " << aborts << ", cancels " << cancels << ", refused " << refused
         << ", unknown " << unknown << ", gone " << gone;
    return text.str();
}

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
    if (const auto made = s.expected.find(version);
        fresh && made != s.expected.end() && made->second != paint(blocks)) {
        fail("N: a version is not what its maker released");
    }
    for (const Extents& extents : blocks) {
        for (const SegmentId& segment : segments_of(extents)) {
            if (s.never.contains(segment)) fail("I6: a refused release took effect");
        }
    }
    s.acknowledged = std::max(s.acknowledged, version);
}

void Judge::released(const DataId& datum, const Operation& operation, Token token, Version version,
                     const Blocks& before, const std::vector<BlockChange>& changes, Time now) {
    Story& s = story(datum);
    figures.releases += 1;
    if (healed) s.releases_after_heal += 1;
    std::vector<Cells> expected = paint(before);
    for (const BlockChange& change : changes) paint(expected[change.block], change.extents);
    if (const auto seen = s.truth.find(version); seen != s.truth.end()) {
        if (paint(seen->second) != expected) fail("N: a release made another content");
    }
    s.expected[version] = std::move(expected);
    if (s.made_by.try_emplace(version, operation).first->second != operation) {
        fail("I6: two releases made one version");
    }
    for (const auto& [other, made_by] : s.made_by) {
        if (made_by == operation && other != version) fail("I6: one release made two versions");
    }
    s.made_under[version] = token;
    Token last = 0;
    for (const auto& [v, under] : s.made_under) {
        if (under <= last) fail("I5: tokens of versions do not grow");
        last = under;
    }
    s.acknowledged = std::max(s.acknowledged, version);
    s.releases[operation.first] = {operation.second, now};
}

void Judge::refused(const DataId& datum, const std::vector<BlockChange>& changes) {
    figures.refused += 1;
    Story& s = story(datum);
    for (const BlockChange& change : changes) {
        for (const SegmentId& segment : segments_of(change.extents)) s.never.insert(segment);
    }
    for (const auto& [version, blocks] : s.truth) observed(datum, version, blocks, 0, "a refusal");
}

void Judge::trusts_lock(const DataId& datum, ClientId client, bool exclusive, Time until,
                        Time now) {
    forget_trust(client);
    std::erase_if(trusts_, [&](const Trust& t) { return t.until <= now; });
    if (until <= now) return;
    for (const Trust& other : trusts_) {
        if (other.datum == datum && (exclusive || other.exclusive)) {
            fail("X, I9: two clients trust locks that exclude each other");
        }
    }
    trusts_.push_back({datum, client, exclusive, until});
}

void Judge::forget_trust(ClientId client) {
    std::erase_if(trusts_, [&](const Trust& t) { return t.client == client; });
}

// I1 for a holder's ledger.
void Judge::check_ledger(const DataId& datum, const Ledger& ledger, Time now) {
    const Story& s = story(datum);
    if (ledger.newest < s.acknowledged) fail("I1, N: a holder lacks an acknowledged version");
    for (const auto& [version, record] : ledger.versions) {
        const auto truth = s.truth.find(version);
        if (version <= s.acknowledged && truth != s.truth.end() && truth->second != record.blocks) {
            fail("I1, N: a holder has another content of an acknowledged version");
        }
    }
    for (const auto& [client, last] : s.releases) {
        if (now - last.at > 5 * kSecond) continue;
        const auto row = ledger.rows.find(client);
        if (row == ledger.rows.end() || row->second.rid < last.rid) {
            fail("I1: a holder lacks the row of an acknowledged release");
        }
    }
}

}  // namespace juxta::data::simulation
