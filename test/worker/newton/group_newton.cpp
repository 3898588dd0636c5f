// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_group_newton
#include "localsgd/worker/newton/group_newton.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "test/support/proximal.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::full_gradient;
using detail::newton_direction;
using point = std::vector<double>;

constexpr std::size_t n = 90, d = 24;

struct step_end {
  point x;
  double predicted = 0;
};
// x + p at x.
template <class F>
step_end newton_step(F const& f, point const& x, std::size_t threads = 1, double damping = 0) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  newton_direction<F> direction(f, p);
  BOOST_REQUIRE(direction.exists());
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
        BOOST_TEST(std::abs(out.x[j] - (x[j] + step[j])) <= 1e-14 * (1 + std::abs(x[j])));
      if (out.predicted > 0) BOOST_TEST(direction.gradients_per_sample() > 0);
    }
    team.barrier();
  });
  return out;
}

template <class F>
void converges(F const& f, int steps) {
  point x(f.dimension());
  double const slope = support::least_slope(f, x);
  for (int step = 0; step != steps; ++step) x = newton_step(f, x).x;
  BOOST_TEST(support::least_slope(f, x) < 1e-11 * slope);
  BOOST_TEST(std::abs(newton_step(f, x).predicted) < 1e-14);
  // Groups are 0 as a whole.
  group_l1 const& r = f.regularizer();
  std::size_t zeros = 0;
  for (std::size_t g = 0; g != r.groups(); ++g) {
    std::size_t in_group = 0;
    for (std::size_t const j : r.group(g)) in_group += x[j] == 0 ? 1 : 0;
    BOOST_TEST((in_group == 0 || in_group == r.group(g).size()));
    zeros += in_group == 0 ? 0 : 1;
  }
  BOOST_TEST((zeros > 0 && zeros < r.groups()));
  for (std::size_t const threads : {2U, 3U}) {
    auto const half = point(f.dimension(), 0.01);
    auto const one = newton_step(f, half, 1, 0.1), other = newton_step(f, half, threads, 0.1);
    BOOST_TEST((other.x == one.x));
    BOOST_TEST(other.predicted == one.predicted);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_step_from_zero_solves_least_squares) {
  auto const a = support::features<csr_matrix<double>>(n, d, 0.4);
  auto const y = support::random_point(n, 3);
  linear_objective const f(a, y, squared{}, group_l1::consecutive(d, 3, 0.1));
  auto const end = newton_step(f, point(d));
  // The second derivative is a difference of two slopes, to 1e-10.
  BOOST_TEST(support::least_slope(f, end.x) < 1e-8);
  double const fall = support::at(f, point(d)).value - support::at(f, end.x).value;
  BOOST_TEST(end.predicted == fall, boost::test_tools::tolerance(1e-8));
}

BOOST_AUTO_TEST_CASE(a_step_by_hand) {
  // H = diag(4, 4)/2 = 2I, ∇φ(0) = −(2·3, 2·4)/2 = (−3, −4): x = (3, 4)/2·(1 − 2/5).
  dense_matrix<double> a({2, 2}, 0.0);
  a(0, 0) = a(1, 1) = 2;
  point const y{3, 4};
  linear_objective const f(a, y, squared{}, group_l1({{0, 1}}, 2, group_weights::equal));
  auto const end = newton_step(f, {0, 0});
  BOOST_TEST(end.x[0] == 0.9, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(end.x[1] == 1.2, boost::test_tools::tolerance(1e-9));
  // 5·1.5 − 1.5² − 2·1.5
  BOOST_TEST(end.predicted == 2.25, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(steps_converge_quadratically) {
  auto const dense = support::features<dense_matrix<double>>(n, d, 0.4);
  auto const sparse = to_csr(dense);
  auto const y = support::random_signs(n, 1);
  converges(linear_objective(sparse, y, logistic{}, group_l1::consecutive(d, 4, 0.04),
                             {.intercept = 1}), 8);
  std::vector<int> labels(n);
  for (std::size_t i = 0; i != n; ++i) labels[i] = static_cast<int>(i % 7 % 3);
  converges(softmax_objective(dense, labels, 3, group_l1::strided(3 * d, d, 0.03),
                              {.intercept = 1}), 8);
}

BOOST_AUTO_TEST_CASE(many_groups_are_found_in_a_few_steps) {
  // Each step adds 64 coordinates, or as many as there are.
  constexpr std::size_t many = 600;
  auto const a = support::features<csr_matrix<double>>(n, many, 0.3);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, squared{}, group_l1::consecutive(many, 5, 0.1));
  point x(many);
  int steps = 0;
  while (support::least_slope(f, x) > 1e-8 && steps != 20) x = newton_step(f, x).x, ++steps;
  BOOST_TEST(steps < 20);
  BOOST_TEST((support::zeros_of(x) > 0 && support::zeros_of(x) < many));
}

BOOST_AUTO_TEST_CASE(a_group_of_more_than_32_coordinates_has_no_direction) {
  auto const a = support::features<csr_matrix<double>>(10, 200, 0.3);
  auto const y = support::random_signs(10, 1);
  auto const exists = [&](std::size_t size) {
    std::vector<std::vector<std::size_t>> groups(1);
    for (std::size_t j = 0; j != size; ++j) groups[0].push_back(j);
    for (std::size_t j = size; j != 200; ++j) groups.push_back({j});
    linear_objective const f(a, y, squared{}, group_l1(groups, 0.1));
    return newton_direction<decltype(f)>(f, support::make_plan(10, 200, 4, 1)).exists();
  };
  BOOST_TEST(exists(1));
  BOOST_TEST(exists(32));
  BOOST_TEST(!exists(33));
}
