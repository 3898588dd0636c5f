// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_smoothed_hinge
#include "localsgd/loss/smoothed_hinge.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::smoothed_hinge;

std::vector<double> const targets{-1, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(smoothed_hinge{}, targets);
  support::check_derivatives(smoothed_hinge{0.25}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(smoothed_hinge{}, targets);
  support::check_lipschitz_constant(smoothed_hinge{0.25}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(smoothed_hinge{}, targets);
  support::check_conjugate(smoothed_hinge{0.25}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(smoothed_hinge{}, targets);
  support::check_projection(smoothed_hinge{0.25}, targets);
}


BOOST_AUTO_TEST_CASE(the_kink_is_a_parabola) {
  smoothed_hinge const loss{0.5};
  BOOST_TEST(loss.value(1, 1) == 0);
  BOOST_TEST(loss.value(0.75, 1) == 0.0625);  // 0.25²/(2·0.5)
  BOOST_TEST(loss.value(0.5, 1) == 0.25);     // both formulas give γ/2 here
  BOOST_TEST(loss.value(-1, 1) == 1.75);      // 2 − γ/2
  BOOST_TEST(loss.derivative(0.75, 1) == -0.5);
  BOOST_TEST(loss.derivative(-1, 1) == -1);
}

BOOST_AUTO_TEST_CASE(the_loss_is_within_half_its_width_of_the_hinge) {
  smoothed_hinge const loss{1e-3};
  for (double const z : support::predictions()) {
    double const hinge = std::max(0.0, 1 - z);
    BOOST_TEST(loss.value(z, 1) <= hinge);
    BOOST_TEST(loss.value(z, 1) >= hinge - 0.5e-3);
  }
}

BOOST_AUTO_TEST_CASE(the_conjugate_at_the_ends_of_its_domain) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(smoothed_hinge{0.5}.conjugate(0, y) == 0);
    BOOST_TEST(smoothed_hinge{0.5}.conjugate(-y, y) == -0.75);  // γ/2 − 1
  }
}

BOOST_AUTO_TEST_CASE(targets_are_minus_1_and_1) {
  support::check_accepts_signs(&smoothed_hinge::accepts);
}

BOOST_AUTO_TEST_CASE(the_width_is_finite_and_positive) {
  support::check_positive_parameter("smoothed_hinge.gamma", [](double g) { smoothed_hinge{g}; });
}
