// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_row_rounding
#include "localsgd/evaluation/row_rounding.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::full_gradient;
using detail::row_rounding;

namespace {

struct measured {
  full_gradient::value value;
  double of_value, of_gradient, of_sum, of_duality_gap;  // the last of a gap of ½
};
template <class F>
measured measure(F const& f, std::vector<double> const& x, double lambda, std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 2, 1);
  full_gradient pass(f, p);
  row_rounding<F> rounding;
  measured out{};
  support::with_team(2, threads, [&](auto& team) {
    auto const value = pass(f, std::span<double const>(x), team);
    team.barrier();  // the sums are there
    std::vector<double> const sums(pass.totals().begin(), pass.totals().end());
    team.barrier();  // and read
    rounding.measure(f, pass, team);
    if (!team.leads()) return;
    BOOST_TEST(std::ranges::equal(pass.totals(), sums));  // a certificate may need them again
    auto const e = rounding.at(value, x, lambda);
    out = {value, e.value, e.gradient, e.sum, rounding.of_duality_gap(0.5, x)};
  });
  return out;
}

// Rows that nearly cancel at x: of the size of `scale`.
dense_matrix<double> rows(double scale) {
  dense_matrix<double> a(std::array<std::size_t, 2>{3, 2}, 0.0);
  double const entries[3][2] = {{71, 70}, {78, 77}, {76, 75}};
  for (std::size_t i = 0; i != 3; ++i)
    for (std::size_t j = 0; j != 2; ++j) a(i, j) = scale * entries[i][j] / 3;
  return a;
}
std::vector<double> const y{107, 106, 100};

}  // namespace

BOOST_AUTO_TEST_CASE(errors_of_cancellation_are_covered) {
  for (double const scale : {1.0, 1e3, 1e6}) {
    auto const a = rows(scale);
    linear_objective const f(a, y, squared{}, l2{0.01});
    for (double const length : {1.0, 1e4}) {
      std::vector<double> const x{length / 7, -length / 7 * 1.0123};
      auto const m = measure(f, x, 0.01);
      long double value = 0, g[2] = {0.01L * x[0], 0.01L * x[1]};
      for (std::size_t i = 0; i != 3; ++i) {
        long double const r = static_cast<long double>(a(i, 0)) * x[0] +
                              static_cast<long double>(a(i, 1)) * x[1] - y[i];
        value += r * r / 6;
        for (std::size_t j = 0; j != 2; ++j) g[j] += r * static_cast<long double>(a(i, j)) / 3;
      }
      value += 0.005L * (static_cast<long double>(x[0]) * x[0] +
                         static_cast<long double>(x[1]) * x[1]);
      double const ulps = 16 * std::numeric_limits<double>::epsilon() * m.value.objective;
      BOOST_TEST(std::abs(static_cast<double>(m.value.objective - value)) <= m.of_value + ulps);
      double const norm = std::sqrt(m.value.squared_gradient_norm);
      BOOST_TEST(std::abs(norm - static_cast<double>(std::sqrt(g[0] * g[0] + g[1] * g[1]))) <=
                 m.of_gradient);
      BOOST_TEST(m.of_gradient < 1e-9 * scale * scale * length);  // and not by far too much
    }
  }
}

BOOST_AUTO_TEST_CASE(the_formulas_hold_for_a_row_worked_out_by_hand) {
  // One row (3, 4), y = 0, x = (1, 0): z = 3 = θ, T = 9, R = 25, k = 2 + 3, P = B = 625, ‖x‖ = 1.
  dense_matrix<double> const a{{3, 4}, {3, 4}};
  std::vector<double> const zeros{0, 0};
  linear_objective const f(a, zeros, squared{}, l2{0.5});
  double const u = std::numeric_limits<double>::epsilon() / 2;
  auto const m = measure(f, {1, 0}, 0.5);
  BOOST_TEST(m.of_value == 2 * u * (3 * 25 + u / 2 * 625), boost::test_tools::tolerance(1e-12));
  // Two samples in two parts: chains of 1 + 2, and 64.
  BOOST_TEST(m.of_gradient == 2 * u * (5 * 25 + 67 * 0.5 + 67 * 3 * 5),
             boost::test_tools::tolerance(1e-12));
  // Without what the errors of the products change.
  BOOST_TEST(m.of_sum == 2 * u * (67 * 0.5 + 67 * 3 * 5), boost::test_tools::tolerance(1e-12));
  // β = 1, so the squared φ'(z) − θ has a mean of at most 2·½: √(1·P) and P.
  BOOST_TEST(m.of_duality_gap == 2 * u * (25 + u / 2 * 625), boost::test_tools::tolerance(1e-12));
  auto const at_0 = measure(f, {0, 0}, 0.5);
  BOOST_TEST(at_0.of_value == 0.0);
  BOOST_TEST(at_0.of_duality_gap == 0.0);
}

// z = 0·x + o of one row (0, 0), o = 3, y = 0, at x = 0: θ = 3, T = 9, R = 9, k = 2 + 3, P = B = 225,
// and the length of (x, 1) is 1.
BOOST_AUTO_TEST_CASE(an_offset_counts_like_a_feature_whose_coefficient_is_1) {
  dense_matrix<double> const a{{0, 0}, {0, 0}};
  std::vector<double> const zeros{0, 0}, offset{3, 3};
  linear_objective const f(a, zeros, squared{}, l2{0.5}, {.offset = offset});
  double const u = std::numeric_limits<double>::epsilon() / 2;
  auto const m = measure(f, {0, 0}, 0.5);
  BOOST_TEST(m.of_value == 2 * u * (3 * 15 + u / 2 * 225), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(m.of_gradient == 2 * u * (3 * 15 + 67 * 0.5 + 67 * 3 * 3),
             boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_measures_the_same) {
  auto const a = rows(1);
  linear_objective const f(a, y, squared{}, l2{0.01});
  auto const one = measure(f, {1, 2}, 0.01), two = measure(f, {1, 2}, 0.01, 2);
  BOOST_TEST(one.of_value == two.of_value);
  BOOST_TEST(one.of_gradient == two.of_gradient);
}

BOOST_AUTO_TEST_CASE(softmax_has_it_and_an_objective_without_rows_has_none) {
  auto const a = rows(1);
  std::vector<int> const classes{0, 1, 1};
  softmax_objective const f(a, classes, 2, l2{0.1});
  BOOST_TEST(measure(f, {1, 2, 3, 4}, 0.1).of_value > 0.0);
  quadratic const q({.spectrum = {1, 2}, .samples = 4});
  static_assert(!detail::has_known_rounding<localsgd::quadratic<>>);
  BOOST_TEST(measure(q, {1, 2}, 1).of_value == 0.0);
  BOOST_TEST(measure(q, {1, 2}, 1).of_gradient == 0.0);
}

BOOST_AUTO_TEST_CASE(a_row_of_softmax_counts_by_its_weight) {
  auto const a = rows(1);
  dense_matrix<double> const last{{a(2, 0), a(2, 1)}};
  std::vector<int> const classes{0, 1, 1}, of_last{1};
  std::vector<double> const w{0, 0, 5};
  softmax_objective const f(a, classes, 2, l2{0.1}, {.weights = w});
  softmax_objective const alone(last, of_last, 2, l2{0.1});
  BOOST_TEST(measure(f, {1, 2, 3, 4}, 0.1).of_value == measure(alone, {1, 2, 3, 4}, 0.1).of_value,
             boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(numbers_that_overflow_make_an_infinite_error) {
  dense_matrix<double> const a{{0, 1e200}, {1e200, 0}};
  std::vector<double> const zeros{0, 0};
  linear_objective const f(a, zeros, squared{}, l2{0.5});
  auto const m = measure(f, {1, 1}, 0.5);
  BOOST_TEST(m.of_value == support::infinity);
  BOOST_TEST(m.of_gradient == support::infinity);
}
