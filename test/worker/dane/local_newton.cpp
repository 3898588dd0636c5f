// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_local_newton
#include "localsgd/worker/dane/local_newton.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <span>
#include <vector>

using namespace localsgd::detail;

namespace {

/// ½(a y_0² + b y_1²) − y_0 − y_1 + c·y_0⁴
struct bowl {
  double a, b, c;
  double operator()(std::span<double const> y, std::span<double> g) const {
    g[0] = a * y[0] - 1 + 4 * c * y[0] * y[0] * y[0];
    g[1] = b * y[1] - 1;
    return (a * y[0] * y[0] + b * y[1] * y[1]) / 2 - y[0] - y[1] + c * std::pow(y[0], 4);
  }
  void hessian(std::span<double const> y, std::span<double> h) const {
    h[0] = a + 12 * c * y[0] * y[0];
    h[1] = 0;
    h[2] = b;
  }
};

/// √(1 + y²): a full Newton step from |y| > 1 diverges.
struct funnel {
  double operator()(std::span<double const> y, std::span<double> g) const {
    g[0] = y[0] / std::sqrt(1 + y[0] * y[0]);
    return std::sqrt(1 + y[0] * y[0]);
  }
  void hessian(std::span<double const> y, std::span<double> h) const {
    h[0] = std::pow(1 + y[0] * y[0], -1.5);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_quadratic_takes_one_hessian) {
  bowl s{2, 1e-3, 0};
  std::vector<double> y{5, -7};
  auto const work = minimise_by_newton(s, {1e-6, 20}, y);
  BOOST_TEST(work.hessians == 1u);
  BOOST_TEST(std::abs(y[0] - 0.5) < 1e-12);
  BOOST_TEST(std::abs(y[1] - 1000) < 1e-9);
}

BOOST_AUTO_TEST_CASE(it_ends_where_the_gradient_has_fallen_enough) {
  bowl s{1, 1, 1};
  std::vector<double> y{3, 0}, g(2);
  s(y, g);
  double const first = std::hypot(g[0], g[1]);
  auto const rough = minimise_by_newton(s, {0.1, 20}, y);
  s(y, g);
  BOOST_TEST(std::hypot(g[0], g[1]) <= 0.1 * first);
  auto const exact = minimise_by_newton(s, {1e-9, 20}, y);
  BOOST_TEST(rough.hessians > 0u);
  BOOST_TEST(exact.hessians > 0u);
}

BOOST_AUTO_TEST_CASE(damping_finds_the_way_where_a_full_step_rises) {
  funnel s;
  std::vector<double> y{5}, g(1);
  double const before = s(y, g);
  minimise_by_newton(s, {1e-8, 100}, y);
  BOOST_TEST(s(y, g) < before);
  BOOST_TEST(std::abs(y[0]) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_direction_without_curvature_is_no_obstacle) {
  bowl s{1, 0, 0};  // falls forever along the second coordinate
  std::vector<double> y{0, 0}, g(2);
  double const before = s(y, g);
  minimise_by_newton(s, {1e-6, 5}, y);
  BOOST_TEST(s(y, g) < before);
  BOOST_TEST(std::isfinite(y[1]));
}
