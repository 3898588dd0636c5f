// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_proximal_softmax
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/proximal.hpp"

// Softmax regression with a regularizer without a gradient, the default worker and a tolerance.

using namespace localsgd;
using point = std::vector<double>;

namespace {

// With an odd number of classes the minimiser is unique: a shift of all classes costs something.
constexpr std::size_t n = 200, d = 30, classes = 3;

struct problem {
  dense_matrix<double> dense = support::features<dense_matrix<double>>(n, d, 0.4);
  csr_matrix<double> sparse = to_csr(dense);
  std::vector<int> labels = std::vector<int>(n);
  point weights = point(n);
  problem() {
    support::numbers random(3);
    for (std::size_t i = 0; i != n; ++i) {
      weights[i] = static_cast<double>(1 + i % 3);
      double best = -100;
      for (std::size_t c = 0; c != classes; ++c) {  // each class has two features
        double const score = dense(i, 2 * c) - dense(i, 2 * c + 1) + random.between(-1, 1);
        if (score > best) best = score, labels[i] = static_cast<int>(c);
      }
    }
  }
};
problem const& data() {
  static problem const it;
  return it;
}

point point_of(auto const& r) { return {r.x.begin(), r.x.end()}; }

// The least subgradient is 0 only at the minimum, so the optimality conditions suffice.
template <class F>
auto reaches_the_minimum(F const& f, std::size_t workers = 3) {
  double const start = support::at(f, point(f.dimension())).value;
  auto const r = minimize(f, {.workers = workers, .tolerance = 1e-10 * start}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate <= 1e-10 * start);
  BOOST_TEST(support::least_slope(f, point_of(r)) < 1e-6);
  // The work of all Newton steps, in gradients: local steps alone take hundreds of epochs.
  BOOST_TEST(r.gradients < 60 * f.samples());
  BOOST_TEST(r.steps == 0);
  // No earlier certificate is below the gap.
  for (double const share : {1e-2, 1e-4}) {
    auto const early = minimize(f, {.workers = workers, .tolerance = share * start}, serial{});
    BOOST_TEST(early.certificate <= share * start);
    BOOST_TEST(early.certificate >= early.objective - r.objective - 1e-14);
  }
  return point_of(r);
}

// λ‖x‖₁ + (μ/2)‖x‖² with the members that Newton steps and a certificate require, and no others.
struct own_penalty {
  double lambda, mu;

  double value(std::span<double const> x) const {
    double sum = 0;
    for (double const e : x) sum += lambda * std::abs(e) + mu / 2 * e * e;
    return sum;
  }
  double prox_at(std::size_t, double v, double step) const {
    return std::copysign(std::max(std::abs(v) - step * lambda, 0.0), v) / (1 + step * mu);
  }
  void prox(std::span<double> x, double step) const {
    for (double& e : x) e = prox_at(0, e, step);
  }
  double conjugate(std::span<double const> u) const {
    double sum = 0;
    for (double const e : u) sum += std::pow(std::max(std::abs(e) - lambda, 0.0), 2) / (2 * mu);
    return sum;
  }
  double strong_convexity() const { return mu; }
  std::string identity() const {
    return "own_penalty(" + std::to_string(lambda) + ", " + std::to_string(mu) + ")";
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(l1_gives_the_zeros_of_the_minimiser) {
  auto const& p = data();
  double const lambda = 0.01;
  softmax_objective const f(p.dense, p.labels, classes, l1{lambda});
  auto const x = reaches_the_minimum(f);
  // Exactly where the gradient of the losses is below λ.
  auto const g = support::loss_gradient(f, x);
  std::size_t zeros = 0;
  for (std::size_t j = 0; j != x.size(); ++j) {
    if (std::abs(g[j]) < lambda * (1 - 1e-6)) BOOST_TEST(x[j] == 0);
    if (x[j] != 0)
      BOOST_TEST(g[j] == (x[j] > 0 ? -lambda : lambda), boost::test_tools::tolerance(1e-5));
    zeros += x[j] == 0 ? 1 : 0;
  }
  BOOST_TEST((zeros > x.size() / 4 && zeros < x.size()));
  // Another algorithm finds the same point.
  auto const reference = support::reference_minimiser(f);
  BOOST_REQUIRE(support::least_slope(f, reference) < 1e-7);
  BOOST_TEST(support::same_zeros(x, reference));
  BOOST_TEST(support::euclidean_distance(x, reference) < 1e-5);
}

BOOST_AUTO_TEST_CASE(with_rows_weights_and_intercepts) {
  auto const& p = data();
  for (bool const regularized : {false, true})
    reaches_the_minimum(softmax_objective(
        p.sparse, p.labels, classes, l1{0.02},
        {.intercept = 1, .weights = p.weights, .regularize_intercept = regularized}));
  reaches_the_minimum(softmax_objective(p.sparse, p.labels, classes, elastic_net{0.01, 0.01}), 1);
}

BOOST_AUTO_TEST_CASE(bounds_and_weights_of_coefficients) {
  auto const& p = data();
  auto const x = reaches_the_minimum(
      softmax_objective(p.dense, p.labels, classes, box{-0.1, 0.2, l1{0.005}}));
  BOOST_TEST(std::ranges::count(x, -0.1) > 0);
  BOOST_TEST(std::ranges::count(x, 0.2) > 0);
  auto const y =
      reaches_the_minimum(softmax_objective(p.sparse, p.labels, classes, nonnegative{l1{0.01}}));
  BOOST_TEST(std::ranges::min(y) == 0);
  point s(classes * d);
  for (std::size_t j = 0; j != s.size(); ++j) s[j] = 0.25 * static_cast<double>(1 + j % 5);
  reaches_the_minimum(softmax_objective(p.dense, p.labels, classes, weighted{l1{0.02}, s}));
}

BOOST_AUTO_TEST_CASE(a_users_regularizer_is_minimised) {
  auto const& p = data();
  softmax_objective const mine(p.dense, p.labels, classes, own_penalty{0.01, 0.01});
  softmax_objective const stock(p.dense, p.labels, classes, elastic_net{0.01, 0.01});
  auto const x = reaches_the_minimum(stock);
  auto const r = minimize(mine, {.workers = 3, .tolerance = 1e-10}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.gradients < 60 * n);
  BOOST_TEST(support::euclidean_distance(point_of(r), x) < 1e-6);
  BOOST_TEST(support::same_zeros(point_of(r), x));
}

BOOST_AUTO_TEST_CASE(groups_of_features_and_of_classes) {
  auto const& p = data();
  softmax_objective const f(p.dense, p.labels, classes,
                            group_l1::strided(classes * d, d, 0.015), {.intercept = 1});
  auto const x = reaches_the_minimum(f);
  for (std::size_t j = 0; j != d; ++j)  // a feature is used by all classes or by none
    for (std::size_t c = 1; c != classes; ++c) BOOST_TEST((x[j] == 0) == (x[c * d + j] == 0));
  BOOST_TEST((support::zeros_of(x) > 0 && support::zeros_of(x) < x.size() - classes));
  reaches_the_minimum(softmax_objective(p.dense, p.labels, classes,
                                        group_l1::consecutive(classes * d, d / 2, 0.01)));
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_makes_the_same_bits) {
  auto const& p = data();
  softmax_objective const f(p.sparse, p.labels, classes, l1{0.005}, {.intercept = 1});
  settings const s{.workers = 5, .tolerance = 1e-8};
  auto const one = minimize(f, s, serial{});
  for (std::size_t const threads : {2U, 3U, 5U}) {
    auto const other = minimize(f, s, thread_pool{threads});
    BOOST_TEST((point_of(other) == point_of(one)));
    BOOST_TEST(other.certificate == one.certificate);
    BOOST_TEST(other.gradients == one.gradients);
  }
}

BOOST_AUTO_TEST_CASE(a_penalty_above_the_largest_slope_at_zero_gives_zero) {
  auto const& p = data();
  softmax_objective const mean(p.dense, p.labels, classes, l1{0});
  double most = 0;
  for (double const e : support::loss_gradient(mean, point(classes * d)))
    most = std::max(most, std::abs(e));
  softmax_objective const f(p.dense, p.labels, classes, l1{1.001 * most});
  auto const r = minimize(f, {.tolerance = 1e-9}, serial{});
  BOOST_TEST((point_of(r) == point(classes * d)));
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  softmax_objective const less(p.dense, p.labels, classes, l1{0.999 * most});
  BOOST_TEST(support::zeros_of(minimize(less, {.tolerance = 1e-12}, serial{}).x) < classes * d);
}

BOOST_AUTO_TEST_CASE(iterates_of_float_are_minimised) {
  auto const& p = data();
  softmax_objective const f(p.dense, p.labels, classes, l1{0.01}, iterate_type<float>{});
  softmax_objective const g(p.dense, p.labels, classes, l1{0.01});
  auto const r = minimize(f, {.tolerance = 1e-4}, serial{});
  auto const s = minimize(g, {.tolerance = 1e-10}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate >= r.objective - s.objective - 1e-6);
  BOOST_TEST(r.gradients < 60 * n);
  BOOST_TEST(support::euclidean_distance(point_of(r), point_of(s)) < 0.05);
}
