// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_at_once
#include "localsgd/worker/newton/at_once.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
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

template <class F>
plan plan_of(F const& f, double tolerance) {
  plan p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  p.flops_per_sample = f.flops_per_sample();
  p.tolerance = tolerance;
  return p;
}

}  // namespace

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
