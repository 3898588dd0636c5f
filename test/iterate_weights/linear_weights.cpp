// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE iterate_weights_linear_weights
#include "localsgd/iterate_weights/linear_weights.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "test/support/problems.hpp"

using localsgd::linear_weights;

BOOST_AUTO_TEST_CASE(weights_are_a_plus_t) {
  BOOST_TEST(linear_weights{0}.weight(0) == 0);
  BOOST_TEST(linear_weights{}.weight(0) == 1);
  BOOST_TEST(linear_weights{2.5}.weight(3) == 5.5);
  BOOST_TEST(linear_weights{2.5}.shift() == 2.5);
}

BOOST_AUTO_TEST_CASE(the_sum_of_the_weights_has_a_closed_form) {
  for (double const a : {0.0, 1.0, 0.5, 1000.0}) {
    linear_weights const w{a};
    double sum = 0;
    for (std::uint64_t steps = 0; steps != 3000; ++steps) {
      BOOST_TEST(w.sum(steps) == sum);  // multiples of 1/2 below 2⁵³/2: both are exact
      sum += w.weight(steps);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_identity_tells_shifts_apart) {
  BOOST_TEST(linear_weights{}.identity() == "linear_weights(1)");
  BOOST_TEST(linear_weights{2.5}.identity() == "linear_weights(2.5)");
}

BOOST_AUTO_TEST_CASE(the_shift_is_finite_and_not_negative) {
  for (double const bad : {-1.0, -1e-300, support::not_a_number, support::infinity})
    BOOST_TEST(support::error_of<localsgd::invalid_settings>([&] {
                 linear_weights{bad};
               }).field == "linear_weights.shift");
}
