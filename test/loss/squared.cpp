// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_squared
#include "localsgd/loss/squared.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::squared;

std::vector<double> const targets{-2.5, 0, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(squared{}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(squared{}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(squared{}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(squared{}, targets);
}


BOOST_AUTO_TEST_CASE(the_loss_is_half_the_square_of_the_error) {
  BOOST_TEST(squared::value(5, 2) == 4.5);
  BOOST_TEST(squared::derivative(5, 2) == 3);
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_a_parabola) {
  BOOST_TEST(squared::conjugate(3, 2) == 10.5);  // 9/2 + 3·2
}

BOOST_AUTO_TEST_CASE(targets_are_finite) {
  support::check_accepts_finite(&squared::accepts);
  BOOST_TEST(squared::accepts(-1));
}
