// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dual_dual_point
#include "localsgd/worker/dual/dual_point.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::dual_point;

constexpr std::size_t n = 40, d = 90;
constexpr double lambda = 0.02;

template <class F>
plan plan_of(F const& f) {
  return {.samples = f.samples(), .dimension = f.dimension(), .workers = 4, .batch_size = 1, .seed = 3};
}

struct problem {
  csr_matrix<double> features = support::features<csr_matrix<double>>(n, d, 0.1);
  std::vector<double> signs = support::random_signs(n, 4), targets = support::random_point(n, 7),
                      weights = [] {
                        std::vector<double> made(n, 0.75);
                        made[5] = made[30] = 3;
                        made[8] = 0;
                        return made;
                      }();
};
problem const& data() {
  static problem const it;
  return it;
}

template <class F>
std::vector<double> point_of(F const& f, dual_point<F> const& dual, double intercept) {
  std::vector<double> sum(f.dimension()), x(f.dimension());
  x.back() = intercept;
  dual.add_point(f, {0, f.samples()}, sum);
  dual.take_point(sum, x);
  return x;
}

// f(x) − D(θ) without an intercept, or with a penalised one.
template <class F>
double gap_of(F const& f, dual_point<F> const& dual) {
  auto const x = point_of(f, dual, 0);
  double conjugates = 0, square = 0;
  for (std::size_t i = 0; i != f.samples(); ++i)
    conjugates += f.scale(i) * f.loss().conjugate(dual.theta()[i], f.target(i));
  for (double const each : x) square += each * each;
  return support::at(f, x).value + conjugates / static_cast<double>(f.samples()) + lambda / 2 * square;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_epoch_keeps_the_point_and_its_dual_variables_together) {
  for (double const intercept : {0.0, 2.0}) {
    linear_objective const f(data().features, data().signs, logistic{}, l2{lambda},
                             linear_options{.intercept = intercept, .weights = data().weights,
                                            .regularize_intercept = true});
    plan const p = plan_of(f);
    dual_point dual(f, p);
    dual.prepare(f);
    std::vector<double> x(f.dimension());
    for (std::uint64_t e = 0; e != 3; ++e) dual.epoch(f, x, e);
    BOOST_TEST(support::relative_distance(x, point_of(f, dual, 0)) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(the_gap_falls_linearly_to_rounding) {
  linear_objective const f(data().features, data().signs, logistic{}, l2{lambda},
                           linear_options{.weights = data().weights});
  plan const p = plan_of(f);
  dual_point dual(f, p);
  dual.prepare(f);
  std::vector<double> x(f.dimension());
  double before = gap_of(f, dual);
  for (std::uint64_t e = 0; e != 12; ++e) {
    dual.epoch(f, x, e);
    double const gap = gap_of(f, dual);
    BOOST_TEST(gap > -1e-15);
    BOOST_TEST(gap < std::max(before / 1.5, 1e-14));
    before = gap;
  }
}

BOOST_AUTO_TEST_CASE(what_an_epoch_returns_is_the_weighted_square_of_the_moves) {
  // One sample: q = a²/(λn), and θ moves from 0 to (0 − y)/(1 + q).
  dense_matrix<double> a(std::array<std::size_t, 2>{1, 1});
  a(0, 0) = 3;
  std::vector<double> const y{2};
  linear_objective const f(a, y, squared{}, l2{lambda});
  plan const p = plan_of(f);
  dual_point dual(f, p);
  dual.prepare(f);
  std::vector<double> x(1);
  double const q = 9 / lambda, theta = -2 / (1 + q);
  BOOST_TEST(dual.epoch(f, x, 0) == q * theta * theta, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(dual.theta()[0] == theta, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(dual.squared_slopes(f) == theta * theta, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(x[0] == -3 * theta / lambda, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(with_a_free_intercept_the_slopes_come_to_balance) {
  linear_objective const f(data().features, data().targets, squared{}, l2{lambda},
                           linear_options{.intercept = 2, .weights = data().weights});
  plan const p = plan_of(f);
  dual_point dual(f, p);
  dual.prepare(f);
  std::vector<double> x(f.dimension());
  for (std::uint64_t e = 0; e != 250; ++e) dual.epoch(f, x, e);
  double sum = 0;
  for (std::size_t i = 0; i != n; ++i) sum += f.scale(i) * dual.theta()[i];
  BOOST_TEST(std::abs(sum) < 1e-9);
  auto const best = point_of(f, dual, x.back());
  BOOST_TEST(support::norm(support::at(f, best).gradient) < 1e-9);  // the minimum of f
}

BOOST_AUTO_TEST_CASE(it_can_begin_with_the_slopes_at_a_point) {
  for (bool const penalised : {true, false}) {
    linear_objective const f(data().features, data().signs, logistic{}, l2{lambda},
                             linear_options{.intercept = 2, .weights = data().weights,
                                            .regularize_intercept = penalised});
    plan const p = plan_of(f);
    dual_point dual(f, p);
    dual.prepare(f);
    auto const from = support::random_point(f.dimension(), 2);
    std::vector<double> x(f.dimension());
    dual.start_at(f, from, x);
    // ∇f(x) = λx + h(θ) without the penalty of a free intercept, so x(θ) = x − ∇f(x)/λ.
    auto const gradient = support::at(f, from).gradient;
    for (std::size_t j = 0; j + 1 != x.size(); ++j)
      BOOST_TEST(std::abs(x[j] - (from[j] - gradient[j] / lambda)) < 1e-11);
    double const last = penalised ? from.back() - gradient.back() / lambda : from.back();
    BOOST_TEST(std::abs(x.back() - last) < 1e-11);
    BOOST_TEST(dual.theta()[8] == 0);  // a sample without weight
  }
}

BOOST_AUTO_TEST_CASE(the_intercept_found_is_the_best_for_the_other_coordinates) {
  linear_objective const f(data().features, data().signs, logistic{}, l2{lambda},
                           linear_options{.intercept = 0.5});
  plan const p = plan_of(f);
  dual_point dual(f, p);
  dual.prepare(f);
  auto x = support::random_point(f.dimension(), 2);
  auto const before = x;
  dual.find_intercept(f, x);
  BOOST_TEST(std::abs(support::at(f, x).gradient.back()) < 1e-13);
  x.back() = before.back();
  BOOST_TEST(x == before);
}

BOOST_AUTO_TEST_CASE(the_order_is_a_function_of_the_seed_and_the_number) {
  linear_objective const f(data().features, data().signs, logistic{}, l2{lambda});
  auto const theta = [&](std::uint64_t seed, std::uint64_t number) {
    plan p = plan_of(f);
    p.seed = seed;
    dual_point dual(f, p);
    dual.prepare(f);
    std::vector<double> x(f.dimension());
    dual.epoch(f, x, number);
    return std::vector<double>(dual.theta().begin(), dual.theta().end());
  };
  BOOST_TEST(theta(3, 0) == theta(3, 0));
  BOOST_TEST(theta(3, 0) != theta(3, 1));
  BOOST_TEST(theta(3, 0) != theta(4, 0));
}
