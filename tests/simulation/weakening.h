// Ways to break the protocol from outside, by what the network or the manager does wrong: each
// must be caught by the simulation, or the simulation proves nothing.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

namespace juxta::data::simulation {

enum class Weakening {
    none,
    acks_before_storing,     // a backup says it has a segment that it never got
    acks_before_applying,    // a backup acknowledges an entry that it never got
    leases_without_promise,  // beacons are answered by nobody's promise
    lease_from_reply,        // the holder counts its lease from the answer, not from the request
    rows_left_out,           // a barrier carries the ledger without the answers already given
    silence_is_death,        // a silent member counts as confirmed dead
    floor_too_high,          // garbage orders hit what the present holder has staged
    same_identity,           // a restarted provider comes back as the incarnation before
    activation_unasked,      // views are recorded as activated when they are installed
    promise_forgotten,       // the old primary is said to have stepped down when it has not
    joiner_full_at_once,     // a joiner is reported full when its filling begins
};

constexpr std::pair<Weakening, std::string_view> kWeakenings[] = {
    {Weakening::none, "none"},
    {Weakening::acks_before_storing, "acks_before_storing"},
    {Weakening::acks_before_applying, "acks_before_applying"},
    {Weakening::leases_without_promise, "leases_without_promise"},
    {Weakening::lease_from_reply, "lease_from_reply"},
    {Weakening::rows_left_out, "rows_left_out"},
    {Weakening::silence_is_death, "silence_is_death"},
    {Weakening::floor_too_high, "floor_too_high"},
    {Weakening::same_identity, "same_identity"},
    {Weakening::activation_unasked, "activation_unasked"},
    {Weakening::promise_forgotten, "promise_forgotten"},
    {Weakening::joiner_full_at_once, "joiner_full_at_once"},
};

constexpr std::optional<Weakening> parse_weakening(std::string_view text) {
    for (const auto& [weakening, name] : kWeakenings) {
        if (name == text) return weakening;
    }
    return std::nullopt;
}

}  // namespace juxta::data::simulation
