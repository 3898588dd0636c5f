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
