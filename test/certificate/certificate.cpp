// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_certificate
#include "localsgd/certificate/certificate.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::certificate;
using support::at;
using support::infinity;

template <class F>
double certificate_at(F const& f, std::vector<double> const& x) {
  return certificate(std::pow(support::norm(at(f, x).gradient), 2), f.strong_convexity());
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_certificate_is_the_squared_gradient_over_twice_mu) {
  BOOST_TEST(certificate(8, 2) == 2 * (1 + 1e-12));  // rounded up, on purpose
  BOOST_TEST(certificate(0, 2) == 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_certified_without_strong_convexity_or_a_finite_gradient) {
  for (double const mu : {0.0, -1.0, support::not_a_number})
    BOOST_TEST(certificate(1, mu) == infinity);
  BOOST_TEST(certificate(0, 0) == infinity);
  BOOST_TEST(certificate(infinity, 1) == infinity);
  BOOST_TEST(certificate(support::not_a_number, 1) == infinity);
}

BOOST_AUTO_TEST_CASE(the_certificate_bounds_the_gap_of_ridge_regression) {
  localsgd::dense_matrix<double> const a{{1, 2}, {3, 1}, {-1, 0.5}, {0, 1}};
  std::vector<double> const y{1, 2, -1, 3};
  double const lambda = 0.25;
  localsgd::linear_objective const f(a, y, localsgd::squared{}, localsgd::l2{lambda});
  // Cramer's rule for ((1/n) AᵀA + λI) x = (1/n) Aᵀy.
  double h00 = lambda, h01 = 0, h11 = lambda, r0 = 0, r1 = 0;
  for (std::size_t i = 0; i != 4; ++i) {
    h00 += a(i, 0) * a(i, 0) / 4, h01 += a(i, 0) * a(i, 1) / 4, h11 += a(i, 1) * a(i, 1) / 4;
    r0 += a(i, 0) * y[i] / 4, r1 += a(i, 1) * y[i] / 4;
  }
  double const determinant = h00 * h11 - h01 * h01;
  std::vector<double> const best{(r0 * h11 - r1 * h01) / determinant,
                                 (h00 * r1 - h01 * r0) / determinant};
  BOOST_TEST(support::norm(at(f, best).gradient) <= 1e-14);  // of numbers of size 1
  BOOST_TEST(certificate_at(f, best) <= 1e-27);
  double const minimum = at(f, best).value;
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    auto const x = support::random_point(2, seed);
    double const gap = at(f, x).value - minimum;
    BOOST_TEST(gap > 0);
    BOOST_TEST(certificate_at(f, x) >= gap);
    // ‖∇f‖² <= 2L(f − f*): no looser than the condition number.
    BOOST_TEST(certificate_at(f, x) <= gap * f.smoothness() / lambda * (1 + 1e-6));
  }
}

BOOST_AUTO_TEST_CASE(the_certificate_bounds_the_gap_of_quadratics) {
  localsgd::quadratic const f({.spectrum = {0.5, 3, 8}, .minimum = -2});
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    auto const x = support::random_point(3, seed);
    BOOST_TEST(certificate_at(f, x) >= at(f, x).value + 2);
  }
}

BOOST_AUTO_TEST_CASE(the_certificate_is_the_gap_where_all_directions_are_alike) {
  localsgd::quadratic const f({.spectrum = {3, 3, 3}, .minimum = -2});
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    auto const x = support::random_point(3, seed);
    // Of the tolerance 1e-12 is on purpose: the certificate is rounded up by that.
    BOOST_TEST(certificate_at(f, x) == at(f, x).value + 2, boost::test_tools::tolerance(2e-12));
  }
}

BOOST_AUTO_TEST_CASE(no_penalty_no_certificate) {
  localsgd::dense_matrix<double> const a{{1, 2}, {3, 1}};
  std::vector<double> const y{1, -1};
  localsgd::linear_objective const f(a, y, localsgd::logistic{}, localsgd::l2{});
  BOOST_TEST(certificate_at(f, {0, 0}) == infinity);
}
