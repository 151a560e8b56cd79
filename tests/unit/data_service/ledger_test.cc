// overlay(), segments_of(), apply(): what a version is, held against a byte-by-byte model.
#include "data_service/protocol/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace juxta::data {
namespace {

const DataId kDatum{Id128{1, 2}};

SegmentId segment(Token token, std::uint32_t number = 0) { return {kDatum, 0, token, number}; }

using Bytes = std::vector<std::pair<SegmentId, std::uint64_t>>;

void paint(Bytes& bytes, const Extents& extents) {
    for (const Extent& e : extents) {
        for (std::uint64_t i = 0; i < e.length; ++i) {
            bytes.at(e.offset + i) = {e.segment, e.segment_offset + i};
        }
    }
}

TEST(Overlay, of_nothing_is_what_is_laid) {
    const Extents change{{10, 5, segment(1), 0}};
    EXPECT_EQ(overlay({}, change), change);
    EXPECT_EQ(overlay(change, {}), change);
}

TEST(Overlay, leaves_both_ends_of_what_it_covers) {
    const Extents base{{0, 10, segment(1), 100}};
    EXPECT_EQ(overlay(base, {{4, 2, segment(2), 0}}),
              (Extents{{0, 4, segment(1), 100}, {4, 2, segment(2), 0}, {6, 4, segment(1), 106}}));
}

TEST(Overlay, joins_pieces_of_one_segment_that_meet_again) {
    const Extents base{{0, 4, segment(1), 0}, {6, 4, segment(1), 6}};
    EXPECT_EQ(overlay(base, {{4, 2, segment(1), 4}}), (Extents{{0, 10, segment(1), 0}}));
}

TEST(Overlay, ignores_a_change_of_no_length) {
    const Extents base{{0, 10, segment(1), 0}};
    EXPECT_EQ(overlay(base, {{5, 0, segment(2), 0}}), base);
}

TEST(Overlay, survives_a_length_beyond_the_last_offset) {
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
    const Extents laid = overlay({{0, 10, segment(1), 0}}, {{5, huge, segment(2), 0}});
    ASSERT_EQ(laid.size(), 2u);
    EXPECT_EQ(laid[0], (Extent{0, 5, segment(1), 0}));
    EXPECT_EQ(laid[1].length, huge - 5);
}

TEST(Overlay, agrees_with_painting_bytes_after_any_history) {
    constexpr std::uint64_t size = 40;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(::testing::Message() << "seed " << seed);
        std::mt19937 random(seed);
        Extents extents;
        Bytes bytes(size);
        for (unsigned step = 0; step < 12; ++step) {
            Extents changes;
            for (unsigned n = random() % 3; n > 0; --n) {
                const std::uint64_t offset = random() % size;
                changes.push_back({offset, random() % (size - offset + 1),
                                   segment(1 + random() % 4), random() % 8});
            }
            extents = overlay(extents, changes);
            paint(bytes, changes);
        }
        Bytes painted(size);
        paint(painted, extents);
        ASSERT_EQ(painted, bytes);
        for (std::size_t i = 1; i < extents.size(); ++i) {
            ASSERT_GE(extents[i].offset, extents[i - 1].offset + extents[i - 1].length);
        }
        for (const Extent& e : extents) ASSERT_GT(e.length, 0u);
    }
}

TEST(SegmentsOf, names_each_once_in_order) {
    const Extents extents{{0, 1, segment(3), 0}, {1, 1, segment(1), 0}, {2, 1, segment(3), 1}};
    EXPECT_EQ(segments_of(extents), (std::vector<SegmentId>{segment(1), segment(3)}));
}

TEST(View, knows_a_death_of_an_incarnation_and_of_all_before_it) {
    View view;
    view.dead = {{ProviderId{7}, 3}};
    EXPECT_TRUE(view.is_dead({ProviderId{7}, 2}));
    EXPECT_TRUE(view.is_dead({ProviderId{7}, 3}));
    EXPECT_FALSE(view.is_dead({ProviderId{7}, 4}));
    EXPECT_FALSE(view.is_dead({ProviderId{8}, 1}));
}

// -- apply
// -----------------------------------------------------------------------------------------

Entry entry(Lsn lsn, EntryKind kind, Token token, ClientId client = ClientId{5},
            std::uint64_t rid = 1) {
    return {lsn, kind, client, rid, token, 0, {}};
}

TEST(Ledger, starts_with_version_0_and_every_block_empty) {
    const Ledger ledger = Ledger::fresh(3);
    EXPECT_EQ(ledger.newest, 0u);
    EXPECT_EQ(ledger.versions.at(0).blocks, std::vector<Extents>(3));
}

TEST(Ledger, a_commit_makes_a_version_that_shares_what_did_not_change_and_unlocks) {
    Ledger ledger = Ledger::fresh(2);
    apply(ledger, entry(1, EntryKind::grant_exclusive, 8));
    EXPECT_EQ(ledger.holder, 8u);
    Entry commit = entry(2, EntryKind::commit, 8, ClientId{5}, 2);
    commit.changes = {{0, {{0, 10, segment(8), 0}}}};
    apply(ledger, commit);
    EXPECT_EQ(ledger.newest, 1u);
    EXPECT_EQ(ledger.holder, 0u);
    EXPECT_EQ(ledger.versions.at(1).token, 8u);

    apply(ledger, entry(3, EntryKind::grant_exclusive, 9));
    commit = entry(4, EntryKind::commit, 9, ClientId{5}, 4);
    commit.changes = {{1, {{0, 4, segment(9), 0}}}};
    apply(ledger, commit);
    EXPECT_EQ(ledger.versions.at(2).blocks[0], ledger.versions.at(1).blocks[0]);
    EXPECT_EQ(ledger.versions.at(1).blocks[1], Extents{});
    EXPECT_EQ(ledger.rows.at(ClientId{5}), (Row{4, EntryKind::commit, 9, 2}));
}

TEST(Ledger, an_expiry_is_nobodys_answer) {
    Ledger ledger = Ledger::fresh(1);
    apply(ledger, entry(1, EntryKind::grant_exclusive, 8));
    apply(ledger, entry(2, EntryKind::expire, 8, ClientId{}, 0));
    EXPECT_EQ(ledger.holder, 0u);
    EXPECT_EQ(ledger.rows.at(ClientId{5}).kind, EntryKind::grant_exclusive);
}

TEST(Ledger, a_dead_token_ends_nothing_of_the_present_holder) {
    Ledger ledger = Ledger::fresh(1);
    apply(ledger, entry(1, EntryKind::grant_exclusive, 8));
    apply(ledger, entry(2, EntryKind::abort, 7));
    EXPECT_EQ(ledger.holder, 8u);
    apply(ledger, entry(3, EntryKind::abort, 0));
    EXPECT_EQ(ledger.holder, 8u);
}

TEST(Ledger, shared_holders_come_and_go_one_by_one) {
    Ledger ledger = Ledger::fresh(1);
    apply(ledger, entry(1, EntryKind::grant_shared, 8, ClientId{5}));
    apply(ledger, entry(2, EntryKind::grant_shared, 9, ClientId{6}));
    apply(ledger, entry(3, EntryKind::drop_shared, 8, ClientId{5}, 2));
    EXPECT_EQ(ledger.shared, (std::map<Token, SharedHolder>{{9, {ClientId{6}}}}));
    EXPECT_EQ(ledger.last_token, 9u);
}

TEST(Ledger, forgets_a_row_and_a_retired_version) {
    Ledger ledger = Ledger::fresh(1);
    apply(ledger, entry(1, EntryKind::grant_exclusive, 8));
    apply(ledger, entry(2, EntryKind::commit, 8));
    Entry retire = entry(3, EntryKind::retire, 0, ClientId{}, 0);
    apply(ledger, retire);
    EXPECT_EQ(ledger.versions.size(), 1u);
    apply(ledger, entry(4, EntryKind::forget, 0));
    EXPECT_TRUE(ledger.rows.empty());
}

TEST(Ledger, retires_all_versions_from_the_first_to_the_last_and_no_other) {
    Ledger ledger = Ledger::fresh(1);
    for (Lsn lsn = 1; lsn <= 10; lsn += 2) {
        apply(ledger, entry(lsn, EntryKind::grant_exclusive, lsn));
        apply(ledger, entry(lsn + 1, EntryKind::commit, lsn));
    }
    Entry retire = entry(11, EntryKind::retire, 0, ClientId{}, 0);
    retire.first = 1;
    retire.version = 3;
    apply(ledger, retire);
    std::vector<Version> kept;
    for (const auto& [version, record] : ledger.versions) kept.push_back(version);
    EXPECT_EQ(kept, (std::vector<Version>{0, 4, 5}));
    retire.lsn = 12;
    retire.first = 5;
    retire.version = 4;
    apply(ledger, retire);
    EXPECT_EQ(ledger.versions.size(), 3u);
}

TEST(LedgerDeathTest, refuses_an_entry_out_of_order) {
    Ledger ledger = Ledger::fresh(1);
    EXPECT_DEATH(apply(ledger, entry(2, EntryKind::abort, 1)), "in order");
}

}  // namespace
}  // namespace juxta::data
