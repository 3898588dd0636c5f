// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_huber
#include "localsgd/loss/huber.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::huber;

std::vector<double> const targets{-2.5, 0, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(huber{}, targets);
  support::check_derivatives(huber{3}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(huber{}, targets);
  support::check_lipschitz_constant(huber{3}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(huber{}, targets);
  support::check_conjugate(huber{3}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(huber{}, targets);
  support::check_projection(huber{3}, targets);
}


BOOST_AUTO_TEST_CASE(the_loss_is_squared_near_the_target_and_linear_far_from_it) {
  huber const loss{2};
  BOOST_TEST(loss.value(4, 3) == 0.5);
  BOOST_TEST(loss.value(5, 3) == 2);    // both formulas give δ²/2 here
  BOOST_TEST(loss.value(-7, 3) == 18);  // 2·(10 − 1)
  BOOST_TEST(loss.derivative(-7, 3) == -2);
  BOOST_TEST(loss.derivative(4, 3) == 1);
}

BOOST_AUTO_TEST_CASE(the_conjugate_at_the_ends_of_its_domain) {
  BOOST_TEST(huber{2}.conjugate(-2, 3) == -4);  // 4/2 − 2·3
  BOOST_TEST(huber{2}.conjugate(2, 3) == 8);
}

BOOST_AUTO_TEST_CASE(targets_are_finite) {
  support::check_accepts_finite(&huber::accepts);
  BOOST_TEST(huber::accepts(-1));
}

BOOST_AUTO_TEST_CASE(delta_is_finite_and_positive) {
  support::check_positive_parameter("huber.delta", [](double d) { huber{d}; });
}
