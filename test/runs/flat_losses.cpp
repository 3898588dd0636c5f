// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_flat_losses
#include "localsgd/localsgd.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

// Whole runs where most samples have no curvature, or not even a slope.

using namespace localsgd;

BOOST_AUTO_TEST_CASE(a_hinge_of_one_sample_with_l1_is_minimised_from_beyond_its_margin) {
  // F(x) = φ(ax, 1) + λx, a, x > 0. F' = 0 where φ' = −λ/a, at ax = 1 − γλ/a: F* = λ/a − γ(λ/a)²/2.
  // The first steps go beyond the margin, where only the penalty has a slope.
  for (double const a : {2.0, 1000.0})
    for (double const gamma : {1e-3, 0.1, 1.0})
      for (double const lambda : {1e-4, 1e-2, 1.0})
        for (std::size_t const k : {1U, 8U}) {
          dense_matrix<double> const rows(std::array<std::size_t, 2>{1, 1}, a);
          std::vector<double> const y{1};
          linear_objective const f(rows, y, smoothed_hinge{gamma}, l1{lambda});
          auto const r = minimize(f, {.workers = k, .tolerance = 1e-6}, serial{});
          double const slope = lambda / a, least = slope - gamma * slope * slope / 2;
          BOOST_TEST_CONTEXT("a = " << a << ", gamma = " << gamma << ", lambda = " << lambda) {
            BOOST_TEST((r.reason == stop_reason::tolerance_reached));
            BOOST_TEST(r.certificate >= (r.objective - least) * (1 - 1e-9) - 1e-16);
            BOOST_TEST(r.objective <= least + 1e-6);
          }
        }
}

BOOST_AUTO_TEST_CASE(a_separable_line_with_l1_is_minimised_to_the_tolerance) {
  // All a_i y_i > 0, so F = λ|x| beyond the largest margin.
  std::size_t const n = 2000;
  dense_matrix<double> rows(std::array<std::size_t, 2>{n, 1}, 0.0);
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) {
    y[i] = i % 2 == 0 ? 1 : -1;
    rows(i, 0) = y[i] * (1 + static_cast<double>(i) / n);
  }
  linear_objective const f(rows, y, smoothed_hinge{0.01}, l1{1e-4});
  auto const r = minimize(f, {.tolerance = 1e-8}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
}

BOOST_AUTO_TEST_CASE(a_free_intercept_of_rows_of_zeros_stays_of_the_order_of_the_margin) {
  // F = φ(b, 1): 0, its minimum, from b = 1 on. Steps towards it are equally long until then.
  for (double const gamma : {1e-3, 0.01, 0.1, 1.0})
    for (std::size_t const k : {1U, 4U, 8U}) {
      dense_matrix<double> const rows(std::array<std::size_t, 2>{2, 1}, 0.0);
      std::vector<double> const y{1, 1};
      linear_objective const f(rows, y, smoothed_hinge{gamma}, l2{1}, {.intercept = 1});
      auto const r = minimize(f, {.workers = k, .tolerance = 1e-9}, serial{});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.objective <= 1e-9);
      BOOST_TEST(std::abs(r.x(1)) < 100);
    }
}
