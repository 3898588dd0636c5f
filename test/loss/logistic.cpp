// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_logistic
#include "localsgd/loss/logistic.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::logistic;

std::vector<double> const targets{-1, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(logistic{}, targets);
}


BOOST_AUTO_TEST_CASE(the_conjugate_at_the_ends_and_in_the_middle_of_its_domain) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::conjugate(0, y) == 0);
    BOOST_TEST(logistic::conjugate(-y, y) == 0);
    BOOST_TEST(logistic::conjugate(-y / 2, y) == -std::numbers::ln2);
  }
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_exact_near_the_ends_of_its_domain) {
  // a log a + (1 − a) log(1 − a) = a (log a − 1) + a²/2 + …, the same for 1 − a.
  for (double const a : {0x1p-30, 0x1p-40, 0x1p-52}) {
    double const expected = a * (std::log(a) - 1) + a * a / 2;
    auto const near = boost::test_tools::tolerance(1e-14);
    BOOST_TEST(logistic::conjugate(-a, 1) == expected, near);
    BOOST_TEST(logistic::conjugate(-(1 - a), 1) == expected, near);
    BOOST_TEST(logistic::conjugate(1 - a, -1) == expected, near);
  }
  BOOST_TEST(logistic::conjugate(-1e-300, 1) == 1e-300 * (std::log(1e-300) - 1),
             boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_loss_is_log_2_at_a_prediction_of_0) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::value(0, y) == std::numbers::ln2);
    BOOST_TEST(logistic::derivative(0, y) == -y / 2);
  }
}

BOOST_AUTO_TEST_CASE(the_losses_of_both_targets_differ_by_the_prediction) {
  for (double const z : support::predictions())  // log(1 + eᶻ) − log(1 + e⁻ᶻ) = z
    BOOST_TEST(std::abs(logistic::value(z, -1) - logistic::value(z, 1) - z) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(nothing_overflows) {
  BOOST_TEST(logistic::value(1000, -1) == 1000);
  BOOST_TEST(logistic::value(1000, 1) == 0);
  BOOST_TEST(logistic::derivative(1000, -1) == 1);
  BOOST_TEST(logistic::derivative(1000, 1) == 0);
  BOOST_TEST(logistic::value(-1e308, 1) == 1e308);
  BOOST_TEST(logistic::value(40, 1) == std::exp(-40));  // log(1 + e) = e where e is tiny
}

BOOST_AUTO_TEST_CASE(targets_are_minus_1_and_1) {
  support::check_accepts_signs(&logistic::accepts);
}
