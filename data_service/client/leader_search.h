// Whom to ask next, of the replicas of one cluster manager: who led last, then whom a replica names
// as the leader, then the others in turn. Who hung is left alone for some rounds, though others may
// still take it for the leader: meanwhile they elect another.
//
// Machine: no thread, no clock, no I/O. One for each operation.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace juxta::data {

class LeaderSearch {
public:
    // `first`: who led last; empty if nobody is known.
    LeaderSearch(std::vector<std::string> replicas, const std::string& first);

    const std::string& next() const { return next_; }
    // For one attempt: short at first where another may lead, in case this one hangs.
    unsigned attempt_ms() const;

    // The attempt at next() failed thus. True: everybody was asked; pause before going on.
    bool failed(const Error& why);

    // The operation may be repeated, here or elsewhere: all operations of managers may.
    static bool may_pass(ErrorCode code);

private:
    bool is_shunned(const std::string& address) const;

    const std::vector<std::string> replicas_;
    std::string next_;
    std::size_t turn_ = 0;      // of `replicas_`, to be asked when nobody is named
    std::size_t asked_ = 0;     // in this round, those in turn
    std::size_t followed_ = 0;  // in this round, those who were named
    std::size_t rounds_ = 0;
    std::map<std::string, std::size_t> shunned_;  // who hung -> the round to ask it again
};

}  // namespace juxta::data
