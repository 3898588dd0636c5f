// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_descent
#include "localsgd/worker/newton/descent.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::aligned_vector;
using detail::anchor_gradient;
using detail::full_gradient;
using detail::newton_descent;
using detail::rounding_of;

constexpr std::size_t n = 200, d = 6;
constexpr double lambda = 1e-6, tolerance = 1e-10;

// What the round offers to a hook, as far as the descent asks for it.
template <class Team>
struct context {
  Team& threads;
  full_gradient& evaluates;
  double bound;
  Team& team() { return threads; }
  full_gradient& pass() { return evaluates; }
  void spend(std::uint64_t) {}
  double certificate(std::span<double const>, full_gradient::value const&,
                     std::span<double const>) const {
    return bound;
  }
};

struct outcome {
  std::vector<double> x;
  full_gradient::value value;
  int moves = 0;
  bool pass_is_there = false;
  std::uint64_t gradients = 0;
};

// Descends from x after anchors between which f fell by `drops`. If the gradient is to be kept, the sums
// are those at another point by then.
template <class F>
outcome descend(F const& f, std::vector<double> const& x, std::vector<double> const& drops,
                std::size_t threads = 1, double wanted = tolerance,
                anchor_gradient gradient = anchor_gradient::in_sums,
                double certificate = std::numeric_limits<double>::infinity()) {
  plan p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  p.tolerance = wanted;
  newton_descent<F> descent(f, p);
  full_gradient pass(f, p);
  aligned_vector<double> point(x.begin(), x.end()), trial(x.size());
  outcome end;
  support::with_team(p.workers, threads, [&](auto& team) {
    context<std::remove_reference_t<decltype(team)>> round{team, pass, certificate};
    descent.prepare(f, pass, team);
    auto const value = pass(f, std::span<double const>(point), team);
    if (team.leads()) {
      end.value = value;
      for (double const drop : drops) descent.watch(drop);
    }
    if (gradient == anchor_gradient::kept) {
      if (team.leads()) descent.keep_gradient(pass);
      team.barrier();
      std::vector<double> const elsewhere(x.size(), 1);
      pass(f, std::span<double const>(elsewhere), team);
    }
    descent(round, f, {point, trial, end.value}, std::span<double>(), gradient,
            [&] { ++end.moves; });
    std::vector<double> const last(pass.sum().begin(), pass.sum().end());
    team.barrier();
    pass(f, std::span<double const>(point), team);
    if (team.leads())
      end.pass_is_there = std::vector<double>(pass.sum().begin(), pass.sum().end()) == last;
  });
  end.x.assign(point.begin(), point.end());
  end.gradients = descent.gradients();
  return end;
}

// Features whose units differ by 10⁵, and that are nearly collinear.
dense_matrix<double> badly_conditioned() {
  auto a = support::features<dense_matrix<double>>(n, d, 1);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 1; j != d; ++j) a(i, j) = 1e5 * (a(i, 0) + 1e-3 * a(i, j));
  return a;
}
std::vector<double> const slowly(10, 1e-3);  // f falls, but no faster than before

}  // namespace

BOOST_AUTO_TEST_CASE(where_local_steps_are_slow_the_tolerance_is_proven) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  auto const end = descend(f, std::vector<double>(d), slowly);
  BOOST_TEST(end.moves > 0);
  BOOST_TEST(end.value.squared_gradient_norm <= 2 * lambda * tolerance);
  BOOST_TEST(end.pass_is_there);
  BOOST_TEST(end.gradients >= static_cast<std::uint64_t>(2 * end.moves) * n);  // ∇²f and f, each time
}

BOOST_AUTO_TEST_CASE(where_local_steps_are_fast_they_go_on_alone) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  std::vector<double> const x(d);
  // A Newton step costs about an epoch here, and the last drops leave less than one.
  for (std::vector<double> const& drops : {std::vector<double>{}, {1e-2, 1e-6, 1e-13}}) {
    auto const end = descend(f, x, drops);
    BOOST_TEST(end.moves == 0);
    BOOST_TEST((end.x == x));
    BOOST_TEST(end.gradients == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_ends_the_steps_before_the_gradient_does) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  std::vector<double> const x(d);
  auto const end = descend(f, x, slowly, 2, tolerance, anchor_gradient::in_sums, tolerance);
  BOOST_TEST(end.moves == 1);
  BOOST_TEST(end.value.squared_gradient_norm > 2 * lambda * tolerance);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_was_kept_leads_to_the_same_point) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  std::vector<double> const x(d);
  auto const kept = descend(f, x, slowly, 2, tolerance, anchor_gradient::kept);
  BOOST_TEST(kept.moves > 0);
  BOOST_TEST((kept.x == descend(f, x, slowly).x));
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_goes_to_the_same_point) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  auto const one = descend(f, std::vector<double>(d), slowly);
  for (std::size_t const threads : {2U, 3U}) {
    auto const end = descend(f, std::vector<double>(d), slowly, threads);
    BOOST_TEST((end.x == one.x));
    BOOST_TEST(end.gradients == one.gradients);
  }
}

BOOST_AUTO_TEST_CASE(where_newtons_direction_is_useless_damping_finds_the_way) {
  // All residuals are beyond δ, so the Hessian is λI and −∇f/λ goes 10⁸ too far.
  dense_matrix<double> a(std::array<std::size_t, 2>{n, 1}, 1.0);
  std::vector<double> const y(n, 5.0), x{0};
  linear_objective const f(a, y, huber{1}, l2{1e-9});
  auto const end = descend(f, x, slowly);
  BOOST_TEST(end.value.squared_gradient_norm <= 2 * 1e-9 * tolerance);
  BOOST_TEST(end.x[0] == 5, boost::test_tools::tolerance(1e-8));  // x + 1e-9·x = 5
}

BOOST_AUTO_TEST_CASE(where_samples_leave_the_hinge_damping_ends_the_search) {
  // More than half as many features as samples separate any labels. So few samples are left in the
  // hinge that its Hessian says little of f, and Newton's direction leads to where others are in it.
  constexpr std::size_t wide = 120;
  auto a = support::features<dense_matrix<double>>(n, wide, 1);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != wide; ++j) a(i, j) = 100 * (1 + a(i, j));
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, squared_hinge{}, l2{5e-3});
  auto const end = descend(f, std::vector<double>(wide), slowly, 1, 1e-6);
  BOOST_TEST(end.value.squared_gradient_norm <= 2 * 5e-3 * 1e-6);
  BOOST_TEST(end.moves < 50);
}

BOOST_AUTO_TEST_CASE(far_from_the_minimum_cheap_steps_replace_hessians) {
  // Separable, with features of ever smaller deviation around the same mean: conjugate gradients alone
  // and then Hessians cost six times the price of a Hessian.
  constexpr std::size_t rows = 600, wide = 400;
  auto a = support::features<dense_matrix<double>>(rows, wide, 1);
  std::vector<double> y(rows);
  for (std::size_t i = 0; i != rows; ++i) {
    double side = 0;
    for (std::size_t j = 0; j != wide; ++j) {
      a(i, j) *= std::exp(-0.01 * double(j));
      side += j % 3 == 0 ? a(i, j) : -a(i, j);
      a(i, j) = 100 * (1 + a(i, j));
    }
    y[i] = side > 0 ? 1 : -1;
  }
  linear_objective const f(a, y, logistic{}, l2{1e-6});
  plan const p = support::make_plan(rows, wide, 4, 1);
  detail::newton_direction<std::remove_cv_t<decltype(f)>> direction(f, p);
  full_gradient pass(f, p);
  double price = 0;
  support::with_team(p.workers, 1, [&](auto& team) {
    direction.prepare(f, pass, team);
    price = direction.price_of_hessian();
  });
  BOOST_TEST(price > 24);
  auto const end = descend(f, std::vector<double>(wide), slowly, 1, 1e-3);
  BOOST_TEST(end.value.squared_gradient_norm <= 2e-6 * 1e-3);
  BOOST_TEST(static_cast<double>(end.gradients) < price * rows);
  BOOST_TEST(descend(f, std::vector<double>(wide), slowly, 3, 1e-3).x == end.x);
}

BOOST_AUTO_TEST_CASE(where_f_falls_no_more_the_descent_ends) {
  auto const a = badly_conditioned();
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  auto const floor = descend(f, std::vector<double>(d), slowly, 1, 1e-300);
  BOOST_TEST(floor.moves < 50);
  BOOST_TEST(floor.pass_is_there);
  auto const end = descend(f, floor.x, slowly, 1, 1e-300);
  BOOST_TEST(end.moves < 3);  // each one told, for the point was evaluated again
  // Where f has no digits left, its gradient decides.
  BOOST_TEST(end.value.objective <=
             floor.value.objective + localsgd::detail::rounding_of(floor.value.objective));
  BOOST_TEST(end.pass_is_there);
}

BOOST_AUTO_TEST_CASE(objectives_without_rows_have_no_descent) {
  quadratic<> const f({.spectrum = {1, 2}, .samples = 10});
  auto const end = descend(f, {1, 1}, slowly);
  BOOST_TEST(end.moves == 0);
}

BOOST_AUTO_TEST_CASE(rounding_grows_with_the_value) {
  BOOST_TEST(rounding_of(0) == 0.0);
  BOOST_TEST(rounding_of(-2) == 2 * rounding_of(1));
  BOOST_TEST(1 + rounding_of(1) > 1.0);
}
