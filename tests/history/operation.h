// The history of a run: what clients asked of the data service, when, and what they were told.
//
// A file is JSON lines, one flat object an operation, in any order:
//
//     {"client":7,"op":"release","datum":"h0","invoked":120,"returned":180,"outcome":"ok",
//      "token":33554433,"base":4,"version":5,"writer":7,"seq":12,"payload_token":33554433}
//
// `invoked` and `returned` are nanoseconds of the monotonic clock of one machine. `op`: "acquire"
// (the exclusive lock; `version` is the one that it shows), "read" (of that version, under the
// lock), "release" (a commit of one whole new content; `base` is the version acquired) and
// "snapshot". `outcome`: "ok", "failed" (certainly without effect) or "unknown". writer, seq and
// payload_token are the stamp of the content that was written or read; a content that is none is
// told by "torn": why. `code`: what an operation that was not ok met.
//
// Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace juxta::history {

enum class Deed : std::uint8_t { acquire, read, release, snapshot };
enum class Outcome : std::uint8_t { ok, failed, unknown };

std::string_view name_of(Deed deed);
std::string_view name_of(Outcome outcome);

// Names one content: a writer numbers what it writes, under the token of its lock.
struct Stamp {
    std::uint64_t writer = 0;
    std::uint64_t seq = 0;
    std::uint64_t token = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

struct Operation {
    std::uint64_t client = 0;
    Deed deed = Deed::snapshot;
    Outcome outcome = Outcome::ok;
    std::uint32_t datum = 0;  // index into History::data
    std::uint64_t invoked = 0;
    std::uint64_t returned = 0;
    std::uint64_t token = 0;
    std::uint64_t base = 0;
    std::uint64_t version = 0;
    std::optional<Stamp> stamp;
    std::string torn;
    std::string code;
};

struct History {
    std::vector<Operation> operations;
    std::vector<std::string> data;       // names
    std::vector<std::string> malformed;  // lines that are no operation: FILE:LINE and why

    // The index of the datum called `name`, new or known.
    std::uint32_t datum(std::string_view name);

private:
    std::unordered_map<std::string, std::uint32_t> known_;
};

// Adds the operations of `text`, the contents of `file`, which is only named.
void parse_into(History& history, std::string_view text, const std::string& file);

// One line, with its end.
std::string print(const Operation& operation, const std::string& datum);

}  // namespace juxta::history
