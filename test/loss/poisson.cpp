// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_poisson
#include "localsgd/loss/poisson.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::poisson;

std::vector<double> const targets{0, 1, 7};

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(poisson{}, targets);
  support::check_derivatives(poisson{5}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(poisson{}, targets);
  support::check_lipschitz_constant(poisson{5}, targets);
}


BOOST_AUTO_TEST_CASE(the_conjugate_is_that_of_the_value) {
  support::check_conjugate(poisson{}, targets, 1);
  support::check_conjugate(poisson{5}, targets, 1);
}

// θ = −y is the slope at z = −∞; v = θ + y.
BOOST_AUTO_TEST_CASE(the_conjugate_has_these_values) {
  poisson const loss{std::exp(2.0)};
  auto const close = boost::test_tools::tolerance(1e-14);
  BOOST_TEST(loss.conjugate(-3, 3) == 0);
  BOOST_TEST(loss.conjugate(-4, 3) == 0);  // outside the domain, but rounding can lead there
  BOOST_TEST(loss.conjugate(1 - 3, 3) == -1.0, close);
  BOOST_TEST(std::abs(loss.conjugate(std::exp(1.0) - 3, 3)) <= 1e-15);
  BOOST_TEST(loss.conjugate(std::exp(2.0), 0) == std::exp(2.0), close);
  // v = 3ρ: w = 2, and 3ρ·2 + ρ(2 − 1)
  BOOST_TEST(loss.conjugate(3 * std::exp(2.0), 0) == 7 * std::exp(2.0), close);
}

BOOST_AUTO_TEST_CASE(the_dual_domain_begins_at_the_negative_count) {
  support::check_projection(poisson{}, targets);
  support::check_projection(poisson{5}, targets);
}

// The probability of at most m counts at a rate of 2m + 10: from i = m down, terms decrease by i/ρ < 1/2.
BOOST_AUTO_TEST_CASE(no_count_of_the_data_is_likely_at_a_rate_above_the_chosen_one) {
  for (double m = 0; m <= 500; m += 1) {
    double const rate = poisson{}.suited_to(m).max_rate();
    BOOST_TEST(rate == 2 * m + 10);
    double term = std::exp(m * std::log(rate) - rate - std::lgamma(m + 1)), probability = 0;
    for (double i = m; i >= 0; i -= 1) {
      probability += term;
      term *= i / rate;
    }
    BOOST_TEST(probability < 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(a_rate_that_is_given_does_not_depend_on_the_counts) {
  BOOST_TEST(poisson{7}.suited_to(1000).max_rate() == 7);
  BOOST_TEST(poisson{}.max_rate() == 100);
  BOOST_TEST(poisson{}.suited_to(1000).suited_to(3).max_rate() == 16);  // chosen again
  auto const e = support::error_of<localsgd::invalid_settings>([] { poisson{}.suited_to(1e308); });
  BOOST_TEST(e.field == "poisson.max_rate");
}

BOOST_AUTO_TEST_CASE(the_loss_is_smallest_at_the_logarithm_of_the_count) {
  poisson const loss;
  for (double const y : {1.0, 2.0, 50.0}) {
    double const z = std::log(y);
    BOOST_TEST(std::abs(loss.derivative(z, y)) <= 1e-15 * y * 8);  // e^(log y) = y to rounding
    BOOST_TEST(std::abs(loss.value(z, y) - (y - y * z)) <= 1e-15 * y * 8);
  }
}

BOOST_AUTO_TEST_CASE(the_loss_continues_as_a_parabola_beyond_its_largest_rate) {
  poisson const loss{4};
  double const corner = std::log(4.0);
  BOOST_TEST(std::abs(loss.value(corner + 2, 0) - 4 * (1 + 2 + 2)) <= 1e-14);
  BOOST_TEST(std::abs(loss.derivative(corner + 2, 0) - 4 * (1 + 2)) <= 1e-14);
  BOOST_TEST(std::isfinite(loss.value(1e100, 3)));
}

BOOST_AUTO_TEST_CASE(targets_are_finite_and_not_negative) {
  support::check_accepts_finite(&poisson::accepts);
  BOOST_TEST(!poisson::accepts(-1));
}

BOOST_AUTO_TEST_CASE(the_largest_rate_is_finite_and_positive) {
  support::check_positive_parameter("poisson.max_rate", [](double rate) { poisson{rate}; });
}

BOOST_AUTO_TEST_CASE(counts_far_above_the_largest_rate_are_refused) {
  std::vector<double> const few{0, 3, 200}, many{0, 3, 201};  // 100 + 10·10
  poisson{}.check_targets(few);
  auto const e = support::error_of<localsgd::invalid_settings>([&] { poisson{}.check_targets(many); });
  BOOST_TEST(e.field == "poisson.max_rate");
  BOOST_TEST(e.rule.find("201") != std::string::npos);
  poisson{200}.check_targets(many);
}

BOOST_AUTO_TEST_CASE(a_block_of_counts_is_right_to_rounding_on_both_sides_of_the_largest_rate) {
  for (double const rate : {0.5, 5.0, 1e6})
    support::check_blocks(poisson{rate}, {0, 1, 7}, [rate](double z, double y) {
      double const u = std::max(0.0, z - std::log(rate));
      return std::min(rate, std::exp(z)) * (1 + u + u * u) * (1 + std::abs(z)) + y * (1 + std::abs(z));
    });
}
