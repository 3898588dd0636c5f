// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_every
#include "localsgd/schedule/every.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>

#include "test/support/problems.hpp"

namespace {
using localsgd::every;
using localsgd::one_shot;
std::uint64_t const last = std::numeric_limits<std::uint64_t>::max();
}  // namespace

BOOST_AUTO_TEST_CASE(the_sync_times_are_the_multiples_of_the_gap) {
  for (std::uint64_t const h : {1U, 2U, 3U, 7U, 64U, 1000U})
    for (std::uint64_t t = 0; t != 3000; ++t) {
      std::uint64_t next = t + 1;
      while (next % h != 0) ++next;
      BOOST_TEST(every{h}.next(t) == next);
    }
}

BOOST_AUTO_TEST_CASE(a_sync_time_that_would_overflow_is_the_largest_number) {
  BOOST_TEST(every{last}.next(0) == last);
  BOOST_TEST(every{last}.next(1) == last);
  BOOST_TEST(every{last - 1}.next(last - 1) == last);
  BOOST_TEST(every{1000}.next(last - 1) == last);
  BOOST_TEST(every{1}.next(last - 1) == last);
}

BOOST_AUTO_TEST_CASE(a_gap_of_0_is_refused) {
  auto const e = support::error_of<localsgd::invalid_settings>([] { every{0}; });
  BOOST_TEST(e.field == "every.local_steps");
  BOOST_TEST(e.value == "0");
  BOOST_TEST(e.rule == ">= 1");
}

BOOST_AUTO_TEST_CASE(one_shot_has_no_sync_time_before_the_end) {
  for (std::uint64_t const t : {std::uint64_t{0}, std::uint64_t{1}, last - 1})
    BOOST_TEST(one_shot::next(t) == last);
}
