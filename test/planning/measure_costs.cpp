// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_measure_costs
#include "localsgd/planning/measure_costs.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "localsgd/objective/quadratic.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"

BOOST_AUTO_TEST_CASE(a_repeated_time_is_measured_without_what_a_run_costs_once) {
  // A run of n takes 1 s and n/64 s.
  double const one = localsgd::detail::seconds_of_one(
      [](std::uint64_t n) { return 1 + static_cast<double>(n) / 64; }, 5);
  BOOST_TEST(one == 1.0 / 64);
  // A machine so busy that three times the work takes no longer: the mean, not nothing.
  BOOST_TEST(localsgd::detail::seconds_of_one([](std::uint64_t) { return 48.0; }, 5) ==
             48.0 / (3 * 16 * 8));
  // A clock that stands still.
  BOOST_TEST(localsgd::detail::seconds_of_one([](std::uint64_t) { return 0.0; }, 5) == 1e-12);
}

BOOST_AUTO_TEST_CASE(measured_costs_are_a_valid_model_of_the_synchronizer) {
  localsgd::quadratic const f({.spectrum = {1, 2, 3}, .samples = 10, .variance = 1});
  localsgd::serial alone;
  auto const of_one = localsgd::measure_costs(f, alone, 4);
  of_one.validate();
  BOOST_TEST(of_one.members == 1U);
  BOOST_TEST(!of_one.network.has_value());
  // Between what no machine can do and a millisecond for three coordinates.
  BOOST_TEST(of_one.gradient_seconds > 1e-10);
  BOOST_TEST(of_one.gradient_seconds < 1e-3);

  localsgd::thread_pool pool(2);
  auto const of_two = localsgd::measure_costs(f, pool, 4, 2);
  of_two.validate();
  BOOST_TEST(of_two.members == 2U);
}
