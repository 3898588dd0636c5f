// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_line_search
#include "localsgd/evaluation/line_search.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::line_search;
using point = std::vector<double>;

constexpr std::size_t n = 200, d = 5;

struct step_end {
  point x;
  bool moves;
  double change;
};
template <class F>
step_end search(F const& f, point const& x, point const& end, std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  line_search<F> line(f, p);
  step_end out{end, false, 0};
  support::with_team(p.workers, threads, [&](auto& team) {
    bool const moves = line(f, std::span<double const>(x), std::span<double>(out.x), team);
    if (team.leads()) out.moves = moves, out.change = line.change();
  });
  return out;
}

double t_of(step_end const& s, point const& x, point const& end) {
  return (s.x[0] - x[0]) / (end[0] - x[0]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(least_squares_by_hand) {
  // f(x) = (x − 5)²/2 and an L2 penalty x²/2: the minimum from 0 along 1 is at t = 2.5.
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{5, 5};
  linear_objective const f(a, y, squared{}, l2{1});
  auto const end = search(f, {0}, {1});
  BOOST_TEST(end.moves);
  BOOST_TEST(end.x[0] == 2.5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(end.change == 2.5, boost::test_tools::tolerance(1e-12));
  // Far beyond the minimum, and with the other point at 16 times the distance at most.
  BOOST_TEST(search(f, {0}, {1e6}).x[0] == 2.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(search(f, {0}, {0.1}).x[0] == 1.6, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_minimum_is_found_however_far_beyond_it_the_direction_leads) {
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{5, 5}, ones{1, 1};
  linear_objective const f(a, y, squared{}, l2{1});
  BOOST_TEST(search(f, {0}, {1e30}).x[0] == 2.5, boost::test_tools::tolerance(1e-9));
  // φ = 0 from 1 on, and where it is 0 there is no reason to go further than twice as far.
  linear_objective const flat(a, ones, smoothed_hinge{1e-3}, l2{});
  auto const end = search(flat, {0}, {1e30});
  BOOST_TEST(end.moves);
  BOOST_TEST(end.x[0] >= 1 - 1e-3);
  BOOST_TEST(end.x[0] <= 2);
}

BOOST_AUTO_TEST_CASE(a_direction_of_ascent_is_refused) {
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{5, 5};
  linear_objective const f(a, y, squared{}, l2{1});
  auto const end = search(f, {3}, {4});
  BOOST_TEST(!end.moves);
  BOOST_TEST(end.x[0] == 4.0);
}

BOOST_AUTO_TEST_CASE(a_step_with_an_l1_penalty_never_leaves_the_segment) {
  // φ falls until 5, so the minimum of the segment from 0 to 1 is its end, which keeps its bits.
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{5, 5};
  BOOST_TEST(search(linear_objective(a, y, squared{}, l1{0.5}), {0}, {1}).x[0] == 1.0);
  // From 0 to 20: (20t − 5)²/2 + 10t is minimal at 20t = 4.5.
  BOOST_TEST(search(linear_objective(a, y, squared{}, l1{0.5}), {0}, {20}).x[0] == 4.5,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(search(linear_objective(a, y, squared{}, box{0.0, 3.0}), {0}, {3}).x[0] == 3.0);
}

namespace {

// F at the end is not above F at points around it on the line.
template <class LossType>
void is_minimal(LossType const& loss, double weight_of_first) {
  auto const a = support::features<csr_matrix<double>>(n, d, 0.6);
  auto const y = support::random_signs(n, 1);
  point weights(n, 1.0);
  weights[0] = weight_of_first;
  linear_objective const f(a, y, loss, l2{1e-3}, {.intercept = 1, .weights = weights});
  point const x(f.dimension());
  auto const g = support::at(f, x).gradient;
  for (double const length : {0.1, 10.0, 1000.0}) {
    point end(x.size());
    for (std::size_t j = 0; j != x.size(); ++j) end[j] = -length * g[j];
    auto const found = search(f, x, end);
    BOOST_REQUIRE(found.moves);
    double const t = t_of(found, x, end), least = support::at(f, found.x).value;
    for (double const factor : {0.5, 0.9, 0.98, 1.02, 1.1, 2.0}) {
      if (factor * t > 16) continue;
      point beside(x.size());
      for (std::size_t j = 0; j != x.size(); ++j) beside[j] = factor * t * end[j];
      BOOST_TEST(support::at(f, beside).value >= least - 1e-9);
    }
    for (std::size_t const threads : {2U, 3U}) {
      auto const other = search(f, x, end, threads);
      BOOST_TEST((other.x == found.x));
      BOOST_TEST(other.change == found.change);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(f_is_minimal_along_the_line) {
  for (double const weight : {0.0, 1.0, 20.0}) {
    is_minimal(logistic{}, weight);
    is_minimal(squared_hinge{}, weight);
    is_minimal(huber{0.1}, weight);
    is_minimal(smoothed_quantile{0.3, 1e-2}, weight);
  }
}

BOOST_AUTO_TEST_CASE(where_the_loss_is_affine_the_hessian_says_little) {
  // The first of three residuals is within δ, or beyond it; φ' is −0.5, −2, −2 or less.
  dense_matrix<double> a({3, 1}, 1.0);
  auto const affine = [&](auto const& loss, point const& y) {
    linear_objective const f(a, y, loss, l2{1});
    plan const p = support::make_plan(3, 1, 3, 1);
    line_search<std::remove_cv_t<decltype(f)>> line(f, p);
    std::array<bool, 2> answers{};
    point const x{0};
    point end{0.5};
    support::with_team(p.workers, 2, [&](auto& team) {
      line(f, std::span<double const>(x), std::span<double>(end), team);
      answers[team.thread()] = line.mostly_affine(f, team);
    });
    BOOST_TEST(answers[0] == answers[1]);
    return answers[0];
  };
  BOOST_TEST(affine(huber{2}, {0.5, 5, 5}));
  BOOST_TEST(!affine(huber{2}, {1.9, 1.9, 5}));
  BOOST_TEST(!affine(squared{}, {0.5, 5, 5}));
  BOOST_TEST(!affine(squared_hinge{}, {1, -1, 1}));
  BOOST_TEST(affine(smoothed_quantile{0.5, 1e-3}, {1, 2, 0}));
}

BOOST_AUTO_TEST_CASE(the_width_of_curvatures_starts_at_the_residuals_and_shrinks_with_success) {
  detail::curvature_width w;
  BOOST_TEST(!w.widen({1, 1, 0}));  // no slope
  BOOST_TEST(w.widen({6, 1, 4}));
  BOOST_TEST(w.width == 3.0);
  BOOST_TEST(!w.widen({6, 1, 4}));
  w.shrink(0.5);
  BOOST_TEST(w.width == 3.0);
  w.shrink(0.8);
  BOOST_TEST(w.width == 1.0);
  w.shrink(1);
  BOOST_TEST(w.width == 0.125);
  BOOST_TEST(w.widen({6, 1, 4}));
  BOOST_TEST(w.width == 1.0);
  BOOST_TEST(w.widen({6, 1, 4}));
  BOOST_TEST(w.width == 3.0);  // never wider than the residuals
  BOOST_TEST(!w.widen({6, 1, 4}));
  w.follow(0.25);
  BOOST_TEST(w.width == 0.9, boost::test_tools::tolerance(1e-15));
  w.follow(2);
  BOOST_TEST(w.width == 2.0);
}

BOOST_AUTO_TEST_CASE(objectives_without_rows_have_no_search) {
  plan const p = support::make_plan(10, 2, 4, 1);
  quadratic<> const f({.spectrum = {1, 2}, .samples = 10});
  line_search<quadratic<>> const line(f, p);
  BOOST_TEST(sizeof line > 0U);
}
