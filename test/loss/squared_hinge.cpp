// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_squared_hinge
#include "localsgd/loss/squared_hinge.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::squared_hinge;

std::vector<double> const targets{-1, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(squared_hinge{}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(squared_hinge{}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(squared_hinge{}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(squared_hinge{}, targets);
}


BOOST_AUTO_TEST_CASE(the_loss_is_zero_beyond_the_margin) {
  BOOST_TEST(squared_hinge::value(1, 1) == 0);
  BOOST_TEST(squared_hinge::derivative(3, 1) == 0);
  BOOST_TEST(squared_hinge::value(-1, 1) == 4);
  BOOST_TEST(squared_hinge::derivative(-1, 1) == -4);
  BOOST_TEST(squared_hinge::derivative(1, -1) == 4);
}

BOOST_AUTO_TEST_CASE(the_conjugate_at_the_end_of_its_domain_and_at_its_minimum) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(squared_hinge::conjugate(0, y) == 0);
    BOOST_TEST(squared_hinge::conjugate(-2 * y, y) == -1);  // smallest: −φ(0)
  }
}

BOOST_AUTO_TEST_CASE(targets_are_minus_1_and_1) {
  support::check_accepts_signs(&squared_hinge::accepts);
}
