// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_lambda_sequence
#include "localsgd/planning/lambda_sequence.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

/// A linear model that says whether its intercept is regularised.
template <class Base>
struct with_intercept : Base {
  bool regularized;
  with_intercept(Base base, bool is) : Base(std::move(base)), regularized(is) {}
  bool regularizes_intercept() const noexcept { return regularized; }
};

dense_matrix<double> const rows{{1, 0}, {0, 2}, {1, 1}, {3, 0}};

}  // namespace

BOOST_AUTO_TEST_CASE(lambda_max_is_the_largest_slope_of_the_loss_at_0) {
  // Squared loss: -(1/4) sum_i y_i a_i = -(1/4) (1*1 + 2*1 - 1*3, -1*2 + 2*1) = (0, 0) for these
  // targets, and for the second ones -(1/4) (1 + 2 + 3, 2*2 + 2*1).
  std::vector<double> const none{1, -1, 2, -1}, y{1, 2, 2, 1};
  BOOST_TEST(lambda_max(linear_objective(rows, none, squared{}, l1{1})) == 0);
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, l1{1})) == 1.5);
  // The strength of the penalty, and its kind, do not matter.
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, l1{7})) == 1.5);
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, elastic_net{1, 2})) == 1.5);
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, l2{3})) == 1.5);
  // Sparse rows, and x of float.
  auto const sparse = to_csr(rows);
  BOOST_TEST(lambda_max(linear_objective(sparse, y, squared{}, l1{1})) == 1.5);
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, l1{1}, {}, iterate_type<float>{})) ==
             1.5);
  // Logistic: phi'(0, y) = -y/2.
  std::vector<double> const signs{1, 1, 1, 1};
  BOOST_TEST(lambda_max(linear_objective(rows, signs, logistic{}, l1{1})) == 5.0 / 8);
}

BOOST_AUTO_TEST_CASE(a_regularised_intercept_is_a_coordinate_like_the_others) {
  std::vector<double> const y{1, 2, 2, 1};
  linear_objective const f(rows, y, squared{}, l1{1}, {.intercept = 4});
  BOOST_TEST(lambda_max(with_intercept(f, true)) == 6);
}

BOOST_AUTO_TEST_CASE(free_intercepts_of_classes_make_their_shares_the_probabilities) {
  // Labels 0, 0, 1, 0: probabilities 3/4 and 1/4. The slopes of class 0 are
  // (1/4) sum_i (3/4 - [y_i = 0]) a_i = (1/4) (-1/4 + 3/4 - 3/4, -2/4 + 3/4) = (-1/16, 1/16).
  std::vector<int> const y{0, 0, 1, 0};
  for (double const value : {1.0, -0.5}) {
    softmax_objective const f(rows, y, 2, l1{1}, {.intercept = value});
    BOOST_TEST(lambda_max(f) == 1.0 / 16, boost::test_tools::tolerance(1e-12));
  }
  // A class without samples has the probability 0.
  softmax_objective const more(rows, y, 3, l1{1}, {.intercept = 1});
  BOOST_TEST(lambda_max(more) == 1.0 / 16, boost::test_tools::tolerance(1e-12));
  // A regularised one is a coordinate like the others: the slope is 4 (1/2 - 3/4).
  softmax_objective const all(rows, y, 2, l1{1}, {.intercept = 4, .regularize_intercept = true});
  BOOST_TEST(lambda_max(all) == 1);
}

BOOST_AUTO_TEST_CASE(weights_count_like_repeated_samples) {
  std::vector<double> const y{1, 2, 2, 1}, weights{4, 0, 0, 0};  // then the mean loss is that of row 0
  BOOST_TEST(lambda_max(linear_objective(rows, y, squared{}, l1{1}, {.weights = weights})) == 1);
}

BOOST_AUTO_TEST_CASE(a_free_intercept_is_at_its_best_when_the_slopes_are_taken) {
  // The mean of y is 1.5: the slopes are (1/4) sum_i (1.5 - y_i) a_i
  // = (1/4) (0.5 - 0.5 + 1.5, -1 - 0.5) = (0.375, -0.375), for an intercept of any value.
  std::vector<double> const y{1, 2, 2, 1};
  for (double const value : {1.0, -10.0}) {
    linear_objective const f(rows, y, squared{}, l1{1}, {.intercept = value});
    BOOST_TEST(lambda_max(with_intercept(f, false)) == 0.375, boost::test_tools::tolerance(1e-12));
  }
  // An offset changes least squares as it changes the targets.
  std::vector<double> const moved{3, 1, 2, 6}, offset{2, -1, 0, 5};
  linear_objective const shifted(rows, moved, squared{}, l1{1}, {.intercept = 2, .offset = offset});
  BOOST_TEST(lambda_max(shifted) == 0.375, boost::test_tools::tolerance(1e-12));
  // Logistic, 3 of 4 positive: the probability is 3/4, and phi' = -1/4, or 3/4 for the negative one.
  // The slopes are (1/4) (-1/4 - 1/4 + 9/4, -2/4 - 1/4) = (7/16, -3/16).
  std::vector<double> const signs{1, 1, 1, -1};
  linear_objective const f(rows, signs, logistic{}, l1{1}, {.intercept = 1});
  BOOST_TEST(lambda_max(with_intercept(f, false)) == 0.4375, boost::test_tools::tolerance(1e-12));
  // One class: the best intercept is infinite, and no feature is of any use.
  std::vector<double> const one{1, 1, 1, 1};
  linear_objective const g(rows, one, logistic{}, l1{1}, {.intercept = 1});
  BOOST_TEST(lambda_max(with_intercept(g, false)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(other_objectives_have_a_lambda_max_too) {
  // Two classes, all probabilities 1/2: the slopes of class 0 are (1/4) sum_i (1/2 - [y_i = 0]) a_i
  // = (1/8) (-1 + 1 + 3, 2 + 1) for the labels 0, 1, 1, 1, those of class 1 the opposite.
  std::vector<int> const labels{0, 1, 1, 1};
  BOOST_TEST(lambda_max(softmax_objective(rows, labels, 2, l1{1})) == 0.375);
}

BOOST_AUTO_TEST_CASE(a_geometric_sequence_has_equal_ratios) {
  BOOST_TEST(geometric_sequence(8, 0.125, 4) == (std::vector<double>{8, 4, 2, 1}),
             boost::test_tools::tolerance(1e-15) << boost::test_tools::per_element());
  BOOST_TEST(geometric_sequence(3, 0.5, 1) == std::vector<double>{3},
             boost::test_tools::per_element());
  auto const many = geometric_sequence(0.3, 1e-4, 100);
  BOOST_TEST(many.size() == 100u);
  BOOST_TEST(many.front() == 0.3);
  BOOST_TEST(many.back() == 0.3 * 1e-4);
  for (std::size_t i = 1; i != many.size(); ++i)
    BOOST_TEST(many[i] / many[i - 1] == std::pow(10.0, -4.0 / 99),
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_default_sequence_ends_higher_where_samples_are_few) {
  std::vector<double> const y{1, 2, 2, 1};
  auto const tall = lambda_sequence(linear_objective(rows, y, squared{}, l1{1}));
  BOOST_TEST(tall.size() == 100u);
  BOOST_TEST(tall.front() == 1.5);
  BOOST_TEST(tall.back() == 1.5 * 1e-4);
  dense_matrix<double> const row{{1, 2}};
  std::vector<double> const target{3};
  auto const wide = lambda_sequence(linear_objective(row, target, squared{}, l1{1}), 3);
  BOOST_TEST(wide == (std::vector<double>{6, 0.6, 0.06}),
             boost::test_tools::tolerance(1e-14) << boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(arguments_out_of_range_are_refused_by_name) {
  auto const refused = [](auto const& call, char const* field) {
    BOOST_TEST(support::error_of<invalid_settings>(call).field == field);
  };
  refused([] { (void)geometric_sequence(0, 0.1, 3); }, "max");
  refused([] { (void)geometric_sequence(support::infinity, 0.1, 3); }, "max");
  refused([] { (void)geometric_sequence(1, 1, 3); }, "min_ratio");
  refused([] { (void)geometric_sequence(1, 0, 3); }, "min_ratio");
  refused([] { (void)geometric_sequence(1, support::not_a_number, 3); }, "min_ratio");
  refused([] { (void)geometric_sequence(1e-300, 1e-300, 3); }, "min_ratio");
  refused([] { (void)geometric_sequence(1, 0.1, 0); }, "count");
  std::vector<double> const none{0, 0, 0, 0};
  refused([&] { (void)lambda_sequence(linear_objective(rows, none, squared{}, l1{1})); },
          "lambda_max(f)");
}
