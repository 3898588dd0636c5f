// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_fenchel_gap
#include "localsgd/certificate/fenchel_gap.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/free_intercept.hpp"
#include "test/support/losses.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::fenchel_gap;
using detail::full_gradient;
using support::intercept_problem;
using support::real;

namespace {

template <class F>
double bound_at(F const& f, std::vector<typename F::scalar> const& x, std::size_t workers = 3,
                std::size_t threads = 1, std::vector<double> const& theta = {}) {
  plan const p = support::make_plan(f.samples(), f.dimension(), workers, 1);
  full_gradient pass(p);
  fenchel_gap<F> dual(f);
  detail::row_rounding<F> rounding;
  BOOST_TEST(dual.exists());
  double found = 0;
  support::with_team(workers, threads, [&](auto& team) {
    std::span<typename F::scalar const> const point(x);
    auto const value = pass(f, point, team);
    if (team.leads() && !theta.empty()) dual.consider(theta);
    team.broadcast(0);
    rounding.measure(f, pass, team);
    double const bound = dual.bound(team, pass, point, rounding, value.squared_slopes);
    if (team.leads()) found = bound;
  });
  return found;
}

// Calls check(f, model) for problem number `seed`: loss, layout, weights, constant, λ and sizes
// vary.
template <class Check>
void with_problem(std::uint64_t seed, Check const& check, bool regularized = false) {
  std::size_t const n = 8 + seed * 7 % 53, d = 1 + seed % 5;
  intercept_problem const data(n, d, seed);
  auto const sparse = to_csr(data.rows);
  double const lambda = std::pow(10.0, 2 - static_cast<double>(seed % 7)) / static_cast<double>(n);
  double const constant = seed % 3 == 0 ? 1 : (seed % 3 == 1 ? 0.5 : -2);
  linear_options options{.intercept = constant, .regularize_intercept = regularized};
  std::span<double const> weights;
  if (seed % 2 == 1) options.weights = weights = data.weights;
  auto const with_loss = [&](auto const& loss, auto const& exact, std::vector<double> const& y) {
    support::free_intercept_model<std::decay_t<decltype(exact)>> const model{
        &data.rows, y, weights, exact, lambda, constant, regularized};
    if (seed % 4 < 2)
      check(linear_objective(data.rows, y, loss, l2{lambda}, options), model);
    else
      check(linear_objective(sparse, y, loss, l2{lambda}, options), model);
  };
  switch (seed / 5 % 5) {
    case 0:
      return with_loss(logistic{}, support::logistic_at, data.labels);
    case 1:
      return with_loss(squared{}, support::squared_at, data.reals);
    case 2:
      return with_loss(squared_hinge{}, support::squared_hinge_at, data.labels);
    case 3:
      return with_loss(huber{1}, support::huber_at, data.reals);
    default:
      return with_loss(smoothed_hinge{0.5}, support::smoothed_hinge_at, data.labels);
  }
}

// at(length): the point so far from `best` in a random direction.
auto line_through(std::vector<real> const& best, std::uint64_t seed) {
  return [best, direction = support::random_point(best.size(), seed)](double length) {
    std::vector<double> x(best.size());
    for (std::size_t j = 0; j != x.size(); ++j)
      x[j] = static_cast<double>(best[j]) + length * direction[j];
    return x;
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_bound_is_below_the_gap_and_none_is_of_first_order) {
  constexpr std::uint64_t problems = 250;
  for (bool const regularized : {false, true})
    for (std::uint64_t seed = 0; seed != problems; ++seed)
      with_problem(
          seed,
          [&](auto const& f, auto const& model) {
            auto const best = model.minimiser();
            real const least = model.value(best);
            auto const at = line_through(best, seed);
            BOOST_TEST_CONTEXT("problem " << seed << ", regularized " << regularized) {
              for (double const length : {1.0, 1e-1, 1e-3, 1e-5, 1e-7, 0.0}) {
                auto const x = at(length);
                real const gap = model.value(x) - least;
                BOOST_TEST(bound_at(f, x) >= static_cast<double>(gap));
              }
              // A hundredth of the way: 10⁻⁴ of the gap, but for the samples that change their piece.
              BOOST_TEST(bound_at(f, at(1e-5)) <= 1e-3 * bound_at(f, at(1e-3)));
            }
          },
          regularized);
}

BOOST_AUTO_TEST_CASE(with_every_coordinate_regularised_it_is_the_squared_gradient) {
  // θ are the slopes, whose terms are 0: the bound is ‖∇f(x)‖²/(2λ), with an intercept or without.
  intercept_problem const data(40, 4, 3);
  for (double const constant : {0.0, 0.5, -2.0}) {
    linear_objective const f(data.rows, data.labels, logistic{}, l2{0.1},
                             {.intercept = constant, .regularize_intercept = true});
    auto const x = support::random_point(f.dimension(), 1);
    auto const gradient = support::at(f, x).gradient;
    BOOST_TEST(bound_at(f, x) == support::norm(gradient) * support::norm(gradient) / 0.2,
               boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(no_bound_of_a_given_dual_point_is_below_the_gap) {
  for (std::uint64_t seed = 0; seed != 250; ++seed)
    with_problem(seed, [&](auto const& f, auto const& model) {
      auto const best = model.minimiser();
      real const least = model.value(best);
      auto const at = line_through(best, seed);
      auto const slopes = [&](std::vector<double> const& x) {
        std::vector<double> theta(f.samples());
        for (std::size_t i = 0; i != theta.size(); ++i)
          theta[i] = f.loss().derivative(detail::prediction_of(f, i, std::span<double const>(x)), f.target(i));
        return theta;
      };
      BOOST_TEST_CONTEXT("problem " << seed) {
        for (double const length : {1.0, 1e-3, 1e-6})
          for (double const elsewhere : {-1.0, 1e-3, 0.0}) {
            auto const x = at(length);
            real const gap = model.value(x) - least;
            double const bound = bound_at(f, x, 3, 1, slopes(at(elsewhere)));
            BOOST_TEST(bound >= static_cast<double>(gap));
            if (elsewhere == 0)  // the dual point of the minimum proves nearly all
              BOOST_TEST(bound <= static_cast<double>(gap) * (1 + 1e-5) + 1e-9 * (1 + static_cast<double>(least)));
          }
      }
    });
}

BOOST_AUTO_TEST_CASE(at_the_minimum_the_bound_is_rounding) {
  for (std::uint64_t seed = 0; seed != 50; ++seed)
    with_problem(seed, [&](auto const& f, auto const& model) {
      auto const best = model.minimiser();
      double const bound = bound_at(f, std::vector<double>(best.begin(), best.end()));
      BOOST_TEST(bound >= 0);
      BOOST_TEST(bound <= 1e-12 * (1 + static_cast<double>(model.value(best))));
    });
}

BOOST_AUTO_TEST_CASE(cancellation_in_the_products_does_not_loosen_the_bound) {
  // The mean of a feature is 10³ times its deviation. The products z_i cancel: their errors change ∇f(x) by up to
  // u·√d·10⁶‖x‖, of which the square over 2λ is about 10⁻⁷. Those of h(θ) have no such term.
  intercept_problem const data(60, 3, 11);
  dense_matrix<double> shifted(std::array<std::size_t, 2>{60, 3});
  for (std::size_t i = 0; i != 60; ++i)
    for (std::size_t j = 0; j != 3; ++j) shifted(i, j) = data.rows(i, j) + 1e3;
  for (bool const regularized : {false, true}) {
    linear_objective const f(shifted, data.reals, squared{}, l2{1e-10},
                             {.intercept = 1, .regularize_intercept = regularized});
    support::free_intercept_model<std::decay_t<decltype(support::squared_at)>> const model{
        &shifted, data.reals, {}, support::squared_at, static_cast<real>(1e-10), 1, regularized};
    auto const best = model.minimiser(0);
    std::vector<double> const x(best.begin(), best.end());
    double const gap = static_cast<double>(model.value(x) - model.value(best)), bound = bound_at(f, x);
    BOOST_TEST(bound >= gap);
    BOOST_TEST(bound <= 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_bound_is_worked_out_by_hand_for_least_squares) {
  // Rows ±1, y = 1, −1 and c = 1, λ = ½ at x = (0, b): z = b, θ̃ = b ∓ 1. The best intercept is 0:
  // θ = ∓1, φ + φ* − θz = b²/2 and h(θ) = −1, so the gap is b²/2 + 1/(2λ).
  dense_matrix<double> a(std::array<std::size_t, 2>{2, 1}, 1.0);
  a(1, 0) = -1;
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, squared{}, l2{0.5}, {.intercept = 1});
  for (double const b : {0.0, 0.5, -3.0})
    BOOST_TEST(bound_at(f, {0, b}, 1) == b * b / 2 + 1, boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(the_prediction_is_the_bound_where_nothing_moves) {
  // As above: at b = 0 the sum of the slopes is 0, and the bound is ‖∇_w f‖²/(2λ).
  dense_matrix<double> a(std::array<std::size_t, 2>{2, 1}, 1.0);
  a(1, 0) = -1;
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, squared{}, l2{0.5}, {.intercept = 1});
  fenchel_gap const dual(f);
  std::vector<double> const across{-1, 0}, along{0, -3};
  BOOST_TEST(dual.predict(across) == 1);
  BOOST_TEST(dual.predict(along) == 4.5);  // b²/2
}

BOOST_AUTO_TEST_CASE(one_class_alone_has_its_infimum_at_infinity) {
  // inf f = 0, at b → ∞: the only feasible dual point is 0, and the bound is f(x).
  auto const a = support::random_features<double>(20, 3, 1);
  std::vector<double> const y(20, 1.0);
  linear_objective const f(a, y, logistic{}, l2{0.1}, {.intercept = 1});
  for (double const b : {0.0, 3.0, 20.0}) {
    std::vector<double> const x{0, 0, 0, b};
    double const value = support::at(f, x).value;
    BOOST_TEST(bound_at(f, x) >= value);
    BOOST_TEST(bound_at(f, x) <= value * (1 + 1e-9) + 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_changes_no_bit) {
  for (std::uint64_t seed = 0; seed != 50; seed += 5)
    with_problem(seed, [&](auto const& f, auto const&) {
      auto const x = support::random_point(f.dimension(), seed);
      double const expected = bound_at(f, x, 5);
      for (std::size_t const threads : {2U, 3U, 5U})
        BOOST_TEST(bound_at(f, x, 5, threads) == expected);
    });
}

BOOST_AUTO_TEST_CASE(points_in_float_have_a_bound_too) {
  intercept_problem const data(40, 3, 7);
  linear_objective const f(data.rows, data.labels, logistic{}, l2{0.01}, {.intercept = 1},
                           iterate_type<float>{});
  support::free_intercept_model<std::decay_t<decltype(support::logistic_at)>> const model{
      &data.rows, data.labels, {}, support::logistic_at, static_cast<real>(0.01), 1};
  auto const best = model.minimiser();
  std::vector<float> x(best.size());
  for (std::size_t j = 0; j != x.size(); ++j) x[j] = static_cast<float>(best[j]);
  double const gap = static_cast<double>(model.value(x) - model.value(best));
  BOOST_TEST(bound_at(f, x) >= gap);
  BOOST_TEST(bound_at(f, x) <= 1e-10);
}

BOOST_AUTO_TEST_CASE(it_exists_where_r_is_strongly_convex_and_balances_where_the_intercept_is_free) {
  intercept_problem const data(10, 2, 1);
  auto const exists = [&](auto const& f) {
    return fenchel_gap<std::decay_t<decltype(f)>>(f).exists();
  };
  auto const balances = [&](auto const& f) {
    return fenchel_gap<std::decay_t<decltype(f)>>(f).balances();
  };
  auto const mu = [](auto const& f) { return detail::certifying_convexity(f); };
  linear_objective const free(data.rows, data.labels, logistic{}, l2{0.1}, {.intercept = 1});
  linear_objective const regularized(data.rows, data.labels, logistic{}, l2{0.2},
                                     {.intercept = 1, .regularize_intercept = true});
  linear_objective const without(data.rows, data.labels, logistic{}, l2{0.3});
  linear_objective const unpenalized(data.rows, data.labels, logistic{}, l2{0}, {.intercept = 1});
  support::required_members<logistic> const without_conjugate{};
  linear_objective const no_conjugate(data.rows, data.labels, without_conjugate, l2{0.1},
                                      {.intercept = 1});
  BOOST_TEST(exists(free));
  BOOST_TEST(balances(free));
  BOOST_TEST(mu(free) == 0.1);
  BOOST_TEST(free.strong_convexity() == 0);
  BOOST_TEST(exists(regularized));
  BOOST_TEST(!balances(regularized));
  BOOST_TEST(mu(regularized) == 0.2);
  BOOST_TEST(exists(without));
  BOOST_TEST(!balances(without));
  BOOST_TEST(mu(without) == 0.3);
  BOOST_TEST(!exists(unpenalized));
  BOOST_TEST(!balances(unpenalized));
  BOOST_TEST(mu(unpenalized) == 0);
  BOOST_TEST(!exists(no_conjugate));
  BOOST_TEST(mu(no_conjugate) == 0);
}
