#include "common/base/crew.h"

#include <gtest/gtest.h>

#include <thread>

namespace juxta {
namespace {

auto in_ms(int milliseconds) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

TEST(Crew, does_every_job_once) {
    Crew crew(4);
    for (std::size_t count : {0, 1, 2, 50}) {
        std::vector<std::atomic<int>> done(count);
        crew.run_all(
            count,
            [&](std::size_t i) {
                done[i] += 1;
                return false;
            },
            in_ms(5000));
        for (const auto& times : done) EXPECT_EQ(times, 1);
    }
}

TEST(Crew, works_at_several_jobs_at_a_time) {
    Crew crew(4);
    std::atomic<int> met{0};
    // Each waits for the other: alone, neither would end before the deadline.
    crew.run_all(
        2,
        [&](std::size_t) {
            met += 1;
            while (met < 2) std::this_thread::yield();
            return false;
        },
        in_ms(20'000));
    EXPECT_EQ(met, 2);
}

TEST(Crew, does_the_jobs_of_its_caller_when_every_thread_is_taken) {
    Crew crew(0);
    int done = 0;
    crew.run_all(
        5,
        [&](std::size_t) {
            done += 1;
            return false;
        },
        in_ms(5000));
    EXPECT_EQ(done, 5);
}

TEST(Crew, begins_nothing_after_the_deadline) {
    Crew crew(0);
    int done = 0;
    crew.run_all(
        3,
        [&](std::size_t) {
            done += 1;
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            return false;
        },
        in_ms(10));
    EXPECT_EQ(done, 1);
}

TEST(Crew, ends_as_soon_as_one_job_has_been_enough) {
    Crew crew(0);
    int done = 0;
    crew.run_all(
        9,
        [&](std::size_t) {
            done += 1;
            return done == 2;
        },
        in_ms(5000));
    EXPECT_EQ(done, 2);
}

TEST(Crew, serves_many_callers) {
    Crew crew(3);
    std::atomic<int> done{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < 4; ++c) {
        callers.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                crew.run_all(
                    3,
                    [&](std::size_t) {
                        done += 1;
                        return false;
                    },
                    in_ms(20'000));
            }
        });
    }
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(done, 4 * 200 * 3);
}

TEST(Crew, starts_a_thread_for_a_task_that_nobody_is_free_for) {
    Crew crew(2);
    std::atomic<int> met{0};
    for (int i = 0; i < 2; ++i) {
        crew.run([&] {
            met += 1;
            while (met < 2) std::this_thread::yield();
        });
    }
    while (met < 2) std::this_thread::yield();
}

TEST(Crew, drops_what_has_not_begun_when_it_stops) {
    Crew crew(1);
    std::atomic<bool> begun{false}, go{false};
    std::atomic<int> done{0};
    crew.run([&] {
        begun = true;
        while (!go) std::this_thread::yield();
        done += 1;
    });
    for (int i = 0; i < 3; ++i) crew.run([&] { done += 1; });
    while (!begun) std::this_thread::yield();
    std::thread stopping([&] { crew.stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    go = true;
    stopping.join();
    EXPECT_EQ(done, 1);
    crew.run([&] { done += 1; });
    EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace juxta
