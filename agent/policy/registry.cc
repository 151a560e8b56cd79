#include "agent/policy/registry.h"

#include <string>

#include "agent/policy/data_locality.h"
#include "agent/policy/least_loaded.h"
#include "agent/policy/min_completion_time.h"
#include "agent/policy/random.h"
#include "agent/policy/round_robin.h"
#include "common/base/error.h"

namespace juxta::agent {
namespace {

template <class Kind>
std::unique_ptr<Policy> make(std::uint64_t) {
    return std::make_unique<Kind>();
}

constexpr PolicyEntry kPolicies[] = {
    {"data_locality", make<DataLocality>, true},
    {"least_loaded", make<LeastLoaded>, true},
    {"min_completion_time", make<MinCompletionTime>, true},
    {"round_robin", make<RoundRobin>, false},
    {"random",
     [](std::uint64_t seed) -> std::unique_ptr<Policy> { return std::make_unique<Random>(seed); },
     false},
};

}  // namespace

std::span<const PolicyEntry> policies() { return kPolicies; }

std::unique_ptr<Policy> make_policy(std::string_view name, std::uint64_t seed) {
    std::string known;
    for (const PolicyEntry& entry : kPolicies) {
        if (entry.name == name) return entry.make(seed);
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    throw Error(ErrorCode::invalid_argument,
                "there is no policy '" + std::string(name) + "'; choose one of " + known);
}

}  // namespace juxta::agent
