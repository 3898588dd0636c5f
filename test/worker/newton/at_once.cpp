// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_at_once
#include "localsgd/worker/newton/at_once.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::newton_begins_at_once;

constexpr std::size_t n = 200, d = 6;
constexpr double lambda = 1.0 / n;

// The same curvature as `squared`, under another name.
struct own_squares {
  double value(double z, double y) const { return (z - y) * (z - y) / 2; }
  double derivative(double z, double y) const { return z - y; }
  double curvature() const { return 1; }
};

// Counts the evaluations at a prediction of 0, which is that of every sample at the start.
struct counting_squares : squared {
  double value(double z, double y) const {
    if (z == 0) ++evaluations_at_0;
    return squared::value(z, y);
  }
  static inline std::atomic<std::size_t> evaluations_at_0 = 0;
};

template <class F>
plan plan_of(F const& f, double tolerance) {
  plan p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  p.flops_per_sample = f.flops_per_sample();
  p.tolerance = tolerance;
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(newton_steps_begin_at_once_for_least_squares_with_few_features) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const stock(a, y, squared{}, l2{lambda});
  linear_objective const own(a, y, own_squares{}, l2{lambda});
  BOOST_TEST(newton_begins_at_once(stock, plan_of(stock, 1e-6)));
  BOOST_TEST(newton_begins_at_once(own, plan_of(own, 1e-6)));
  BOOST_TEST(!newton_begins_at_once(stock, plan_of(stock, 0)));
}

BOOST_AUTO_TEST_CASE(other_methods_come_first_for_least_squares_if_the_hessian_is_expensive) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, squared{}, l2{lambda});
  plan wide = plan_of(f, 1e-6);
  wide.dimension = 1000;  // more than samples: the dual problem is smaller
  wide.flops_per_sample = 1000;
  BOOST_TEST(!newton_begins_at_once(f, wide));
  wide.samples = 1000;
  BOOST_TEST(newton_begins_at_once(f, wide));
  wide.dimension = 1025;  // no Hessian is factorized
  wide.samples = 10000;
  BOOST_TEST(!newton_begins_at_once(f, wide));
}

BOOST_AUTO_TEST_CASE(a_newton_step_comes_later_if_it_costs_more_than_four_epochs) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  for (std::size_t const dimension : {10u, 100u, 200u, 300u, 1000u}) {
    double const entries = static_cast<double>(dimension);
    double const cost = detail::newton_step_in_epochs(
        detail::work_of_row(false, dimension, dimension), dimension, 5000);
    BOOST_TEST(detail::newton_comes_later(f, dimension, 5000, entries) == (cost > 4));
  }
  BOOST_TEST(!detail::newton_comes_later(f, 10, 5000, 10));
  BOOST_TEST(detail::newton_comes_later(f, 1000, 5000, 1000));
  BOOST_TEST(detail::newton_comes_later(f, 1025, 5000, 1));
}

BOOST_AUTO_TEST_CASE(least_squares_end_after_one_newton_step_and_the_history_has_the_start) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, squared{}, l2{lambda});
  result const r = minimize(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate <= 1e-10);
  BOOST_TEST(r.steps == 0u);
  BOOST_REQUIRE(r.history.size() == 2u);
  BOOST_TEST(r.history.front().objective == 0.5);  // y = ±1 and x = 0
  BOOST_TEST(r.history.front().gradients == n);
  BOOST_TEST(r.history.back().objective == r.objective);
  BOOST_TEST(r.history.back().gradients == r.gradients);
}

BOOST_AUTO_TEST_CASE(the_start_is_evaluated_once) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, counting_squares{}, l2{lambda});
  result const r = minimize(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(counting_squares::evaluations_at_0 == n);
}

BOOST_AUTO_TEST_CASE(the_history_has_the_start_where_regularizers_begin_with_newton_steps) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, squared{}, l1{1e-3});
  result const r = minimize(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.history.front().objective == 0.5);
  BOOST_TEST(r.objective < 0.5);
}

BOOST_AUTO_TEST_CASE(a_run_whose_start_is_certified_makes_no_newton_step) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, squared{}, l1{10});  // above lambda_max: |x| <= 1 in every feature
  result const r = minimize(f, {.tolerance = 1e-10});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.history.size() == 1u);
  BOOST_TEST(r.objective == 0.5);
}

BOOST_AUTO_TEST_CASE(local_steps_come_first_with_a_regularizer_that_has_a_gradient) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{lambda});
  linear_objective const g(a, y, logistic{}, no_penalty{});
  BOOST_TEST(!newton_begins_at_once(f, plan_of(f, 1e-6)));
  BOOST_TEST(!newton_begins_at_once(g, plan_of(g, 1e-6)));
}

BOOST_AUTO_TEST_CASE(newton_steps_begin_at_once_with_a_regularizer_without_a_gradient) {
  auto const a = support::random_features<double>(n, d, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l1{lambda});
  BOOST_TEST(newton_begins_at_once(f, plan_of(f, 1e-6)));
  BOOST_TEST(!newton_begins_at_once(f, plan_of(f, 0)));
}

BOOST_AUTO_TEST_CASE(newton_steps_begin_at_once_with_small_groups_only) {
  constexpr std::size_t columns = 40;
  auto const a = support::random_features<double>(n, columns, 1);
  std::vector<double> const y = support::random_signs(n, 2);
  auto const begins = [&](std::size_t size) {
    linear_objective const f(a, y, logistic{}, group_l1::consecutive(columns, size, lambda));
    return newton_begins_at_once(f, plan_of(f, 1e-6));
  };
  BOOST_TEST(begins(20));
  BOOST_TEST(!begins(40));
}
