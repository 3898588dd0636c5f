// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_smoothed_quantile
#include "localsgd/loss/smoothed_quantile.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::smoothed_quantile;

std::vector<double> const targets{-2.5, 0, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(smoothed_quantile{}, targets);
  support::check_derivatives(smoothed_quantile{0.125, 2}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(smoothed_quantile{}, targets);
  support::check_lipschitz_constant(smoothed_quantile{0.125, 2}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(smoothed_quantile{}, targets);
  support::check_conjugate(smoothed_quantile{0.125, 2}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(smoothed_quantile{}, targets);
  support::check_projection(smoothed_quantile{0.125, 2}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_is_squared_near_the_target_and_has_a_slope_on_each_side) {
  smoothed_quantile const loss{0.25, 4};  // squared for −1 ≤ r ≤ 3
  BOOST_TEST(loss.value(3, 1) == 0.5);    // 2²/(2·4)
  BOOST_TEST(loss.value(4, 1) == 1.125);  // 3²/8, and 3/4·3 − 2·(3/4)²
  BOOST_TEST(loss.value(0, 1) == 0.125);  // 1/8, and 1/4·1 − 2·(1/4)²
  BOOST_TEST(loss.value(11, 1) == 6.375);  // 3/4·10 − 9/8
  BOOST_TEST(loss.value(-9, 1) == 2.375);  // 1/4·10 − 1/8
  BOOST_TEST(loss.derivative(11, 1) == 0.75);
  BOOST_TEST(loss.derivative(-9, 1) == -0.25);
  BOOST_TEST(loss.derivative(3, 1) == 0.5);
}

BOOST_AUTO_TEST_CASE(the_loss_is_below_the_pinball_loss_by_no_more_than_the_bound) {
  for (double const tau : {0.125, 0.5, 0.75}) {
    smoothed_quantile const loss{tau, 0.25};
    double const bound = 0.125 * std::pow(std::max(tau, 1 - tau), 2);
    for (double const z : support::predictions()) {
      double const pinball = std::max(-tau * (z - 1), (1 - tau) * (z - 1));
      // Rounding is relative to the value.
      double const rounding = 4 * std::numeric_limits<double>::epsilon() * pinball;
      BOOST_TEST(loss.value(z, 1) <= pinball + rounding);
      BOOST_TEST(loss.value(z, 1) >= pinball - bound - rounding);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_constant_that_minimises_the_mean_is_a_quantile) {
  // The targets 1 … 8. At z = 2.5 a fraction of 1/4 is below; the derivatives there cancel, since
  // no target is within γ: 2·3/4 − 6·1/4 = 0.
  smoothed_quantile const loss{0.25, 0.5};
  double sum = 0;
  for (double y = 1; y <= 8; ++y) sum += loss.derivative(2.5, y);
  BOOST_TEST(sum == 0);
}

BOOST_AUTO_TEST_CASE(targets_are_finite) {
  support::check_accepts_finite(&smoothed_quantile::accepts);
  BOOST_TEST(smoothed_quantile::accepts(-1));
}

BOOST_AUTO_TEST_CASE(tau_is_inside_0_and_1_and_gamma_positive) {
  for (double const tau : {0.0, 1.0, -0.5, 2.0, std::nan("")}) {
    BOOST_TEST_CONTEXT("tau = " << tau)
    BOOST_CHECK_EXCEPTION(
        smoothed_quantile{tau}, localsgd::invalid_settings,
        [](auto const& e) { return e.field == "smoothed_quantile.tau"; });
  }
  support::check_positive_parameter("smoothed_quantile.gamma",
                                    [](double g) { smoothed_quantile(0.5, g); });
}
