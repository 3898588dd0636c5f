// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_gamma
#include "localsgd/loss/gamma.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::gamma_loss;

std::vector<double> const targets{0.25, 1, 7};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(gamma_loss{}, targets);
  support::check_derivatives(gamma_loss{3}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(gamma_loss{}, targets);
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_that_of_the_value) {
  support::check_conjugate(gamma_loss{}, targets, 1);
  support::check_conjugate(gamma_loss{3}, targets, 1);
}

BOOST_AUTO_TEST_CASE(the_dual_domain_ends_at_1) {
  support::check_projection(gamma_loss{}, targets);
  support::check_projection(gamma_loss{3}, targets);
}

// w = 1 − θ
BOOST_AUTO_TEST_CASE(the_conjugate_has_these_values) {
  gamma_loss const loss{std::exp(2.0)};
  auto const close = boost::test_tools::tolerance(1e-14);
  BOOST_TEST(loss.conjugate(1, 5) == 0);
  BOOST_TEST(loss.conjugate(0, 1) == -1.0, close);                // the minimum of φ is 1
  BOOST_TEST(loss.conjugate(0, std::exp(3.0)) == -4.0, close);    // and 1 + log y
  // w = 3κ, y = 1: q = 2, and 3κ·2 + κ(2 − 1)
  BOOST_TEST(loss.conjugate(1 - 3 * std::exp(2.0), 1) == 7 * std::exp(2.0), close);
}

BOOST_AUTO_TEST_CASE(the_loss_is_smallest_at_the_logarithm_of_the_target) {
  gamma_loss const loss;
  for (double const y : {1e-6, 0.5, 1.0, 2e9}) {
    BOOST_TEST(std::abs(loss.derivative(std::log(y), y)) <= 1e-14);  // e^(−log y) to rounding
    BOOST_TEST(std::abs(loss.value(std::log(y), y) - (1 + std::log(y))) <= 1e-13);
  }
}

// Σ (1 − y_i e⁻ᶻ) = 0 at eᶻ = Σ y_i/n.
BOOST_AUTO_TEST_CASE(a_constant_prediction_is_best_at_the_mean) {
  gamma_loss const loss;
  double const z = std::log((0.5 + 3 + 8.5) / 3);
  BOOST_TEST(std::abs(loss.derivative(z, 0.5) + loss.derivative(z, 3) + loss.derivative(z, 8.5)) <=
             1e-14);
}

BOOST_AUTO_TEST_CASE(the_loss_continues_as_a_parabola_beyond_its_largest_ratio) {
  gamma_loss const loss{4};
  double const corner = std::log(0.5) - std::log(4.0);  // there y e⁻ᶻ = 4
  BOOST_TEST(std::abs(loss.value(corner - 2, 0.5) - (corner - 2 + 4 * (1 + 2 + 2))) <= 1e-13);
  BOOST_TEST(std::abs(loss.derivative(corner - 2, 0.5) - (1 - 4 * (1 + 2))) <= 1e-13);
  BOOST_TEST(std::isfinite(loss.value(-1e100, 3)));  // e^(10^100) is not
  BOOST_TEST(std::isfinite(loss.derivative(-1e100, 3)));
}

BOOST_AUTO_TEST_CASE(the_units_of_targets_only_shift_predictions) {
  gamma_loss const loss;
  for (double const z : {-5.0, 0.0, 3.0})
    BOOST_TEST(loss.derivative(z + std::log(1000.0), 2000) == loss.derivative(z, 2),
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(targets_are_finite_and_positive) {
  BOOST_TEST((gamma_loss::accepts(1e-300) && gamma_loss::accepts(2.5)));
  for (double const y : {0.0, -1.0, support::not_a_number, support::infinity})
    BOOST_TEST(!gamma_loss::accepts(y));
}

BOOST_AUTO_TEST_CASE(the_largest_ratio_is_finite_and_positive) {
  support::check_positive_parameter("gamma_loss.max_ratio", [](double ratio) { gamma_loss{ratio}; });
}

BOOST_AUTO_TEST_CASE(a_block_of_amounts_is_right_to_rounding_on_both_sides_of_the_largest_ratio) {
  for (double const most : {0.5, 20.0, 1e6})
    support::check_blocks(gamma_loss{most}, {0.01, 1, 7e5}, [most](double z, double y) {
      double const u = std::max(0.0, std::log(y) - z - std::log(most));
      return 1 + std::abs(z) + std::min(most, y * std::exp(-z)) * (1 + u + u * u) * (1 + std::abs(z));
    });
}
