// What a user is told of a datum that cannot be reached.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "common/base/error.h"
#include "data_service/core/datum_info.h"

namespace juxta::data {

// "d:... 'name' (copies 1, persistent, cluster c1)".
std::string label_of(const DatumInfo& info);

Error lost_error(const DatumInfo& info);
// `last`: what the last attempt met.
Error unavailable_error(const DatumInfo& info, const std::string& last);

// Ends an operation's patience with a datum all of whose providers the manager has not heard of:
// they had their detection time, and get a moment more; the 30 s of a control call are for others.
class Silence {
public:
    // What the manager told just now. Throws unavailable_error when it has told of nothing but
    // silence for too long.
    void look_at(const DatumInfo& info);
    // For one attempt, at most `most`: short while nobody is expected to answer.
    unsigned attempt_ms(unsigned most) const;

private:
    std::optional<std::chrono::steady_clock::time_point> since_;
};

// How long to wait for one answer. Who is stopped is to be noticed soon, and who is slow to be
// given time: of control calls the first attempt is short, the second one, after the manager was
// asked to look at the provider, shorter still, and those after them are longer and longer.
class AttemptTimes {
public:
    static AttemptTimes always(unsigned most_ms) { return AttemptTimes(most_ms, 4); }
    static AttemptTimes of_control(unsigned most_ms) { return AttemptTimes(most_ms, 0); }

    unsigned next_ms() const;
    void timed_out() { tried_ += 1; }

private:
    AttemptTimes(unsigned most_ms, std::size_t tried) : most_ms_(most_ms), tried_(tried) {}

    unsigned most_ms_;
    std::size_t tried_;
};

// The failure may pass: look up the views again and repeat.
bool may_pass(ErrorCode code);

}  // namespace juxta::data
