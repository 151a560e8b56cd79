#include "agent/core/reservations.h"

#include <gtest/gtest.h>

#include "fakes.h"

namespace juxta::agent {
namespace {

// As a SeD tells of itself that has accepted so many calls so far.
Candidate sed(std::uint64_t accepted, Incarnation incarnation = 1) {
    EstimationVector seen;
    seen.accepted = accepted;
    seen.expected_run_s = 2;
    Candidate made = candidate("s1", seen);
    made.sed.incarnation = incarnation;
    return made;
}

struct SomeReservations : testing::Test {
    Reservations reservations;

    std::uint32_t queue(std::uint64_t accepted, Time now = 0, Incarnation incarnation = 1) {
        std::vector candidates{sed(accepted, incarnation)};
        reservations.add_to(candidates, now);
        EXPECT_DOUBLE_EQ(candidates[0].estimation.backlog_s, 2. * candidates[0].estimation.queued);
        return candidates[0].estimation.queued;
    }
};

TEST_F(SomeReservations, show_what_was_placed_until_its_sed_has_accepted_it) {
    reservations.note(sed(7), 0);
    reservations.note(sed(7), 0);
    EXPECT_EQ(queue(7), 2u);
    EXPECT_EQ(queue(8), 1u);
    reservations.note(sed(8), 0);
    EXPECT_EQ(queue(8), 2u);
    EXPECT_EQ(queue(10), 0u);
    EXPECT_EQ(reservations.size(), 0u);
}

TEST_F(SomeReservations, forget_what_never_came) {
    reservations.note(sed(7), 0);
    reservations.note(sed(7), kSecond);
    EXPECT_EQ(queue(7, 2 * kSecond), 1u);
    EXPECT_EQ(queue(7, 3 * kSecond), 0u);
}

TEST_F(SomeReservations, forget_what_was_placed_at_a_life_before) {
    reservations.note(sed(7), 0);
    EXPECT_EQ(queue(0, 0, 2), 0u);
}

}  // namespace
}  // namespace juxta::agent
