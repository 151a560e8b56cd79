// The policies that an agent can be started with: one line of the table each.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "agent/policy/policy.h"

namespace juxta::agent {

constexpr std::string_view kDefaultPolicy = "data_locality";

struct PolicyEntry {
    std::string_view name;
    // `seed`: for those that draw random numbers.
    std::unique_ptr<Policy> (*make)(std::uint64_t seed);
    // The same request and the same candidates, in whatever order, are always ranked the same.
    bool repeatable;
};

std::span<const PolicyEntry> policies();

// Throws invalid_argument, naming the policies there are.
std::unique_ptr<Policy> make_policy(std::string_view name, std::uint64_t seed);

}  // namespace juxta::agent
