// Bytes that came or went over the network, by who sent and who received, counted where they
// arrived.
//
// Threading: any thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/guarded.h"
#include "common/model/datum.h"

namespace juxta::data {

class MovementTally {
public:
    void add(const std::string& from, const std::string& to, std::uint64_t bytes) {
        if (bytes > 0) sums_.with([&](Sums& sums) { sums[{from, to}] += bytes; });
    }
    std::vector<Movement> all() const {
        return sums_.with([](const Sums& sums) {
            std::vector<Movement> list;
            for (const auto& [ends, bytes] : sums) {
                list.push_back({"", ends.first, ends.second, bytes});
            }
            return list;
        });
    }

private:
    using Sums = std::map<std::pair<std::string, std::string>, std::uint64_t>;
    Guarded<Sums> sums_;
};

}  // namespace juxta::data
