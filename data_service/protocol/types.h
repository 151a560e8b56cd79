// The values of the data group protocol (docs/protocol.md, section 4).
//
// A datum has 1..N blocks; each block is kept by a data group, whose members hold the same
// immutable segments. A committed version says, for every block, which extents of which segments
// its bytes are.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "common/model/datum.h"
#include "common/model/ids.h"

namespace juxta::data {

using BlockNumber = std::uint32_t;

struct GroupId {
    DataId datum;
    BlockNumber block = 0;  // 0: the home group, whose primary is the datum's coordinator
    friend auto operator<=>(const GroupId&, const GroupId&) = default;
};

// One incarnation of a provider.
struct Member {
    ProviderId provider;
    Incarnation incarnation = 0;
    friend auto operator<=>(const Member&, const Member&) = default;
};

using Epoch = std::uint64_t;  // of a view; grows; 0: none yet
using Lsn = std::uint64_t;    // position in a ledger; the first entry is 1

// Fencing token: (epoch, counter) in one number. Grows with every grant, over failovers too.
// 0: none.
using Token = std::uint64_t;
constexpr Token first_token_of(Epoch epoch) { return epoch << 24; }

struct View {
    Epoch epoch = 0;
    std::vector<Member> members;  // the first is the primary
    std::optional<Member> joiner;
    bool activated = false;
    bool lost = false;
    bool freed = false;
    // Confirmed dead, as far as it concerns this view: this incarnation and all before it.
    std::vector<Member> dead;
    // The view that began the tenure which goes on in this one, and the one that named this joiner
    // first; 0: this one itself (section 7, P5).
    Epoch began = 0;
    Epoch joiner_named = 0;
    // All who may hold what was acknowledged are members, or dead for good (P3).
    bool closed = false;

    Epoch tenure() const { return began != 0 ? began : epoch; }
    Epoch joining() const { return joiner_named != 0 ? joiner_named : epoch; }
    bool has(const Member& member) const;
    bool is_dead(const Member& member) const;
    std::optional<Member> primary() const;
    friend bool operator==(const View&, const View&) = default;
};

// Names content: the same id is the same bytes, everywhere and for ever.
struct SegmentId {
    DataId datum;
    BlockNumber block = 0;
    Token token = 0;  // under which it was written
    std::uint32_t number = 0;
    friend auto operator<=>(const SegmentId&, const SegmentId&) = default;
};

// `length` bytes of a block from `offset` on are those of `segment` from `segment_offset` on.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    SegmentId segment;
    std::uint64_t segment_offset = 0;
    friend bool operator==(const Extent&, const Extent&) = default;
};

// Of one block: by offset, not overlapping. What no extent covers reads as zero bytes.
using Extents = std::vector<Extent>;

// `base` with `changes` laid over it (later ones over earlier ones). Pieces of one segment that
// meet again are joined.
Extents overlay(const Extents& base, const Extents& changes);

// Every segment named, each once, in order.
std::vector<SegmentId> segments_of(const Extents& extents);

// New extents of one block, laid over those of the version before by a commit.
struct BlockChange {
    BlockNumber block = 0;
    Extents extents;
    friend bool operator==(const BlockChange&, const BlockChange&) = default;
};

// What every copy of a block knows of its datum.
struct GroupSettings {
    std::uint32_t block_count = 1;  // of the whole datum: the home group's ledger speaks of all
    bool durable = false;           // every copy is on disk before anything is acknowledged
    bool write_once = false;        // the first committed version is the last
};

// docs/protocol.md, section 3. The manager tells them to its providers.
struct Durations {
    Duration heartbeat = 200 * kMillisecond;      // T_hb
    Duration detection = 1 * kSecond;             // T_d; > 3 T_hb
    Duration primary_lease = 600 * kMillisecond;  // T_lease; <= T_d
    Duration lock = 5 * kSecond;                  // T_lock
    Duration pin = 5 * kSecond;                   // T_pin
    Duration wait = 3 * kSecond;                  // T_wait
    Duration row = 120 * kSecond;                 // T_row
    Duration beacon() const { return primary_lease / 6; }
};

// The rate error of a clock is at most this, against true time (A3).
constexpr double kRho = 0.01;

// How long the holder of a lease of `length` may trust it, from the sending of the request that
// was answered (section 3, lease rule).
constexpr Duration trusted(Duration length) {
    return static_cast<Duration>(static_cast<double>(length) * (1 - kRho) / (1 + kRho)) - 1;
}

}  // namespace juxta::data
