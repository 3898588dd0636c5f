// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_growing
#include "localsgd/schedule/growing.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "localsgd/schedule/every.hpp"
#include "test/support/problems.hpp"

namespace {
using localsgd::growing;
using localsgd::invalid_settings;
std::uint64_t const largest = std::uint64_t{1} << 31;
}  // namespace

BOOST_AUTO_TEST_CASE(the_sync_times_are_the_sums_of_the_gaps) {
  for (std::uint64_t const first : {1U, 2U, 5U, 1000U})
    for (std::uint64_t const increment : {0U, 1U, 3U, 100U, 5000U}) {
      growing const schedule(first, increment);
      std::uint64_t sync = 0, gap = first, wrong = 0;
      for (std::uint64_t t = 0; t <= 100000; ++t) {
        if (t == sync) {
          sync += gap;
          gap += increment;
        }
        wrong += schedule.next(t) != sync;
      }
      BOOST_TEST(wrong == 0U, "first " << first << ", increment " << increment);
    }
}

BOOST_AUTO_TEST_CASE(the_increment_is_1_unless_given) {
  for (std::uint64_t t = 0; t != 100; ++t) BOOST_TEST(growing(4).next(t) == growing(4, 1).next(t));
}

BOOST_AUTO_TEST_CASE(no_increment_is_every) {
  for (std::uint64_t t = 0; t != 1000; ++t)
    BOOST_TEST(growing(7, 0).next(t) == localsgd::every{7}.next(t));
}

// Up to the largest number of steps a run may have, where double precision ends.
BOOST_AUTO_TEST_CASE(sync_times_near_2_to_the_53_are_exact) {
  for (std::uint64_t const first : {std::uint64_t{1}, std::uint64_t{1000}, largest})
    for (std::uint64_t const increment : {std::uint64_t{1}, std::uint64_t{17}, largest}) {
      __extension__ using wide = unsigned __int128;
      auto const exact = [&](wide i) { return i * first + i * (i - 1) / 2 * increment; };
      auto const time = [&](wide i) { return static_cast<std::uint64_t>(exact(i)); };
      wide low = 1, high = wide{1} << 27;  // the first i past 2⁵³ − 2²⁰
      while (low != high) {
        wide const middle = (low + high) / 2;
        if (exact(middle) < (wide{1} << 53) - (1U << 20))
          low = middle + 1;
        else
          high = middle;
      }
      growing const schedule(first, increment);
      BOOST_TEST(schedule.next(time(low) - 1) == time(low));
      BOOST_TEST(schedule.next(time(low)) == time(low + 1));
      BOOST_TEST(schedule.next(time(low - 1)) == time(low));
    }
}

BOOST_AUTO_TEST_CASE(gaps_out_of_range_are_refused) {
  auto const refused = [](std::uint64_t first, std::uint64_t increment) {
    return support::error_of<invalid_settings>([&] { growing(first, increment); }).field;
  };
  BOOST_TEST(refused(0, 1) == "growing.first");
  BOOST_TEST(refused(largest + 1, 1) == "growing.first");
  BOOST_TEST(refused(1, largest + 1) == "growing.increment");
  BOOST_TEST(growing(largest, largest).next(0) == largest);
}

BOOST_AUTO_TEST_CASE(in_rounds_makes_exactly_as_many_rounds) {
  for (std::uint64_t steps = 1; steps != 90; ++steps)
    for (std::uint64_t rounds = 1; rounds <= steps; ++rounds) {
      growing const schedule = growing::in_rounds(rounds, steps);
      std::uint64_t t = 0, count = 0, gap = 0, wrong = 0;
      while (t < steps) {
        std::uint64_t const next = schedule.next(t);
        ++count;
        // i + ⌈(T − R)·i(i − 1)/(R(R − 1))⌉
        std::uint64_t const r = rounds * (rounds - 1);
        wrong += r != 0 && next != count + ((steps - rounds) * count * (count - 1) + r - 1) / r;
        wrong += next - t + 1 < gap;  // gaps grow, up to the rounding
        for (std::uint64_t between = t; between != next; ++between)
          wrong += schedule.next(between) != next;
        gap = next - t;
        t = next;
      }
      BOOST_TEST((t == steps && count == rounds && wrong == 0), rounds << " rounds of " << steps);
    }
}

BOOST_AUTO_TEST_CASE(in_rounds_is_exact_up_to_the_largest_runs) {
  std::uint64_t const longest = std::uint64_t{1} << 53;
  auto const rounds_of = [](growing const& schedule, std::uint64_t steps) {
    std::uint64_t rounds = 0;
    for (std::uint64_t t = 0; t < steps; ++rounds) t = schedule.next(t);
    return rounds;
  };
  for (std::uint64_t const steps : {longest, longest - 1, std::uint64_t{1000003}})
    for (std::uint64_t const rounds : {1U, 2U, 3U, 64U, 1000U, 99991U}) {
      growing const schedule = growing::in_rounds(rounds, steps);
      BOOST_TEST(rounds_of(schedule, steps) == rounds);
      BOOST_TEST(schedule.next(steps - 1) == steps);
    }
  // With 2^31 rounds, only their ends.
  for (std::uint64_t const steps : {longest, largest, largest + 1, largest + 1000}) {
    growing const schedule = growing::in_rounds(largest, steps);
    BOOST_TEST(schedule.next(0) == 1U);
    BOOST_TEST(schedule.next(steps - 1) == steps);
  }
}

BOOST_AUTO_TEST_CASE(in_as_many_rounds_as_steps_is_every_step_and_in_one_is_one_shot) {
  for (std::uint64_t t = 0; t != 100; ++t) {
    BOOST_TEST(growing::in_rounds(100, 100).next(t) == t + 1);
    BOOST_TEST(growing::in_rounds(1, 100).next(t) == 100U);
  }
}

BOOST_AUTO_TEST_CASE(rounds_out_of_range_are_refused) {
  auto const refused = [](std::uint64_t rounds, std::uint64_t steps) {
    return support::error_of<invalid_settings>([&] { growing::in_rounds(rounds, steps); }).field;
  };
  BOOST_TEST(refused(0, 10) == "growing.rounds");
  BOOST_TEST(refused(11, 10) == "growing.rounds");
  BOOST_TEST(refused(largest + 1, std::uint64_t{1} << 40) == "growing.rounds");
  BOOST_TEST(refused(1, 0) == "growing.steps");
  BOOST_TEST(refused(1, (std::uint64_t{1} << 53) + 1) == "growing.steps");
}
