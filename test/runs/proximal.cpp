// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_proximal
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
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
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/proximal.hpp"

// Regularizers without a gradient, with the default worker and a tolerance.

using namespace localsgd;
using point = std::vector<double>;

namespace {

constexpr std::size_t n = 120, d = 24;

struct problem {
  dense_matrix<double> dense = support::features<dense_matrix<double>>(n, d, 0.4);
  csr_matrix<double> sparse = to_csr(dense);
  point labels = support::random_signs(n, 1), reals = point(n), weights = point(n);
  problem() {
    support::numbers random(3);
    for (std::size_t i = 0; i != n; ++i) {
      weights[i] = static_cast<double>(1 + i % 3);
      reals[i] = dense(i, 0) - 0.5 * dense(i, 1) + 0.3 * dense(i, 2) + random.between(-0.5, 0.5);
      if (random.below(5) != 0) labels[i] = reals[i] > 0 ? 1 : -1;
    }
  }
};
problem const& data() {
  static problem const it;
  return it;
}

point point_of(auto const& r) { return {r.x.begin(), r.x.end()}; }

// The answer has the zeros of the minimiser, and meets the optimality conditions.
template <class F>
auto check_answer(F const& f, settings const& s) {
  auto const reference = support::reference_minimiser(f);
  BOOST_REQUIRE(support::least_slope(f, reference) < 1e-7);
  auto const r = minimize(f, s, serial{});
  auto const x = point_of(r);
  BOOST_TEST(support::same_zeros(x, reference));
  BOOST_TEST(support::euclidean_distance(x, reference) < 1e-5);
  BOOST_TEST(support::least_slope(f, x) < 1e-5);
  double const least = support::at(f, reference).value;
  BOOST_TEST(std::abs(r.objective - least) < 1e-9);
  // A run of local steps alone has many evaluations.
  auto const local = minimize(
      f, {.workers = s.workers, .local_steps = 5, .epochs = 20, .evaluations = 20}, serial{});
  BOOST_TEST(local.history.size() > 15);
  BOOST_TEST(local.objective - least < 0.05);  // with group_l1 these are steps of sgd
  for (auto const* each : {&r, &local})
    for (auto const& e : each->history) BOOST_TEST(e.certificate >= e.objective - least - 1e-14);
  return r;
}
template <class F>
void reaches_the_minimum(F const& f) {
  for (std::size_t const workers : {1U, 5U}) {
    auto const r = check_answer(f, {.workers = workers, .tolerance = 1e-10});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.certificate <= 1e-10);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(l1_gives_the_zeros_of_the_minimiser) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, l1{0.03});
  reaches_the_minimum(f);
  // Exactly where the gradient of the losses is below λ.
  auto const x = point_of(minimize(f, {.tolerance = 1e-10}, serial{}));
  auto const g = support::loss_gradient(f, x);
  std::size_t zeros = 0;
  for (std::size_t j = 0; j != d; ++j) {
    if (std::abs(g[j]) < 0.03 * (1 - 1e-6)) {
      BOOST_TEST(x[j] == 0);
      ++zeros;
    }
    if (x[j] != 0)
      BOOST_TEST(g[j] == (x[j] > 0 ? -0.03 : 0.03), boost::test_tools::tolerance(1e-5));
  }
  BOOST_TEST((zeros > d / 4 && zeros < d));
}

BOOST_AUTO_TEST_CASE(l1_with_other_losses_rows_weights_and_an_intercept) {
  auto const& p = data();
  linear_options const options{.intercept = 1, .weights = p.weights};
  reaches_the_minimum(linear_objective(p.dense, p.reals, squared{}, l1{0.05}));
  reaches_the_minimum(linear_objective(p.sparse, p.labels, squared_hinge{}, l1{0.1}, options));
  reaches_the_minimum(linear_objective(p.sparse, p.reals, huber{0.5}, l1{0.05}));
  reaches_the_minimum(linear_objective(p.sparse, p.reals, smoothed_quantile{0.7, 0.5}, l1{0.05}));
}

BOOST_AUTO_TEST_CASE(elastic_net_gives_the_zeros_of_the_minimiser) {
  auto const& p = data();
  reaches_the_minimum(linear_objective(p.sparse, p.labels, logistic{}, elastic_net{0.03, 0.02}));
}

BOOST_AUTO_TEST_CASE(bounds_are_met_exactly) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, box{-0.1, 0.2});
  reaches_the_minimum(f);
  auto const x = point_of(minimize(f, {.tolerance = 1e-10}, serial{}));
  BOOST_TEST(std::ranges::count(x, -0.1) > 0);
  BOOST_TEST(std::ranges::count(x, 0.2) > 0);
  reaches_the_minimum(linear_objective(p.dense, p.reals, squared{}, box{0.05, 0.3, l1{0.02}}));
}

BOOST_AUTO_TEST_CASE(nonnegative_coefficients_with_and_without_a_penalty) {
  auto const& p = data();
  reaches_the_minimum(linear_objective(p.sparse, p.labels, logistic{}, nonnegative{l1{0.01}}));
  // Without one no dual point is feasible but at the minimum, so nothing proves the tolerance.
  linear_objective const f(p.dense, p.reals, squared{}, nonnegative{});
  auto const r = check_answer(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::stalled));
  BOOST_TEST(support::zeros_of(r.x) > 0);
}

BOOST_AUTO_TEST_CASE(weights_of_coefficients_scale_their_penalty) {
  auto const& p = data();
  point s(d);
  for (std::size_t j = 0; j != d; ++j) s[j] = 0.25 * static_cast<double>(1 + j % 5);
  reaches_the_minimum(linear_objective(p.sparse, p.labels, logistic{}, weighted{l1{0.03}, s}));
  s[0] = s[7] = 0;  // free: no certificate
  linear_objective const f(p.sparse, p.labels, logistic{}, weighted{l1{0.03}, s});
  auto const r = check_answer(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::stalled));
}

BOOST_AUTO_TEST_CASE(whole_groups_are_zero) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, group_l1::consecutive(d, 3, 0.03));
  reaches_the_minimum(f);
  auto const x = point_of(minimize(f, {.tolerance = 1e-10}, serial{}));
  std::size_t groups = 0;
  for (std::size_t g = 0; g != d; g += 3) {
    auto const zeros = std::count(x.begin() + static_cast<std::ptrdiff_t>(g),
                                  x.begin() + static_cast<std::ptrdiff_t>(g + 3), 0.0);
    BOOST_TEST((zeros == 0 || zeros == 3));
    groups += zeros == 3 ? 1 : 0;
  }
  BOOST_TEST((groups > 0 && groups < d / 3));
}

BOOST_AUTO_TEST_CASE(a_penalty_above_the_largest_slope_at_zero_gives_zero) {
  auto const& p = data();
  linear_objective const mean(p.sparse, p.labels, logistic{}, l1{0});
  double most = 0;
  for (double const e : support::loss_gradient(mean, point(d))) most = std::max(most, std::abs(e));
  for (double const factor : {1.001, 2.0, 1e6}) {
    linear_objective const f(p.sparse, p.labels, logistic{}, l1{factor * most});
    auto const r = minimize(f, {.tolerance = 1e-9}, serial{});
    BOOST_TEST((point_of(r) == point(d)));
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST((point_of(minimize(f, {.workers = 3, .epochs = 5}, serial{})) == point(d)));
  }
  linear_objective const less(p.sparse, p.labels, logistic{}, l1{0.999 * most});
  BOOST_TEST(support::zeros_of(minimize(less, {.tolerance = 1e-12}, serial{}).x) == d - 1);
}

BOOST_AUTO_TEST_CASE(a_penalty_of_zero_is_no_penalty) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, l1{0});
  linear_objective const mean(p.sparse, p.labels, logistic{}, no_penalty{});
  auto const r = minimize(f, {.epochs = 200}, serial{}),
             s = minimize(mean, {.epochs = 200}, serial{}, svrg{});
  BOOST_TEST(support::norm(support::loss_gradient(f, point_of(r))) < 1e-5);
  BOOST_TEST(support::euclidean_distance(r.x, s.x) < 1e-4);
  BOOST_TEST(std::abs(r.objective - s.objective) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_fixed_number_of_epochs_ends_with_exact_zeros) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, l1{0.03});
  auto const reference = support::reference_minimiser(f);
  auto const r = minimize(f, {.epochs = 60}, serial{});
  BOOST_TEST(support::same_zeros(point_of(r), reference));
  BOOST_TEST(r.objective - support::at(f, reference).value < 1e-6);
}
