// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_scaled_dual
#include "localsgd/certificate/scaled_dual.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "test/support/losses.hpp"
#include "test/support/proximal.hpp"
#include "test/support/regularizers.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::full_gradient;
using detail::has_scaled_dual;
using detail::penalized;
using detail::scaled_dual;
using point = std::vector<double>;

namespace {

// F(x), and the bound on F(x) − F*.
struct seen {
  double objective, bound;
};
template <class F>
seen bound_at(F const& f, point const& x, std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 3, 1);
  full_gradient pass(f, p);
  scaled_dual<F> dual(f, p);
  point slopes(f.samples());
  seen out{};
  point gradient;
  support::with_team(p.workers, threads, [&](auto& team) {
    auto const value = pass(f, std::span<double const>(x), team, std::span(slopes));
    if (team.leads()) {
      gradient.assign(pass.sum().begin(), pass.sum().end());
      for (double& g : gradient) g /= static_cast<double>(f.samples());
    }
    team.barrier();
    double const bound = dual.bound(team, pass, value.objective, gradient, slopes, 0);
    if (team.leads()) out = {value.objective, bound};
  });
  return out;
}

std::vector<double> ratios;

// At random points in the domain, along proximal gradient steps, and at the minimiser.
template <class F>
void is_never_below_the_gap(F const& f, std::uint64_t seed, bool vanishes = true) {
  auto const minimiser = support::reference_minimiser(f, 4000);
  double const least = support::at(f, minimiser).value;
  auto const check = [&](point const& x) {
    auto const [objective, bound] = bound_at(f, x);
    double const gap = objective - least;
    BOOST_TEST(bound >= gap);
    BOOST_TEST(bound >= 0);
    if (gap > 1e-8 * (1 + std::abs(least)) && std::isfinite(bound)) ratios.push_back(bound / gap);
  };
  support::for_each_probe(f, minimiser, seed, check);
  check(minimiser);
  if (!vanishes) return;
  double const slope = support::least_slope(f, minimiser);
  BOOST_TEST(bound_at(f, minimiser).bound <= 1e-10 + 1e3 * slope);
}

// n × d features, targets, weights, an intercept and a strength of the penalty.
struct shape {
  std::size_t n, d;
  double density, intercept, strength;
  bool weighs;
  std::uint64_t seed;
  bool free = false;  // the intercept
};
template <class Matrix, class R>
void with_every_loss(shape const& s, R const& r, bool vanishes = true) {
  auto const a =
      support::in_layout<Matrix>(support::random_features<double>(s.n, s.d, s.seed, s.density));
  auto const labels = support::random_signs(s.n, s.seed);
  point const reals = support::random_point(s.n, s.seed + 1);
  point weights(s.weighs ? s.n : 0);
  support::numbers random(s.seed);
  for (double& e : weights) e = static_cast<double>(random.below(4));
  if (s.weighs) weights[0] = 1;
  linear_options const options{.intercept = s.intercept,
                               .weights = weights,
                               .regularize_intercept = !s.free};
  auto const check = [&](point const& y, auto const& loss) {
    is_never_below_the_gap(linear_objective(a, y, loss, r, options), s.seed, vanishes);
  };
  check(labels, logistic{});
  check(reals, squared{});
  check(labels, squared_hinge{});
  check(reals, huber{0.3});
  check(reals, smoothed_quantile{0.3, 0.2});
}
std::vector<shape> shapes() {
  std::vector<shape> all;
  std::uint64_t seed = 1;
  for (double const strength : {0.3, 0.03, 0.003}) {
    all.push_back({30, 6, 0.6, 0, strength, false, seed++});
    all.push_back({10, 20, 0.5, 0.5, strength, true, seed++});
    all.push_back({40, 3, 1, 2, strength, true, seed++});
    all.push_back({25, 5, 0.7, 1, strength, true, seed++, true});
    all.push_back({7, 7, 0.3, 0, strength, false, seed++});
  }
  return all;
}
// The coordinates that are penalised, with that of a regularised intercept.
std::size_t dimension_of(shape const& s) { return s.d + (s.intercept != 0 && !s.free ? 1 : 0); }

template <class Make>
void in_every_shape(Make const& make, bool vanishes = true) {
  ratios.clear();
  for (shape const& s : shapes()) with_every_loss<csr_matrix<double>>(s, make(s), vanishes);
  if (ratios.empty()) return;
  std::ranges::sort(ratios);
  BOOST_TEST_MESSAGE(boost::unit_test::framework::current_test_case().p_name
                     << ": the bound is " << ratios[ratios.size() / 2] << " gaps in the median of "
                     << ratios.size());
}

template <class LossType, class R, class Scalar = double>
constexpr bool exists = has_scaled_dual<linear_objective<csr_matrix<double>, LossType, Scalar, R>>;

}  // namespace

// Each is 12 shapes and 5 losses: 480 problems in all, at 15 points each.

BOOST_AUTO_TEST_CASE(l1_is_bounded) {
  in_every_shape([](shape const& s) { return l1{s.strength}; });
}
BOOST_AUTO_TEST_CASE(elastic_net_is_bounded) {
  in_every_shape([](shape const& s) { return elastic_net{s.strength, 0.1 * s.strength}; });
}
BOOST_AUTO_TEST_CASE(box_is_bounded) {
  in_every_shape([](shape const& s) { return box{-0.3 * s.strength, s.strength}; });
}
BOOST_AUTO_TEST_CASE(box_of_l1_that_is_bounded_on_one_side_is_bounded) {
  in_every_shape([](shape const& s) { return box{-1, support::infinity, l1{s.strength}}; });
}
BOOST_AUTO_TEST_CASE(nonnegative_of_l1_is_bounded) {
  in_every_shape([](shape const& s) { return nonnegative{l1{s.strength}}; });
}
BOOST_AUTO_TEST_CASE(nonnegative_without_a_penalty_is_bounded_but_not_tightly) {
  in_every_shape([](shape const&) { return nonnegative{}; }, false);
}
BOOST_AUTO_TEST_CASE(group_l1_is_bounded) {
  in_every_shape([](shape const& s) {
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t j = 0; j != dimension_of(s); ++j) {
      if (j % 3 == 0) groups.emplace_back();
      groups.back().push_back(j);
    }
    return group_l1(groups, s.strength);
  });
}
BOOST_AUTO_TEST_CASE(weighted_l1_is_bounded) {
  in_every_shape([](shape const& s) {
    point weights(dimension_of(s));
    for (std::size_t j = 0; j != weights.size(); ++j) weights[j] = 0.5 + static_cast<double>(j % 3);
    return weighted{l1{s.strength}, weights};
  });
}

BOOST_AUTO_TEST_CASE(a_bound_by_hand) {
  // F(x) = ½(x − 3)² + |x| has its minimum at 2, where F* = 5/2. φ*(θ, y) = θ²/2 + θy, so that
  // D(θ) = −θ²/2 − 3θ for |θ| ≤ 1. At x = 0 θ = −3 is scaled to −1, where D = 5/2.
  dense_matrix<double> const a{{1}};
  point const y{3};
  linear_objective const f(a, y, squared{}, l1{1});
  auto const at_zero = bound_at(f, {0});
  BOOST_TEST(at_zero.objective == 4.5);
  BOOST_TEST(at_zero.bound == 2, boost::test_tools::tolerance(1e-12));
  // At x = 1 θ = −2 is scaled to −1, too: F(1) = 3.
  BOOST_TEST(bound_at(f, {1}).bound == 0.5, boost::test_tools::tolerance(1e-12));
  // At x = 4 θ = 1 is not scaled: F(4) = 4.5 and D = −3.5, though the gap is 2.
  BOOST_TEST(bound_at(f, {4}).bound == 8, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(bound_at(f, {2}).bound < 1e-12);
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_makes_the_same_bits) {
  auto const a = support::features<csr_matrix<double>>(50, 9, 0.5);
  auto const y = support::random_signs(50, 1);
  linear_objective const f(a, y, logistic{}, l1{0.05});
  auto const x = support::random_point(9, 3);
  double const one = bound_at(f, x, 1).bound;
  for (std::size_t const threads : {2U, 3U}) BOOST_TEST(bound_at(f, x, threads).bound == one);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_have_no_bound) {
  auto const a = support::features<csr_matrix<double>>(50, 3, 0.5);
  auto const y = support::random_signs(50, 1);
  linear_objective const f(a, y, logistic{}, l1{0.05});
  for (double const bad : {support::not_a_number, support::infinity, 1e308})
    BOOST_TEST(bound_at(f, {1, bad, 1}).bound == support::infinity);
  linear_objective const g(a, y, logistic{}, box{0, 1});
  BOOST_TEST(bound_at(g, {-1, 0, 0}).bound == support::infinity);  // outside the domain
}

BOOST_AUTO_TEST_CASE(conjugates_and_a_regularizer_without_a_gradient_are_needed) {
  BOOST_TEST((exists<logistic, l1> && exists<squared, group_l1> && exists<huber, box<l1>>));
  BOOST_TEST((exists<poisson, l1>));
  BOOST_TEST((!exists<support::required_members<logistic>, l1>));
  BOOST_TEST((!exists<logistic, l2>));
  BOOST_TEST((!exists<logistic, l1, float>));
  BOOST_TEST((!exists<logistic, support::absolute>));
}
