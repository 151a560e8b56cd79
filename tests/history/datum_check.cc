#include "tests/history/datum_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace juxta::history {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// A point that grows in real time: whoever begins after another has ended is not below it.
struct Mark {
    std::uint64_t invoked = 0;
    std::uint64_t returned = 0;
    std::uint64_t level = 0;
    bool raises = false;  // must be above all that ended before it
    std::uint32_t operation = 0;
};

// Calls found(earlier, later) for every mark that is too low.
template <class Found>
void check_growth(std::vector<Mark> marks, Found&& found) {
    std::vector<Mark> ended = marks;
    std::ranges::sort(marks, {}, &Mark::invoked);
    std::ranges::sort(ended, {}, &Mark::returned);
    std::size_t next = 0;
    const Mark* highest = nullptr;
    for (const Mark& mark : marks) {
        for (; next < ended.size() && ended[next].returned < mark.invoked; ++next) {
            if (highest == nullptr || ended[next].level > highest->level) highest = &ended[next];
        }
        if (highest == nullptr) continue;
        if (highest->level > mark.level || (mark.raises && highest->level == mark.level))
            found(highest->operation, mark.operation);
    }
}

struct StampHash {
    std::size_t operator()(const Stamp& stamp) const {
        return (stamp.writer * 0x9e3779b97f4a7c15u) ^ (stamp.seq * 0xc2b2ae3d27d4eb4fu);
    }
};

struct SameWriting {
    bool operator()(const Stamp& a, const Stamp& b) const {
        return a.writer == b.writer && a.seq == b.seq;
    }
};

bool reads(Deed deed) { return deed != Deed::release; }

}  // namespace

DatumCheck::DatumCheck(const History& history, std::vector<std::uint32_t> operations,
                       const CheckOptions& options, Report& report, Effects& effects)
    : history_(history),
      operations_(std::move(operations)),
      options_(options),
      report_(report),
      effects_(effects) {}

void DatumCheck::run() {
    acknowledged_releases();
    contents_read();
    std::ranges::sort(happened_);
    versions_without_gaps();
    if (options_.real_time) versions_in_real_time();
    tokens_in_real_time();
    tokens_with_versions();
}

void DatumCheck::give(std::uint32_t release, std::uint64_t version) {
    effects_[release] = version;
    happened_.emplace_back(version, release);
}

void DatumCheck::acknowledged_releases() {
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.deed != Deed::release) continue;
        if (!op.stamp) {
            report_.add(Fault::inconclusive, op, "what it wrote has no stamp");
        } else if (op.stamp->token != op.token) {
            report_.add(Fault::inconclusive, op, "its content tells another token than its lock");
        }
        if (op.outcome != Outcome::ok) continue;
        if (op.version != op.base + 1)
            report_.add(Fault::wrong_version, op, "it does not follow the version it was based on");
        give(index, op.version);
    }
}

// What was read is what a release wrote; that also settles the releases of unknown outcome.
void DatumCheck::contents_read() {
    std::unordered_map<Stamp, std::uint32_t, StampHash, SameWriting> writers;
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.deed != Deed::release || !op.stamp) continue;
        const auto [other, is_new] = writers.try_emplace(*op.stamp, index);
        if (!is_new) {
            report_.add(Fault::inconclusive, op, "its content has the stamp of another release",
                        at(other->second));
        }
    }
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.outcome != Outcome::ok) continue;
        if (op.deed != Deed::read && op.deed != Deed::snapshot) continue;
        if (!op.torn.empty()) {
            report_.add(Fault::torn, op, op.torn);
        } else if (op.version == 0) {
            if (op.stamp) report_.add(Fault::thin_air, op, "a content before the first release");
        } else if (!op.stamp) {
            report_.add(Fault::inconclusive, op, "what it read is not told");
        } else if (const auto writer = writers.find(*op.stamp); writer == writers.end()) {
            report_.add(Fault::thin_air, op, "nobody wrote this content");
        } else {
            seen_with(op, writer->second);
        }
    }
}

bool DatumCheck::seen_with(const Operation& reader, std::uint32_t release) {
    const Operation& writer = at(release);
    if (writer.outcome == Outcome::failed) {
        report_.add(Fault::thin_air, reader, "this content was refused at its release", writer);
        return false;
    }
    if (reader.stamp->token != writer.token) {
        report_.add(Fault::torn, reader, "the content tells another token than its release",
                    writer);
        return false;
    }
    if (effects_[release] == 0) give(release, reader.version);
    if (effects_[release] != reader.version) {
        report_.add(Fault::wrong_version, reader,
                    fmt::format("this content was released as version {}", effects_[release]),
                    writer);
        return false;
    }
    if (options_.real_time && reader.returned < writer.invoked) {
        report_.add(Fault::stale, reader, "this content was not released before that", writer);
        return false;
    }
    return true;
}

// Every version was made by exactly one release; by one of unknown outcome, if nobody read it.
void DatumCheck::versions_without_gaps() {
    std::uint64_t newest = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> unsettled;  // by the version it would make
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.outcome == Outcome::ok) newest = std::max(newest, op.version);
        const bool open = op.deed == Deed::release && op.outcome == Outcome::unknown;
        if (open && effects_[index] == 0) ++unsettled[op.base + 1];
    }
    std::uint64_t expected = 1;
    for (std::size_t i = 0; i < happened_.size(); ++i) {
        const auto [version, release] = happened_[i];
        if (i > 0 && happened_[i - 1].first == version) {
            report_.add(Fault::wrong_version, at(release), "two releases made one version",
                        at(happened_[i - 1].second));
            continue;
        }
        while (expected < version && unsettled.contains(expected)) ++expected;
        if (expected < version) {
            report_.add(Fault::thin_air, at(release),
                        fmt::format("nobody made version {} before it", expected));
        }
        expected = version + 1;
    }
    while (expected <= newest && unsettled.contains(expected)) ++expected;
    if (expected > newest) return;
    report_.add(Fault::thin_air,
                fmt::format("{}: version {} was told, but nobody made version {}",
                            history_.data[at(operations_.front()).datum], newest, expected));
}

void DatumCheck::versions_in_real_time() {
    std::vector<Mark> marks;
    marks.reserve(operations_.size());
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (reads(op.deed)) {
            if (op.outcome == Outcome::ok)
                marks.push_back({op.invoked, op.returned, op.version, false, index});
        } else if (effects_[index] != 0) {
            const bool known = op.outcome == Outcome::ok;
            marks.push_back(
                {op.invoked, known ? op.returned : kNever, effects_[index], true, index});
        }
    }
    check_growth(std::move(marks), [&](std::uint32_t earlier, std::uint32_t later) {
        const bool writes = at(later).deed == Deed::release;
        report_.add(writes ? Fault::wrong_version : Fault::stale, at(later),
                    "a version at least as new was there before it began", at(earlier));
    });
}

void DatumCheck::tokens_in_real_time() {
    std::vector<Mark> marks;
    std::unordered_map<std::uint64_t, std::uint32_t> granted;
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.deed == Deed::acquire && op.outcome == Outcome::ok) {
            marks.push_back({op.invoked, op.returned, op.token, true, index});
            const auto [other, is_new] = granted.try_emplace(op.token, index);
            if (!is_new) {
                report_.add(Fault::two_holders, op, "its token was granted twice",
                            at(other->second));
            }
        }
    }
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.deed != Deed::release || effects_[index] == 0) continue;
        const std::uint64_t returned = op.outcome == Outcome::ok ? op.returned : kNever;
        marks.push_back({op.invoked, returned, op.token, false, index});
        const auto holder = granted.find(op.token);
        if (holder != granted.end() && at(holder->second).client != op.client) {
            report_.add(Fault::two_holders, op, "another client had been granted its token",
                        at(holder->second));
        }
    }
    check_growth(std::move(marks), [&](std::uint32_t earlier, std::uint32_t later) {
        const bool writes = at(later).deed == Deed::release;
        report_.add(writes ? Fault::two_holders : Fault::token_order, at(later),
                    writes ? "the lock had passed on before it began"
                           : "its token is not above one that was granted before",
                    at(earlier));
    });
}

// A later token sees, and follows, all that was committed under earlier ones.
void DatumCheck::tokens_with_versions() {
    for (std::size_t i = 1; i < happened_.size(); ++i) {
        const Operation& before = at(happened_[i - 1].second);
        const Operation& after = at(happened_[i].second);
        if (after.token < before.token ||
            (after.token == before.token && after.client != before.client)) {
            report_.add(Fault::token_order, after, "an earlier version has a later token", before);
        }
    }
    // By version is by token, but for what was found just now.
    for (const std::uint32_t index : operations_) {
        const Operation& op = at(index);
        if (op.deed != Deed::acquire || op.outcome != Outcome::ok) continue;
        const auto next = std::ranges::upper_bound(happened_, op.version, {},
                                                   [](const auto& made) { return made.first; });
        if (next != happened_.end() && at(next->second).token < op.token) {
            report_.add(Fault::two_holders, op, "a release under an earlier token came after it",
                        at(next->second));
        }
        if (next != happened_.begin() && at(std::prev(next)->second).token >= op.token) {
            report_.add(Fault::token_order, op, "it shows what a later token committed",
                        at(std::prev(next)->second));
        }
    }
}

}  // namespace juxta::history
