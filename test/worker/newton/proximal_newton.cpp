// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_proximal_newton
#include "localsgd/worker/newton/proximal_newton.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::full_gradient;
using detail::newton_direction;
using detail::penalized;
using point = std::vector<double>;
using both = std::tuple<dense_matrix<double>, csr_matrix<double>>;

constexpr std::size_t n = 80, d = 20;

struct step_end {
  point x;
  double predicted;
};
// x + p at x.
template <class F>
step_end newton_step(F const& f, point const& x, std::size_t threads = 1, double damping = 0) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  newton_direction<F> direction(f, p);
  full_gradient pass(f, p);
  point step(f.dimension(), 7.0);  // what was in it must not matter
  step_end out{};
  support::with_team(p.workers, threads, [&](auto& team) {
    direction.prepare(f, pass, team);
    pass(f, std::span<double const>(x), team);
    if (team.leads()) direction.keep_gradient(pass);
    direction.curvature_at(f, std::span<double const>(x), pass, team);
    if (team.leads()) {
      out.predicted = direction.solve(f, damping, step);
      out.x.assign(direction.end().begin(), direction.end().end());
      for (std::size_t j = 0; j != x.size(); ++j)
        BOOST_TEST(std::abs(out.x[j] - (x[j] + step[j])) <= 1e-15 * (1 + std::abs(x[j])));
      BOOST_TEST(direction.epochs() > 0);
      BOOST_TEST(direction.gradients_per_sample() > 0);
    }
    team.barrier();
  });
  return out;
}

// F and the norm of the least subgradient, from the objective's own members.
template <class F>
double value(F const& f, point const& x) {
  return support::at(f, x).value;
}
template <class F>
double least_slope(F const& f, point const& x) {
  auto g = support::at(f, x).gradient;  // that of the losses
  f.regularizer().subgradient(penalized(f, std::span<double const>(x)),
                              penalized(f, std::span<double>(g)));
  return support::norm(g);
}

// Least squares by cyclic coordinate descent on the residuals.
template <class F>
point minimiser(F const& f, dense_matrix<double> const& a, point const& y) {
  point x(d), residual(n);
  for (std::size_t i = 0; i != n; ++i) residual[i] = -y[i];
  for (int sweep = 0; sweep != 2000; ++sweep)
    for (std::size_t j = 0; j != d; ++j) {
      double slope = 0, curvature = 0;
      for (std::size_t i = 0; i != n; ++i) {
        slope += a(i, j) * residual[i] / n;
        curvature += a(i, j) * a(i, j) / n;
      }
      double const next = f.regularizer().prox_at(j, x[j] - slope / curvature, 1 / curvature);
      for (std::size_t i = 0; i != n; ++i) residual[i] += (next - x[j]) * a(i, j);
      x[j] = next;
    }
  return x;
}

template <class Matrix, class R>
void solves_least_squares(R const& r) {
  for (double const density : {0.2, 1.0}) {
    auto const dense = support::features<dense_matrix<double>>(n, d, density);
    auto const a = support::in_layout<Matrix>(dense);
    auto const y = support::random_point(n, 3);
    linear_objective const f(a, y, squared{}, r);
    auto const x = minimiser(f, dense, y);
    BOOST_REQUIRE(least_slope(f, x) < 1e-13);
    point start(d);  // in the domain of r
    r.prox(std::span<double>(start), std::numeric_limits<double>::min());
    auto const end = newton_step(f, start);
    // The second derivative is a difference of two slopes, to 1e-10.
    BOOST_TEST(support::euclidean_distance(end.x, x) <= 1e-9);
    BOOST_TEST(std::abs(value(f, end.x) - value(f, x)) <= 1e-12);
    BOOST_TEST(end.predicted == value(f, start) - value(f, x), boost::test_tools::tolerance(1e-9));
    for (std::size_t j = 0; j != d; ++j)
      if (x[j] == 0) BOOST_TEST(end.x[j] == 0);
    // And it stays there.
    BOOST_TEST(std::abs(newton_step(f, x).predicted) <= 1e-14);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(one_step_from_zero_solves_least_squares, Matrix, both) {
  solves_least_squares<Matrix>(l1{0.2});
  solves_least_squares<Matrix>(l1{0});
  solves_least_squares<Matrix>(elastic_net{0.15, 0.5});
  solves_least_squares<Matrix>(box{-0.05, 0.1});
  solves_least_squares<Matrix>(box{0.02, 0.3});  // 0 lies outside
  solves_least_squares<Matrix>(nonnegative{l1{0.05}});
  point weights(d);
  for (std::size_t j = 0; j != d; ++j) weights[j] = static_cast<double>(j % 3);
  solves_least_squares<Matrix>(weighted{l1{0.1}, weights});
}

BOOST_AUTO_TEST_CASE(a_step_by_hand) {
  // H = diag(4, 16)/2 = diag(2, 8), ∇φ(0) = −(2·1, 4·2)/2 = (−1, −4).
  dense_matrix<double> a({2, 2}, 0.0);
  a(0, 0) = 2;
  a(1, 1) = 4;
  point const y{1, 2};
  linear_objective const f(a, y, squared{}, l1{2});
  // S(1/2, 2/2) = 0, S(4/8, 2/8) = 1/4. The model falls by −r + 4/4 − 8/32 = −1/2 + 1 − 1/4.
  auto const end = newton_step(f, {0, 0});
  BOOST_TEST(end.x[0] == 0);
  BOOST_TEST(end.x[1] == 0.25, boost::test_tools::tolerance(1e-10));
  BOOST_TEST(end.predicted == 0.25, boost::test_tools::tolerance(1e-10));
  // Damping doubles the diagonal: S(4/16, 2/16) = 1/8, and 4/8 − 8/128 − 2/8.
  auto const damped = newton_step(f, {0, 0}, 1, 1);
  BOOST_TEST(damped.x[1] == 0.125, boost::test_tools::tolerance(1e-10));
  BOOST_TEST(damped.predicted == 0.1875, boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(steps_converge_quadratically, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  for (double const intercept : {0.0, 1.0}) {
    linear_objective const f(a, y, logistic{}, elastic_net{0.01, 0.05}, {.intercept = intercept});
    point x(f.dimension());
    for (int step = 0; step != 6; ++step) x = newton_step(f, x).x;
    BOOST_TEST(least_slope(f, x) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(many_coordinates_are_found_in_a_few_steps) {
  // Each step adds 64, or as many as there are.
  constexpr std::size_t many = 1500;
  auto const a = support::features<csr_matrix<double>>(n, many, 0.3);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, squared{}, l1{0.1});
  point x(many);
  int steps = 0;
  while (least_slope(f, x) > 1e-9 && steps != 20) x = newton_step(f, x).x, ++steps;
  BOOST_TEST(steps < 20);
  BOOST_TEST_MESSAGE(steps << " steps");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(any_number_of_threads_makes_the_same_bits, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l1{0.01}, {.intercept = 1});
  auto const x = support::random_point(f.dimension(), 5);
  auto const one = newton_step(f, x, 1);
  for (std::size_t const threads : {2U, 3U, 4U}) {
    auto const other = newton_step(f, x, threads);
    BOOST_TEST((other.x == one.x));
    BOOST_TEST(other.predicted == one.predicted);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(large_sets_are_solved_by_columns, Matrix, both) {
  // All 3000 coordinates are in the set: least squares with a ridge, from a point without zeros.
  constexpr std::size_t many = 3000;
  auto const a = support::features<Matrix>(40, many, 0.1);
  auto const y = support::random_signs(40, 1);
  linear_objective const f(a, y, squared{}, elastic_net{1e-3, 0.5});
  point x(many, 1.0);
  double const before = value(f, x);
  auto const end = newton_step(f, x);
  BOOST_TEST(end.predicted == before - value(f, end.x), boost::test_tools::tolerance(1e-7));
  BOOST_TEST(least_slope(f, end.x) < 1e-5);
  for (std::size_t const threads : {2U, 3U}) {
    auto const other = newton_step(f, x, threads);
    BOOST_TEST((other.x == end.x));
    BOOST_TEST(other.predicted == end.predicted);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(steps_on_softmax_regression_converge_quadratically, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  std::vector<int> labels(n);
  for (std::size_t i = 0; i != n; ++i) labels[i] = static_cast<int>(i % 7 % 3);
  point weights(n, 1.0);
  weights[3] = 0, weights[7] = 2.5;
  auto const converges = [&](auto const& f) {
    point x(f.dimension());
    double slope = least_slope(f, x);
    for (int step = 0; step != 8; ++step) x = newton_step(f, x).x;
    BOOST_TEST(least_slope(f, x) < 1e-12 * slope);
    auto const one = newton_step(f, x, 1);
    for (std::size_t const threads : {2U, 3U}) {
      auto const other = newton_step(f, x, threads);
      BOOST_TEST((other.x == one.x));
      BOOST_TEST(other.predicted == one.predicted);
    }
  };
  converges(softmax_objective(a, labels, 3, elastic_net{0.01, 0.02}));
  converges(softmax_objective(a, labels, 3, elastic_net{0.01, 0.02},
                              {.intercept = 1, .weights = weights}));
  converges(softmax_objective(a, labels, 3, l1{0.02}, {.intercept = 1}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(large_sets_of_softmax_are_solved_by_columns, Matrix, both) {
  // All 3000 coordinates are in the set, from a point without zeros.
  constexpr std::size_t few = 40, many = 1000;
  auto const a = support::features<Matrix>(few, many, 0.1);
  std::vector<int> labels(few);
  for (std::size_t i = 0; i != few; ++i) labels[i] = static_cast<int>(i % 3);
  softmax_objective const f(a, labels, 3, elastic_net{1e-3, 0.1});
  point x(3 * many, 0.01);
  for (int step = 0; step != 6; ++step) {
    double const before = value(f, x);
    auto const end = newton_step(f, x);
    BOOST_TEST(value(f, end.x) < before);
    if (step == 0)
      for (std::size_t const threads : {2U, 3U})
        BOOST_TEST((newton_step(f, x, threads).x == end.x));
    x = end.x;
    if (least_slope(f, x) < 1e-6) break;
  }
  BOOST_TEST(least_slope(f, x) < 1e-6);
}

BOOST_AUTO_TEST_CASE(at_a_minimum_at_zero_there_is_no_direction) {
  auto const a = support::features<csr_matrix<double>>(4, 100, 0.1);
  auto const y = support::random_signs(4, 1);
  linear_objective const f(a, y, squared{}, l1{1000});
  auto const end = newton_step(f, point(100));
  BOOST_TEST(end.predicted == 0);
}
