// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_intercept_reach
#include "localsgd/evaluation/intercept_reach.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;

// Rows (3, 4) and (0, 1), with squared norms of 25 and 1.
dense_matrix<double> const a{{3, 4}, {0, 1}};
std::vector<double> const y{1, -1};

template <class F>
double reach(F const& f) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 2, 1);
  detail::full_gradient pass(f, p);
  double found = 0;
  support::with_team(p.workers, 2, [&](auto& team) {
    double const mine = detail::intercept_reach(f, pass, team);
    if (team.leads()) found = mine;
  });
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_grows_with_the_rows_over_the_intercept_feature) {
  BOOST_TEST(reach(linear_objective(a, y, logistic{}, l2{0.1}, {.intercept = 1})) == 14.0);
  BOOST_TEST(reach(linear_objective(a, y, logistic{}, l2{0.1}, {.intercept = 2})) == 4.25);
}

BOOST_AUTO_TEST_CASE(sample_weights_count) {
  std::vector<double> const w{1, 3};  // scaled to a mean of 1: 1/2 and 3/2
  linear_objective const f(a, y, logistic{}, l2{0.1}, {.intercept = 1, .weights = w});
  BOOST_TEST(reach(f) == 8.0);
}

BOOST_AUTO_TEST_CASE(without_a_free_intercept_it_is_one) {
  BOOST_TEST(reach(linear_objective(a, y, logistic{}, l2{0.1})) == 1.0);
  linear_objective const f(a, y, logistic{}, l2{0.1},
                           {.intercept = 1, .regularize_intercept = true});
  BOOST_TEST(reach(f) == 1.0);
}
