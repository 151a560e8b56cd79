// What a user is told of a datum that cannot be reached.
#pragma once

#include <chrono>
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

// The failure may pass: look up the views again and repeat.
bool may_pass(ErrorCode code);

}  // namespace juxta::data
