// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_metrics
#include "localsgd/planning/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <span>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

dense_matrix<double> const rows{{1, 0}, {0, 2}, {1, 1}, {3, 0}};
std::vector<double> const x{2, -1};  // predicts 2, -2, 1, 6

}  // namespace

BOOST_AUTO_TEST_CASE(the_mean_loss_leaves_out_the_penalty) {
  std::vector<double> const y{1, 0, 1, 4};  // errors 1, -2, 0, 2: half squares 0.5, 2, 0, 2
  linear_objective const f(rows, y, squared{}, l1{100});
  BOOST_TEST(mean_loss{}(f, std::span<double const>(x)) == 4.5 / 4);

  // With an intercept of 1/2 times 4: predicts 4, 0, 3, 8.
  std::vector<double> const with_intercept{2, -1, 4}, weights{1, 0, 0, 3};
  linear_objective const g(rows, y, squared{}, l1{100}, {.intercept = 0.5, .weights = weights});
  BOOST_TEST(mean_loss{}(g, std::span<double const>(with_intercept)) == (4.5 + 3 * 8) / 4);
}

BOOST_AUTO_TEST_CASE(an_offset_is_part_of_the_prediction) {
  std::vector<double> const y{1, 0, 1, 4}, offset{1, -1, 0, 2};  // predicts 3, -3, 1, 8
  linear_objective const f(rows, y, squared{}, l1{100}, {.offset = offset});
  BOOST_TEST(mean_loss{}(f, std::span<double const>(x)) == (2 + 4.5 + 0 + 8) / 4);
}

BOOST_AUTO_TEST_CASE(the_mean_loss_of_any_objective_is_what_its_gradient_returns_less_the_penalty) {
  std::vector<int> const labels{0, 1, 1, 1};
  softmax_objective const f(rows, labels, 2, l1{3});
  std::vector<double> const nothing(4), same{1, 2, 1, 2};  // equal scores: probability 1/2
  BOOST_TEST(mean_loss{}(f, std::span<double const>(nothing)) == std::log(2.0),
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(mean_loss{}(f, std::span<double const>(same)) == std::log(2.0),
             boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_error_rate_is_the_weighted_share_of_wrong_signs) {
  std::vector<double> const y{1, 1, -1, 1}, weights{1, 2, 0, 1};
  linear_objective const f(rows, y, logistic{}, l1{1});
  BOOST_TEST(error_rate{}(f, std::span<double const>(x)) == 0.5);
  linear_objective const weighted(rows, y, logistic{}, l1{1}, {.weights = weights});
  BOOST_TEST(error_rate{}(weighted, std::span<double const>(x)) == 0.5);
  // Classes 0 and 1, and a prediction of 0 is the negative class.
  std::vector<double> const zeros{0, 0, 0, 1}, nothing{0, 0};
  linear_objective const g(rows, zeros, squared{}, l1{1});
  BOOST_TEST(error_rate{}(g, std::span<double const>(nothing)) == 0.25);
}

BOOST_AUTO_TEST_CASE(the_error_rate_of_softmax_is_what_its_accuracy_lacks) {
  std::vector<int> const labels{0, 1, 1, 1};
  softmax_objective const f(rows, labels, 2, l1{3});
  std::vector<double> const some{1, -1, 0, 0.5};
  BOOST_TEST(error_rate{}(f, std::span<double const>(some)) ==
             1 - f.accuracy(std::span<double const>(some)));
}
