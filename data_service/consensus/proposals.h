// Proposals on their way into entries of the log: many that wait at once share one entry, and so
// one write and one round.
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/guarded.h"

namespace juxta::data {

class Proposal {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    Proposal(std::string text, Deadline until) : entry(std::move(text)), deadline(until) {}

    // The first one counts.
    void succeed();
    void fail(const Error& why);

    // True once it succeeded, false at the deadline. Throws what it failed with.
    bool wait();

    const std::string entry;
    const Deadline deadline;

private:
    // In parts: copies of one exception in two threads share its text.
    struct Failure {
        ErrorCode code = ErrorCode::internal;
        std::string text;
        std::string redirect;
    };
    struct Outcome {
        bool is_known = false;
        std::optional<Failure> failure;
    };
    Guarded<Outcome> outcome_;
};

using Batch = std::vector<std::shared_ptr<Proposal>>;

class ProposalQueue {
public:
    void add(std::shared_ptr<Proposal> proposal);

    // Those that waited longest and whose deadline is not over, as many as one entry takes.
    Batch take();

    // Takes it out again; false if it has been taken already.
    bool remove(const std::shared_ptr<Proposal>& proposal);

    bool empty() const;

private:
    Guarded<std::deque<std::shared_ptr<Proposal>>> waiting_;
};

// The bytes of an entry, a multiple of 8 of them. `confirmed`: the index up to which the log was
// confirmed by then.
std::string entry_of(const Batch& batch, std::uint64_t confirmed);

// What entry_of() was told; 0 for other bytes.
std::uint64_t confirmed_before(std::string_view entry);

// The proposals of an entry, in order. Throws Error internal for other bytes.
void for_each_proposal(std::string_view entry, const std::function<void(std::string_view)>& visit);

}  // namespace juxta::data
