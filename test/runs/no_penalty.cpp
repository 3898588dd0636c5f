// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_no_penalty
#include <boost/test/unit_test.hpp>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "test/support/problems.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

// A tolerance cannot be proved without a penalty. Runs with one end when f no longer decreases.

namespace {

using namespace localsgd;

constexpr std::size_t n = 200, d = 6;

/// The last column equals the first one: the minimum is not unique.
dense_matrix<double> collinear_features() {
  dense_matrix<double> rows = support::random_features<double>(n, d, 3);
  for (std::size_t i = 0; i != n; ++i) rows(i, d - 1) = rows(i, 0);
  return rows;
}

template <class F>
double gradient_norm(F const& f, result<double> const& r) {
  std::vector<std::size_t> all(f.samples());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<double> g(f.dimension());
  f.gradient(std::span<double const>(r.x.data(), r.x.size()), all, g);
  return std::sqrt(std::inner_product(g.begin(), g.end(), g.begin(), 0.0));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_normal_equations_hold_at_the_answer) {
  dense_matrix<double> const rows = collinear_features();
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = std::sin(static_cast<double>(i));
  for (double const intercept : {0.0, 1.0}) {
    linear_objective const f(rows, y, squared{}, no_penalty{}, {.intercept = intercept});
    result const r = minimize(f, {.tolerance = 1e-9});
    BOOST_TEST((r.reason == stop_reason::stalled));
    BOOST_TEST(r.certificate == std::numeric_limits<double>::infinity());
    // f is a quadratic whose largest eigenvalue is about 1: this is its rounding error.
    BOOST_TEST(gradient_norm(f, r) < 1e-10);
  }
}

BOOST_AUTO_TEST_CASE(a_penalty_of_strength_0_gives_the_same_answer) {
  dense_matrix<double> const rows = collinear_features();
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = i % 3 == 0 ? 1 : -1;
  linear_objective const f(rows, y, logistic{}, no_penalty{});
  linear_objective const g(rows, y, logistic{}, l2{0});
  result const a = minimize(f, {.tolerance = 1e-9}), b = minimize(g, {.tolerance = 1e-9});
  BOOST_TEST(gradient_norm(f, a) < 1e-8);
  BOOST_TEST(a.objective == b.objective);
  BOOST_TEST((a.reason == b.reason));
}

BOOST_AUTO_TEST_CASE(separable_classes_have_no_minimum) {
  dense_matrix<double> const rows = collinear_features();
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = rows(i, 1) > 0 ? 1 : -1;
  linear_objective const f(rows, y, logistic{}, no_penalty{});
  BOOST_TEST((minimize(f, {.tolerance = 1e-6}).reason == stop_reason::no_minimum));
}
