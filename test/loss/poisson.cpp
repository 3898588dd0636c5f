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


BOOST_AUTO_TEST_CASE(there_is_no_conjugate) {
  BOOST_TEST(!localsgd::detail::knows_conjugate<poisson>);
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
