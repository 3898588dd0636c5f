// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dual_proximal_slope
#include "localsgd/worker/dual/proximal_slope.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"

namespace {

using namespace localsgd;
using detail::proximal_slope;

// The residual of z* + q·slope = center, over that at the start.
template <class L>
double left(L const& loss, double y, double q, double center, double start, double at) {
  return std::abs(at - center + q * loss.derivative(at, y)) /
         std::abs(start - center + q * loss.derivative(start, y));
}

}  // namespace

BOOST_AUTO_TEST_CASE(for_a_squared_loss_the_first_move_is_exact) {
  // φ' = z − y: z* = (center + q y)/(1 + q), and the slope there is (center − y)/(1 + q).
  for (double const q : {0.5, 1.0, 3.0, 1023.0})
    BOOST_TEST(proximal_slope(squared{}, 2.0, q, 10.0, -4.0) == 8 / (1 + q),
               boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(without_weight_the_slope_is_that_at_the_center) {
  logistic const loss;
  BOOST_TEST(proximal_slope(loss, 1.0, 0.0, 0.75, 0.75) == loss.derivative(0.75, 1));
}

BOOST_AUTO_TEST_CASE(a_proximal_point_beyond_the_kink_has_slope_zero) {
  // The squared hinge is flat where y z ≥ 1: a center there is its own proximal point.
  BOOST_TEST(proximal_slope(squared_hinge{}, 1.0, 7.0, 3.0, -5.0) == 0.0);
}

BOOST_AUTO_TEST_CASE(on_the_other_side_of_the_kink_it_solves_a_linear_equation) {
  // φ = max(0, 1 − z)²: z* − 2q(1 − z*) = center, so the slope is −2(1 − center)/(1 + 2q).
  double const q = 4, center = -3;
  BOOST_TEST(proximal_slope(squared_hinge{}, 1.0, q, center, 2.0) == -2 * (1 - center) / (1 + 2 * q),
             boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(the_slope_is_one_of_the_loss_for_any_weight) {
  logistic const loss;
  for (double const q : {1e-9, 1e-3, 1.0, 1e3, 1e6})
    for (double const start : {-30.0, 0.0, 2.0}) {
      double const center = start + q * 0.25, slope = proximal_slope(loss, -1.0, q, center, start);
      BOOST_TEST(slope > 0);
      BOOST_TEST(slope < 1);
      // φ'(z) = 1/(1 + e^−z) for y = −1.
      double const at = std::log(slope / (1 - slope));
      BOOST_TEST(left(loss, -1.0, q, center, start, at) < 2e-3);
    }
}
