// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_at_steps
#include "localsgd/schedule/at_steps.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "localsgd/minimize.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/schedule/post_local.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/problems.hpp"

namespace {
using localsgd::at_steps;
using times = std::vector<std::uint64_t>;
std::uint64_t const never = std::numeric_limits<std::uint64_t>::max();
}  // namespace

BOOST_AUTO_TEST_CASE(the_next_sync_time_is_the_first_one_above_t) {
  at_steps const schedule(times{1, 4, 5, 50});
  for (auto const& [t, next] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 1}, {1, 4}, {2, 4}, {3, 4}, {4, 5}, {5, 50}, {49, 50}, {50, never}, {never, never}})
    BOOST_TEST(schedule.next(t) == next);
}

BOOST_AUTO_TEST_CASE(no_sync_times_are_one_round) {
  BOOST_TEST(at_steps(times{}).next(0) == never);
}

BOOST_AUTO_TEST_CASE(a_run_has_the_bits_of_the_schedule_with_the_same_sync_times) {
  localsgd::quadratic const f({.spectrum = {1, 2, 4}, .samples = 40, .variance = 1});
  localsgd::settings const s{.workers = 3, .steps = 10, .evaluations = 2};
  localsgd::serial one;
  localsgd::constant_step const step(1e-2);
  auto const listed = localsgd::minimize(f, s, one, step, at_steps(times{1, 2, 3, 7, 11, 15}));
  auto const rule = localsgd::minimize(f, s, one, step, localsgd::post_local(3, 4));
  BOOST_TEST(listed.rounds == 5U);  // at 1, 2, 3, 7 and at the end, 10
  BOOST_TEST(listed.rounds == rule.rounds);
  BOOST_TEST(listed.x == rule.x);
}

BOOST_AUTO_TEST_CASE(sync_times_that_do_not_increase_are_refused_with_their_place) {
  auto const zero = support::error_of<localsgd::invalid_settings>([] { at_steps(times{0, 3}); });
  BOOST_TEST(zero.field == "at_steps.sync_times[0]");
  BOOST_TEST(zero.value == "0");
  auto const again =
      support::error_of<localsgd::invalid_settings>([] { at_steps(times{2, 9, 9, 12}); });
  BOOST_TEST(again.field == "at_steps.sync_times[2]");
  BOOST_TEST(again.value == "9");
}
