// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_post_local
#include "localsgd/schedule/post_local.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>

#include "localsgd/schedule/every.hpp"
#include "test/support/problems.hpp"

namespace {
using localsgd::every;
using localsgd::post_local;
std::uint64_t const last = std::numeric_limits<std::uint64_t>::max();
}  // namespace

BOOST_AUTO_TEST_CASE(gaps_are_1_up_to_the_switch_and_h_from_there_on) {
  for (std::uint64_t const switch_step : {1U, 2U, 50U, 77U})
    for (std::uint64_t const h : {1U, 2U, 16U}) {
      post_local const schedule(switch_step, h);
      std::uint64_t sync = 0;
      for (std::uint64_t t = 0; t != 1000; ++t) {
        if (t == sync) sync += t < switch_step ? 1 : h;
        BOOST_TEST(schedule.next(t) == sync);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_switch_at_0_is_every) {
  for (std::uint64_t t = 0; t != 100; ++t) BOOST_TEST(post_local(0, 7).next(t) == every{7}.next(t));
}

BOOST_AUTO_TEST_CASE(a_switch_that_never_comes_is_every_step) {
  for (std::uint64_t const t : {std::uint64_t{0}, std::uint64_t{99}, std::uint64_t{1} << 53})
    BOOST_TEST(post_local(last, 7).next(t) == t + 1);
}

BOOST_AUTO_TEST_CASE(a_sync_time_that_would_overflow_is_the_largest_number) {
  BOOST_TEST(post_local(100, last).next(99) == 100U);
  BOOST_TEST(post_local(100, last).next(100) == last);
  BOOST_TEST(post_local(0, 1000).next(last - 1) == last);
}

BOOST_AUTO_TEST_CASE(a_gap_of_0_is_refused) {
  auto const e = support::error_of<localsgd::invalid_settings>([] { post_local(5, 0); });
  BOOST_TEST(e.field == "post_local.local_steps");
  BOOST_TEST(e.value == "0");
}
