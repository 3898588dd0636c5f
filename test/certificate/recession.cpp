// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_recession
#include "localsgd/certificate/recession.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "test/support/teams.hpp"
#include "test/support/problems.hpp"

using namespace localsgd;
using point = std::vector<double>;

namespace {

template <class F>
bool recedes(F const& f, point const& x, std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 2, 1);
  detail::full_gradient pass(f, p);
  bool answer = false;
  support::with_team(2, threads, [&](auto& team) {
    std::span<double const> const at(x);
    pass(f, at, team);
    team.barrier();
    point const before(pass.totals().begin(), pass.totals().end());
    team.barrier();
    bool const here = detail::recedes_along(f, at, pass, team);
    if (!team.leads()) return;
    answer = here;
    if (x[0] == x[0]) BOOST_TEST(std::ranges::equal(pass.totals(), before));
  });
  return answer;
}

dense_matrix<double> const a{{1, 0}, {2, 1}, {-1, 0}, {0, 0}};
point const y{1, 1, -1, 1};

}  // namespace

BOOST_AUTO_TEST_CASE(the_logistic_loss_falls_for_ever_where_x_separates) {
  linear_objective const f(a, y, logistic{}, no_penalty{});
  BOOST_TEST(recedes(f, {1, 0}));
  BOOST_TEST(recedes(f, {1e-6, 0}, 2));  // whatever the length
  BOOST_TEST(!recedes(f, {0, 0}));
  BOOST_TEST(!recedes(f, {-1, 0}));
  BOOST_TEST(!recedes(f, {1, -3}));   // row 2
  BOOST_TEST(!recedes(f, {0, 1}));    // ⟨a, x⟩ = 0: rounding could decide
  BOOST_TEST(!recedes(f, {support::not_a_number, 1}));
  linear_objective const ridge(a, y, logistic{}, l2{1e-9}), none(a, y, logistic{}, l2{0});
  BOOST_TEST((!recedes(ridge, {1, 0}) && recedes(none, {1, 0})));
}

BOOST_AUTO_TEST_CASE(weights_of_0_and_the_intercept_count) {
  point const labels{1, 1, -1, -1}, weights{1, 1, 1, 0};
  linear_objective const f(a, labels, logistic{}, no_penalty{}, {.intercept = 1});
  BOOST_TEST(!recedes(f, {1, 0, 0.5}));  // the last label
  BOOST_TEST(recedes(f, {1, 0, -0.5}));
  linear_objective const g(a, labels, logistic{}, no_penalty{}, {.intercept = 1, .weights = weights});
  BOOST_TEST(recedes(g, {1, 0, 0.5}));
}

BOOST_AUTO_TEST_CASE(losses_that_reach_their_minimum_or_grow_do_not) {
  BOOST_TEST(!recedes(linear_objective(a, y, squared_hinge{}, no_penalty{}), {1, 0}));  // 0 is reached
  BOOST_TEST(!recedes(linear_objective(a, y, squared{}, no_penalty{}), {1, 0}));
  BOOST_TEST(!recedes(linear_objective(a, y, huber{1}, no_penalty{}), {1, 0}));
  point const none{0, 0, 0, 0}, some{0, 0, 1, 0};
  dense_matrix<double> const positive{{1, 0}, {2, 1}, {1, 0}, {1, 1}};
  BOOST_TEST(recedes(linear_objective(positive, none, poisson{10}, no_penalty{}), {-1, 0}));
  BOOST_TEST(!recedes(linear_objective(positive, some, poisson{10}, no_penalty{}), {-1, 0}));
}

BOOST_AUTO_TEST_CASE(softmax_falls_for_ever_where_all_labels_have_the_largest_score) {
  std::vector<int> const classes{0, 0, 1, 1};
  softmax_objective const f(a, classes, 2, no_penalty{});
  BOOST_TEST(recedes(f, {1, 0, -1, 0}));
  BOOST_TEST(!recedes(f, {0, 0, 0, 0}));
  BOOST_TEST(!recedes(f, {-1, 0, 1, 0}));
}

BOOST_AUTO_TEST_CASE(other_penalties_are_not_looked_at) {
  BOOST_TEST((!detail::may_recede<linear_objective<dense_matrix<double>, logistic, double, l1>>));
  BOOST_TEST(!recedes(linear_objective(a, y, logistic{}, l1{0}), {1, 0}));
}
