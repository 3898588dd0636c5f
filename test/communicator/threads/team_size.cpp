// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_team_size
#include "localsgd/communicator/threads/team_size.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace {

using localsgd::detail::team_size;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using duration = team_size::duration;

// A team whose clock and counts are set by the test.
struct team {
  team(std::size_t threads, std::size_t workers) : size(threads, workers, duration(0), 0) {}

  std::size_t round(duration takes) {
    time += takes;
    return size.next(
        parked, [&] { return ++looks, time; }, [&] { return preemptions; });
  }
  // A round of 10 µs in which one thread is preempted, and each of the others waits for it.
  std::size_t stall(duration wait, std::uint64_t waiting = 1, bool preempted = true) {
    parked += waiting * static_cast<std::uint64_t>(wait.count());
    preemptions += preempted ? 1 : 0;
    return round(wait + microseconds(10));
  }
  // Rounds of 10 µs; returns the last size.
  std::size_t rounds_for(duration all) {
    std::size_t last = 0;
    for (duration const end = time + all; time < end;) last = round(microseconds(10));
    return last;
  }

  team_size size;
  duration time{0};
  std::uint64_t parked = 0, preemptions = 0;
  int looks = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(while_nobody_parks_all_work_and_nobody_looks_at_the_clock) {
  team t(2, 8);
  for (int i = 0; i != 1000; ++i) BOOST_TEST(t.round(microseconds(10)) == 2U);
  BOOST_TEST(t.looks == 0);
}

BOOST_AUTO_TEST_CASE(a_stall_by_preemption_leaves_one_of_two_threads_idle_for_20_ms) {
  team t(2, 8);
  t.rounds_for(milliseconds(5));
  BOOST_TEST(t.stall(milliseconds(4)) == 1U);
  BOOST_TEST(t.rounds_for(milliseconds(19)) == 1U);
  BOOST_TEST(t.rounds_for(milliseconds(2)) == 2U);
}

BOOST_AUTO_TEST_CASE(short_waits_and_waits_without_a_preemption_change_nothing) {
  team t(2, 8);
  BOOST_TEST(t.stall(microseconds(900)) == 2U);
  BOOST_TEST(t.stall(milliseconds(4), 1, false) == 2U);
  // A preemption counts for the wait that it caused, not for later ones.
  BOOST_TEST(t.stall(microseconds(100)) == 2U);
  BOOST_TEST(t.stall(milliseconds(4), 1, false) == 2U);
}

BOOST_AUTO_TEST_CASE(rounds_of_more_than_a_millisecond_are_left_as_they_are) {
  team t(2, 8);
  for (int i = 0; i != 10; ++i) {
    t.round(milliseconds(3));
    BOOST_TEST(t.stall(milliseconds(4)) == 2U);
  }
}

BOOST_AUTO_TEST_CASE(the_wait_that_counts_is_that_of_each_waiting_thread) {
  team t(5, 8);
  BOOST_TEST(t.stall(microseconds(600), 4) == 5U);  // 2.4 ms in all
  BOOST_TEST(t.stall(milliseconds(2), 4) == 4U);
}

BOOST_AUTO_TEST_CASE(a_smaller_team_is_the_least_that_carries_the_workers_as_evenly) {
  // 8 workers: 8 threads carry 1 each, 4 carry 2, 3 carry up to 3, 2 carry 4, 1 carries 8.
  team t(8, 8);
  for (std::size_t const next : {4U, 3U, 2U, 1U})
    BOOST_TEST(t.stall(milliseconds(4), 7) == next);
  BOOST_TEST(t.stall(milliseconds(4), 7) == 1U);
  BOOST_TEST(t.rounds_for(milliseconds(40)) == 8U);  // all at once
}

BOOST_AUTO_TEST_CASE(pauses_double_while_the_stalls_go_on_up_to_1280_ms) {
  team t(2, 8);
  for (int const ms : {20, 40, 80, 160, 320, 640, 1280, 1280}) {
    BOOST_TEST(t.stall(milliseconds(4)) == 1U);
    BOOST_TEST(t.rounds_for(milliseconds(ms - 1)) == 1U, ms);
    BOOST_TEST(t.rounds_for(milliseconds(2)) == 2U, ms);
  }
  t.rounds_for(milliseconds(1300));  // longer than the pause was: the machine was free again
  BOOST_TEST(t.stall(milliseconds(4)) == 1U);
  BOOST_TEST(t.rounds_for(milliseconds(21)) == 2U);
}
