// Ways to break the protocol from outside, by what the network, the disks, the manager or the
// component around a machine do wrong: each must be caught by the simulation, or the simulation
// proves nothing.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

namespace juxta::data::simulation {

enum class Weakening {
    none,
    acks_before_storing,      // a backup says it has a segment that it never got
    acks_before_applying,     // a backup acknowledges an entry that it never got
    acks_before_saving,       // a durable copy acknowledges entries that its disk has not
    leases_without_promise,   // beacons are answered by nobody's promise
    lease_from_reply,         // the holder counts its lease from the answer, not from the request
    no_barrier,               // a new primary serves before its view agrees
    barrier_repeated,         // a repeated barrier is applied again
    rows_left_out,            // a barrier carries the ledger without the answers already given
    readers_left_out,         // a barrier carries the ledger without the shared locks
    lease_left_out,           // an entry that grants a lock tells its lease to no backup
    silence_is_death,         // a silent member counts as confirmed dead
    floor_too_high,           // garbage orders hit what the present holder has staged
    same_identity,            // a restarted provider comes back as the incarnation before
    activation_unasked,       // views are recorded as activated when they are installed
    activation_unrecorded,    // a primary serves before the manager has recorded it
    silent_leaves_in_tenure,  // a tenure goes on although who is out is only silent
    closed_untrue,            // views say that nobody outside holds anything
    stepped_down_untrue,      // the old primary is said to have stepped down when it has not
    promise_forgotten,        // a copy back from disk does not wait for what it promised
    joiner_full_at_once,      // a joiner is reported full when its filling begins
    full_of_old_view,         // a joiner counts as full in a later view than it was reported in
    staged_left_out,          // a joiner is not given what is staged and not released
    wiped_too_early,          // a member outside a view that is not activated drops its copy
    disk_of_yesterday,        // a disk comes back older than what was acknowledged from it
    disk_lost_untold,         // a disk that comes back empty is offered as if it were whole
    fence_forgotten,          // a release under a dead token counts for the present holder
    read_unleased,            // snapshots are answered without the primary lease
    read_tail,                // snapshots are answered from what is not committed
    renew_unleased,           // locks and pins are renewed without the primary lease
    refuse_at_once,           // a release is refused without commit and lease
    pin_moves,                // a repeated snapshot moves its pin to the newer version
    pins_too_short,           // versions are retired before their pins may have come
    lock_too_short,           // locks expire before their holders know
    stage_present,            // a repeated staging is answered because the segment is here
    repeats_unrecognised,     // a repeated release is taken for another one
    carried_not_stored,       // a backup drops the segments that came with a release
    ledger_without_segments,  // a member takes a ledger whose segments it has not
    written_twice,            // members are not told that a datum is immutable
    manager_forgets,          // the manager loses its last decisions in an outage
    clocks_run_away,          // clocks are off by a third
};

constexpr std::pair<Weakening, std::string_view> kWeakenings[] = {
    {Weakening::none, "none"},
    {Weakening::acks_before_storing, "acks_before_storing"},
    {Weakening::acks_before_applying, "acks_before_applying"},
    {Weakening::acks_before_saving, "acks_before_saving"},
    {Weakening::leases_without_promise, "leases_without_promise"},
    {Weakening::lease_from_reply, "lease_from_reply"},
    {Weakening::no_barrier, "no_barrier"},
    {Weakening::barrier_repeated, "barrier_repeated"},
    {Weakening::rows_left_out, "rows_left_out"},
    {Weakening::readers_left_out, "readers_left_out"},
    {Weakening::lease_left_out, "lease_left_out"},
    {Weakening::silence_is_death, "silence_is_death"},
    {Weakening::floor_too_high, "floor_too_high"},
    {Weakening::same_identity, "same_identity"},
    {Weakening::activation_unasked, "activation_unasked"},
    {Weakening::activation_unrecorded, "activation_unrecorded"},
    {Weakening::silent_leaves_in_tenure, "silent_leaves_in_tenure"},
    {Weakening::closed_untrue, "closed_untrue"},
    {Weakening::stepped_down_untrue, "stepped_down_untrue"},
    {Weakening::promise_forgotten, "promise_forgotten"},
    {Weakening::joiner_full_at_once, "joiner_full_at_once"},
    {Weakening::full_of_old_view, "full_of_old_view"},
    {Weakening::staged_left_out, "staged_left_out"},
    {Weakening::wiped_too_early, "wiped_too_early"},
    {Weakening::disk_of_yesterday, "disk_of_yesterday"},
    {Weakening::disk_lost_untold, "disk_lost_untold"},
    {Weakening::fence_forgotten, "fence_forgotten"},
    {Weakening::read_unleased, "read_unleased"},
    {Weakening::read_tail, "read_tail"},
    {Weakening::renew_unleased, "renew_unleased"},
    {Weakening::refuse_at_once, "refuse_at_once"},
    {Weakening::pin_moves, "pin_moves"},
    {Weakening::pins_too_short, "pins_too_short"},
    {Weakening::lock_too_short, "lock_too_short"},
    {Weakening::stage_present, "stage_present"},
    {Weakening::repeats_unrecognised, "repeats_unrecognised"},
    {Weakening::carried_not_stored, "carried_not_stored"},
    {Weakening::ledger_without_segments, "ledger_without_segments"},
    {Weakening::written_twice, "written_twice"},
    {Weakening::manager_forgets, "manager_forgets"},
    {Weakening::clocks_run_away, "clocks_run_away"},
};

constexpr std::optional<Weakening> parse_weakening(std::string_view text) {
    for (const auto& [weakening, name] : kWeakenings) {
        if (name == text) return weakening;
    }
    return std::nullopt;
}

}  // namespace juxta::data::simulation
