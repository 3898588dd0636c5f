// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_stable_step
#include "localsgd/objective/stable_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>

namespace {

using localsgd::detail::curvature_bounds;
using localsgd::detail::stable_step;

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(a_smooth_mean_alone_allows_a_quarter_of_1_over_l) {
  BOOST_TEST(stable_step({.smoothness = 2}, 1) == 0.125);
  BOOST_TEST(stable_step({.smoothness = 2, .typical = 2, .largest = 2}, 100) == 0.125);
}

BOOST_AUTO_TEST_CASE(the_worst_sample_allows_half_of_1_over_its_curvature) {
  BOOST_TEST(stable_step({.smoothness = 1, .largest = 8}, 1) == 1.0 / 16);
  // In a batch of 7 its curvature is 1 + 7/7.
  BOOST_TEST(stable_step({.smoothness = 1, .largest = 8}, 7) == 0.25);
}

BOOST_AUTO_TEST_CASE(with_lipschitz_losss_four_times_the_step_of_a_typical_sample_is_allowed) {
  curvature_bounds const c{.smoothness = 1, .typical = 32, .largest = 1e9, .lipschitz_loss = true};
  BOOST_TEST(stable_step(c, 1) == 4.0 / 32);
  BOOST_TEST(stable_step(c, 31) == 0.25);  // 1 + 31/31 = 2, and 4/2 is more than 1/4
}

BOOST_AUTO_TEST_CASE(larger_batches_never_make_the_step_smaller) {
  for (bool const bounded : {false, true}) {
    curvature_bounds const c{
        .smoothness = 3, .typical = 50, .largest = 100, .lipschitz_loss = bounded};
    double before = 0;
    for (std::size_t b = 1; b < 1000; b = 3 * b + 1) {
      double const now = stable_step(c, b);
      BOOST_TEST(now >= before);
      BOOST_TEST(now <= 1 / (4 * c.smoothness));
      before = now;
    }
  }
}

BOOST_AUTO_TEST_CASE(a_step_is_positive_and_finite_whatever_the_curvature) {
  BOOST_TEST(stable_step({}, 1) == 1.0);
  double const least = std::numeric_limits<double>::denorm_min();  // stable up to L = 2^1073
  BOOST_TEST(stable_step({.smoothness = infinity}, 1) == least);
  BOOST_TEST(stable_step({.smoothness = 1, .largest = infinity}, 1) == least);
  BOOST_TEST(stable_step({.smoothness = std::numeric_limits<double>::max()}, 1) == least);
  BOOST_TEST(stable_step({.smoothness = std::numeric_limits<double>::quiet_NaN()}, 1) == 1.0);
}

BOOST_AUTO_TEST_CASE(a_curvature_without_an_inverse_makes_a_finite_step) {
  for (double const l : {1e-309, 5e-324}) {
    double const step = localsgd::detail::stable_step({l, l, l}, 1);
    BOOST_TEST(step > 1e300);
    BOOST_TEST(std::isfinite(step));
  }
}
