// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE iterate_weights_quadratic_weights
#include "localsgd/iterate_weights/quadratic_weights.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "test/support/problems.hpp"

using localsgd::iterate_weight;
using localsgd::quadratic_weights;

BOOST_AUTO_TEST_CASE(weights_are_the_squares_of_a_plus_t) {
  BOOST_TEST(quadratic_weights{0}.weight(0) == 0);
  BOOST_TEST(quadratic_weights{}.weight(0) == 1);
  BOOST_TEST(quadratic_weights{2.5}.weight(3) == 30.25);
  BOOST_TEST(iterate_weight(2.5, 3) == 30.25);
  BOOST_TEST(quadratic_weights{2.5}.shift() == 2.5);
}

BOOST_AUTO_TEST_CASE(the_sum_of_the_weights_has_a_closed_form) {
  for (double const a : {0.0, 1.0, 0.5, 1000.0}) {
    quadratic_weights const w{a};
    double sum = 0;
    for (std::uint64_t steps = 0; steps != 3000; ++steps) {
      // All numbers are multiples of 1/4 below 2⁵³/4, so the sum is exact; the formula rounds.
      BOOST_TEST(w.sum(steps) == sum, boost::test_tools::tolerance(1e-14));
      sum += w.weight(steps);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_identity_tells_shifts_apart) {
  BOOST_TEST(quadratic_weights{}.identity() == "quadratic_weights(1)");
  BOOST_TEST(quadratic_weights{2.5}.identity() == "quadratic_weights(2.5)");
  BOOST_TEST(quadratic_weights{1}.identity() != quadratic_weights{1 + 1e-15}.identity());
}

BOOST_AUTO_TEST_CASE(the_shift_is_finite_and_not_negative) {
  for (double const bad : {-1.0, -1e-300, support::not_a_number, support::infinity})
    BOOST_TEST(support::error_of<localsgd::invalid_settings>([&] {
                 quadratic_weights{bad};
               }).field == "quadratic_weights.shift");
}
