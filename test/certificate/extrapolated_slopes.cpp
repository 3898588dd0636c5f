// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_extrapolated_slopes
#include "localsgd/certificate/extrapolated_slopes.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"
#include "test/support/proximal.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::extrapolated_slopes;
using detail::full_gradient;
using detail::scaled_dual;
using point = std::vector<double>;

namespace {

constexpr std::size_t n = 60;

// The bound at the slopes of each point, and the one after extrapolation.
struct bounds {
  double plain, best, gap;
  friend bool operator==(bounds const&, bounds const&) = default;
};
template <class F>
std::vector<bounds> follow(F const& f, std::vector<point> const& path, double least,
                           std::size_t threads = 1, bool promising = true) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 3, 1);
  full_gradient pass(f, p);
  scaled_dual<F> dual(f, p);
  extrapolated_slopes<F> recent(f);
  point slopes(f.samples()), gradient;
  std::vector<bounds> out;
  support::with_team(p.workers, threads, [&](auto& team) {
    for (point const& x : path) {
      auto const value = pass(f, std::span<double const>(x), team, std::span(slopes));
      if (team.leads()) pass.write(static_cast<double>(f.samples()), gradient);
      team.barrier();
      std::span<double const> const g = gradient, theta = slopes;
      double const plain = dual.bound(team, pass, value.objective, g, theta, 0);
      double const best =
          recent.improve(team, pass, dual, {x, g, theta}, value.objective, 0, plain,
                         [&](double, double) { return promising; });
      if (team.leads()) out.push_back({plain, best, value.objective - least});
      team.barrier();
    }
  });
  return out;
}

// Proximal gradient steps with a fixed step.
template <class F>
std::vector<point> steps_of(F const& f, double step, std::size_t count) {
  point x(f.dimension());
  f.regularizer().prox(detail::penalized(f, std::span<double>(x)), 1e-300);
  std::vector<point> all{x};
  while (all.size() != count) {
    auto const g = support::at(f, x).gradient;
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= step * g[j];
    f.regularizer().prox(detail::penalized(f, std::span<double>(x)), step);
    all.push_back(x);
  }
  return all;
}

double best_ratio = std::numeric_limits<double>::infinity();

template <class L, class R>
void is_valid(L const& loss, R const& r, std::uint64_t seed, double intercept) {
  auto const a = support::features<csr_matrix<double>>(n, 8, 0.7);
  auto const y = support::random_signs(n, seed);
  linear_objective const f(a, y, loss, r, {.intercept = intercept});
  auto const path = steps_of(f, 0.3 / loss.curvature(), 40);
  double const least = support::at(f, support::reference_minimiser(f, 4000)).value;
  auto const seen = follow(f, path, least);
  for (auto const& [plain, best, gap] : seen) {
    BOOST_TEST(best <= plain);
    BOOST_TEST(best >= gap - 1e-12);
  }
  for (std::size_t const threads : {2U, 3U}) BOOST_TEST((follow(f, path, least, threads) == seen));
  double const last = seen.back().best / std::max(seen.back().plain, 1e-14);
  best_ratio = std::min(best_ratio, last);
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_bound_is_below_the_gap_or_above_that_at_the_slopes) {
  for (double const intercept : {0.0, 1.0})
    for (std::uint64_t seed = 1; seed != 4; ++seed) {
      is_valid(squared{}, l1{0.05}, seed, intercept);
      is_valid(logistic{}, l1{0.01}, seed, intercept);
      is_valid(squared_hinge{}, elastic_net{0.02, 0.01}, seed, intercept);
      is_valid(huber{0.5}, l1{0.03}, seed, intercept);
      is_valid(smoothed_quantile{0.3, 0.2}, box{-0.2, 0.1}, seed, intercept);
    }
  BOOST_TEST(best_ratio < 0.1);
}

BOOST_AUTO_TEST_CASE(the_slopes_of_a_linear_sequence_give_the_minimum) {
  // With one feature, φ = (z − y)²/2 and no kink nearby the slopes are affine in x, so two points suffice.
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{2, 4};
  linear_objective const f(a, y, squared{}, l1{1});  // minimal at 3 − 1 = 2
  double const least = support::at(f, point{2}).value;
  auto const seen = follow(f, {{1}, {1.5}}, least);
  BOOST_TEST(seen[0].best == seen[0].plain);
  BOOST_TEST(seen[1].plain > 1.2 * seen[1].gap);
  BOOST_TEST(seen[1].best == seen[1].gap, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(the_gradient_at_the_extrapolated_slopes_is_theirs) {
  // φ' = −2(1 − z) is (−1.6, −1.2) at the first point and (−1, 0) at the second, ∇f of the losses
  // (−2, −2.8) and (−0.5, −1). With e(0) = (−0.48, −1) the least e(c) has c = −2.52/5.49, which takes the
  // second slope out of the domain of φ*: it is moved back to 0, and the gradient follows.
  dense_matrix<double> const a{{1}, {2}};
  point const y{1, 1}, before{0.2, 0}, x{0.5, 0};
  linear_objective const f(a, y, squared_hinge{}, l1{0.02}, {.intercept = 2});
  plan const p = support::make_plan(2, 2, 2, 1);
  full_gradient pass(f, p);
  extrapolated_slopes<std::remove_cv_t<decltype(f)>> recent(f);
  point slopes(2), gradient;
  support::with_team(p.workers, 2, [&](auto& team) {
    pass(f, std::span<double const>(before), team, std::span(slopes));
    if (team.leads()) {
      pass.write(2, gradient);
      recent.add(gradient, slopes);
    }
    team.barrier();
    pass(f, std::span<double const>(x), team, std::span(slopes));
    if (team.leads()) {
      pass.write(2, gradient);
      recent.propose(x, gradient);
    }
    team.barrier();
    recent.write(team, pass, gradient, slopes);
  });
  double const c = -2.52 / 5.49, theta = -1 - 0.6 * c;
  auto const close = boost::test_tools::tolerance(1e-9);
  BOOST_TEST(recent.amplification() == 1 + 2 * std::abs(c), close);
  BOOST_TEST(recent.slopes()[0] == theta, close);
  BOOST_TEST(recent.slopes()[1] == 0.0);
  BOOST_TEST(recent.gradient()[0] == theta / 2, close);
  BOOST_TEST(recent.gradient()[1] == theta, close);
}

BOOST_AUTO_TEST_CASE(a_point_that_does_not_promise_enough_is_not_tried) {
  dense_matrix<double> a({2, 1}, 1.0);
  point const y{2, 4};
  linear_objective const f(a, y, squared{}, l1{1});
  for (auto const& [plain, best, gap] : follow(f, {{1}, {1.5}, {1.7}}, 0, 1, false))
    BOOST_TEST(best == plain);
}
