// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_quasi_newton
#include "localsgd/worker/newton/quasi_newton.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::aligned_vector;
using detail::full_gradient;
using detail::quasi_newton;

constexpr std::size_t n = 40, d = 5;
constexpr double lambda = 0.1;

template <class Team>
struct context {
  Team& threads;
  full_gradient& evaluates;
  Team& team() { return threads; }
  full_gradient& pass() { return evaluates; }
  void spend(std::uint64_t) {}
};

// The trials that follow x, each made the next point, until `bounds` end or no step pays off.
template <class F>
std::vector<std::vector<double>> trials(F const& f, std::vector<double> const& x,
                                        std::vector<double> const& bounds, double price,
                                        std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  quasi_newton<F> steps(p);
  full_gradient pass(f, p);
  aligned_vector<double> point(x.begin(), x.end()), trial(x.size());
  full_gradient::value value;
  std::vector<double> gradient;
  std::vector<std::vector<double>> all;
  support::with_team(p.workers, threads, [&](auto& team) {
    context<std::remove_reference_t<decltype(team)>> round{team, pass};
    if (team.leads()) steps.begin();
    for (double const bound : bounds) {
      pass(f, std::span<double const>(point), team);
      if (team.leads()) gradient.assign(pass.sum().begin(), pass.sum().end());
      team.barrier();
      if (!steps.try_step(round, f, {point, trial, value}, gradient, bound, price)) return;
      team.barrier();
      if (team.leads()) {
        all.emplace_back(trial.begin(), trial.end());
        point.swap(trial);
      }
      team.barrier();
    }
  });
  return all;
}

auto const a = support::features<dense_matrix<double>>(n, d, 1);
auto const y = support::random_signs(n, 1);
linear_objective const f(a, y, logistic{}, l2{lambda});
std::vector<double> const origin(d);

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_direction_is_the_gradient_over_the_diagonal_of_the_hessian) {
  auto const found = trials(f, origin, {1}, 100);
  BOOST_REQUIRE(found.size() == 1);
  for (std::size_t j = 0; j != d; ++j) {
    double gradient = 0, diagonal = lambda;  // phi'(0) = -y/2, phi''(0) = 1/4
    for (std::size_t i = 0; i != n; ++i) {
      gradient -= a(i, j) * y[i] / 2 / double(n);
      diagonal += a(i, j) * a(i, j) / 4 / double(n);
    }
    BOOST_TEST(std::abs(found[0][j] + gradient / diagonal) < 1e-9 * (1 + std::abs(found[0][j])));
  }
}

BOOST_AUTO_TEST_CASE(full_steps_converge_where_the_hessian_varies_little) {
  std::vector<double> const bounds{1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14, 1e-16, 1e-18};
  auto const found = trials(f, origin, bounds, 24);
  BOOST_REQUIRE(found.size() == bounds.size());
  std::vector<double> g(d);
  std::vector<std::size_t> all(n);
  for (std::size_t i = 0; i != n; ++i) all[i] = i;
  f.gradient(std::span<double const>(found.back()), std::span<std::size_t const>(all),
             std::span<double>(g));
  for (double const each : g) BOOST_TEST(std::abs(each) < 1e-6);
}

BOOST_AUTO_TEST_CASE(steps_end_when_the_bound_does_not_fall_by_four_within_half_a_hessian) {
  // A price of 24: the diagonal costs one gradient, a step two, so seven cost more than 12 gradients.
  BOOST_TEST(trials(f, origin, std::vector<double>(20, 1), 24).size() == 6);
  std::vector<double> falling(20, 1);
  for (std::size_t i = 6; i != falling.size(); ++i) falling[i] = 0.25;
  BOOST_TEST(trials(f, origin, falling, 24).size() == 12);
  BOOST_TEST(trials(f, origin, std::vector<double>(20, support::infinity), 24).size() == 6);
}

BOOST_AUTO_TEST_CASE(hessians_that_cost_little_are_preferred) {
  BOOST_TEST(trials(f, origin, {1, 1}, 23.9).empty());
  BOOST_TEST(trials(f, origin, {1, 1}, 0).empty());
}

BOOST_AUTO_TEST_CASE(no_step_is_made_where_most_samples_have_no_curvature) {
  std::vector<double> signs(n);  // of the first feature, which separates them
  for (std::size_t i = 0; i != n; ++i) signs[i] = a(i, 0) > 0 ? 1 : -1;
  linear_objective const hinge(a, signs, squared_hinge{}, l2{lambda});
  BOOST_TEST(trials(hinge, origin, {1}, 100).size() == 1);
  BOOST_TEST(trials(hinge, {1e9, 0, 0, 0, 0}, {1}, 100).empty());
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_gives_the_same_bits) {
  std::vector<double> const bounds(5, 1);
  BOOST_TEST(trials(f, origin, bounds, 100, 1) == trials(f, origin, bounds, 100, 3));
}

BOOST_AUTO_TEST_CASE(only_smooth_linear_models_have_such_steps) {
  static_assert(quasi_newton<std::remove_cv_t<decltype(f)>>::exists);
  static_assert(!quasi_newton<quadratic<>>::exists);
  linear_objective const lasso(a, y, logistic{}, l1{lambda});
  static_assert(!quasi_newton<std::remove_cv_t<decltype(lasso)>>::exists);
  BOOST_TEST(true);
}
